package cli

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/train"
)

// noise is a PNG file that does not pack.
func noise(t *testing.T, side int) []byte {
	t.Helper()
	p := image.NewNRGBA(image.Rect(0, 0, side, side))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range p.Pix {
		p.Pix[i] = uint8(random.IntN(256))
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestEstimatePictures: pictures count as what the tower makes of them, whether the
// objects have their bytes or name their files; a step follows from that.
func TestEstimatePictures(t *testing.T) {
	tower := vision.Default()
	tower.ImageSize, tower.PatchSize, tower.Box, tower.Short = 16, 4, 32, 32
	const view = 16        // tokens: 4 by 4 patches
	const tiled = 5 * view // of 32 by 32 pixels: the overview and four tiles
	dir, data := t.TempDir(), noise(t, 64)
	if err := os.WriteFile(filepath.Join(dir, "noise.png"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	object := func(url string) string {
		return fmt.Sprintf(`{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":%q}}]},{"role":"assistant","content":"Noise."}]}`, url)
	}
	const header = "data:image/png;base64,"
	inline := object(header + base64.StdEncoding.EncodeToString(data))
	for _, c := range []struct {
		name, line  string
		bytes, seen int64
		batch       int
		tower       *vision.Config
	}{
		{"inline", inline, int64(len(object(header))), tiled, 0, &tower},
		{"named", object("noise.png"), int64(len(object("noise.png"))), tiled, 0, &tower},
		{"missing", object("none.png"), int64(len(object("none.png"))), view, 0, &tower},
		{"no object", `{"text": 1}`, 11, 0, 0, &tower},
		{"blind", object("noise.png"), int64(len(object("noise.png")) + 1), 0, 0, nil},
		{"given", inline, int64(len(inline) + 1), 0, 512, &tower},
	} {
		path := filepath.Join(dir, "data.jsonl")
		if err := os.WriteFile(path, []byte(c.line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		o := finetuneFlags{batch: c.batch}
		tokens, examples, err := o.chooseData(&train.DataSpec{}, path, c.tower)
		if want := c.bytes/jsonBytesPerToken + c.seen; err != nil || examples != 1 || tokens != want {
			t.Errorf("%s: %d examples of %d tokens, want %d; %v", c.name, examples, tokens, want, err)
		}
	}
}
