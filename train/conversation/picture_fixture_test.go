package conversation

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

var seeingTokenizer = sync.OnceValue(func() *tokenizer.Tokenizer {
	t, err := testTokenizer().WithSpecial(chat.ImageToken)
	if err != nil {
		panic(err)
	}
	return t
})

// testVision makes 4 tokens of a view of 8 pixels, and up to 5 views of a picture.
func testVision() *vision.Config {
	c := vision.Default()
	c.ImageSize, c.PatchSize, c.HiddenSize, c.IntermediateSize, c.NumLayers, c.NumHeads = 8, 4, 8, 16, 1, 2
	c.Box, c.Short = 16, 16
	id, _ := seeingTokenizer().Special(chat.ImageToken)
	c.ImageTokenID = int(id)
	return &c
}

func seeingOptions(most int) Options {
	t := seeingTokenizer()
	return Options{
		Encoder: Encoder{Tokenizer: t, Template: chat.Default(), Begin: []int32{t.EOS()}, End: t.EOS()},
		Vision:  testVision(), MaxTokens: most, TooLong: Cut,
	}
}

// testPNG is a picture of one color.
func testPNG(side int, shade uint8) []byte {
	m := image.NewGray(image.Rect(0, 0, side, side))
	for i := range m.Pix {
		m.Pix[i] = shade
	}
	m.SetGray(0, 0, color.Gray{shade + 1})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func dataURL(data []byte) string {
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(data)
}

// prepared is what became of objects: the shards and the report.
func prepare(t *testing.T, dir string, o Options, objects ...string) (*shard.Set, *Report) {
	t.Helper()
	path := filepath.Join(dir, "data.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(objects, "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	r, err := Prepare([]string{path}, out, o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := shard.OpenSet(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, r
}

// spelled writes a document with [n] for a run of n image tokens.
func spelled(s *shard.Set, doc int64) string {
	var b strings.Builder
	run := 0
	for _, id := range append(s.Doc(nil, doc), -1) {
		if int(id) == testVision().ImageTokenID {
			run++
			continue
		}
		if run > 0 {
			fmt.Fprintf(&b, "[%d]", run)
			run = 0
		}
		if id >= 0 {
			b.WriteString(seeingTokenizer().Decode([]int32{id}))
		}
	}
	return b.String()
}

// checkMask: no image token is a target, in any row.
func checkMask(t *testing.T, s *shard.Set) {
	t.Helper()
	o := shard.NewOrder(s, 200, 1)
	var row shard.Row
	for i := range o.Rows() {
		o.Row(i, &row)
		if slices.Contains(row.Targets, int32(testVision().ImageTokenID)) {
			t.Error("an image token is a target")
		}
	}
}
