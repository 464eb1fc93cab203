package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/train/conversation"
)

const eyesImage = 299

// eyesConfig makes 4 tokens of a view of 8 pixels, and up to 5 views of a picture.
func eyesConfig() *vision.Config {
	c := vision.Default()
	c.ImageSize, c.PatchSize, c.HiddenSize, c.IntermediateSize, c.NumLayers, c.NumHeads = 8, 4, 8, 16, 1, 2
	c.Box, c.Short, c.ImageTokenID = 16, 16, eyesImage
	return &c
}

// eyesPNG is a picture of random pixels.
func eyesPNG(r *rand.Rand, width, height int) []byte {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.Uint32())
	}
	m.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// eyesShards writes documents of which most have pictures. One may be replaced.
func eyesShards(t testing.TB, replace func(doc int, data []byte) []byte) string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 5))
	cfg := eyesConfig()
	dir := filepath.Join(t.TempDir(), "shards")
	w, err := shard.NewWriter(dir, shard.Header{TokenizerHash: strings.Repeat("0", 64), VocabSize: 300, EndOfText: 1, Masked: true, ImageToken: eyesImage})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for doc := range 40 {
		tokens := []int32{1}
		var pictures []shard.Picture
		for range r.IntN(3) {
			width, height := 1+r.IntN(20), 1+r.IntN(20)
			p := shard.Picture{Data: eyesPNG(r, width, height), Detail: uint8(r.IntN(3))}
			_, p.Tokens = cfg.Count(width, height, picture.Detail(p.Detail))
			if replace != nil {
				p.Data = replace(doc, p.Data)
			}
			pictures = append(pictures, p)
			tokens = append(tokens, slices.Repeat([]int32{eyesImage}, p.Tokens)...)
			tokens = append(tokens, int32(r.IntN(200)))
		}
		tokens = append(tokens, 7, 8)
		learned := make([]bool, len(tokens))
		learned[len(tokens)-1] = true
		if err := w.AddPictures(pictures); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(fmt.Append(nil, doc))
		if err := w.AddMasked(shard.ID(sum[:16]), tokens, learned); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// alone is what a run reads of one set.
func alone(data *dataset) *feed {
	f := newFeed([]*dataset{data}, nil)
	f.eyes = data.eyes
	return f
}

func eyesData(t testing.TB, dir string) *dataset {
	t.Helper()
	r := &Recipe{Seed: 3, Batch: eyesBatch, Data: DataSpec{HeldOut: 0.1}}
	data, err := openData(dir, r, strings.Repeat("0", 64))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { data.set.Close() })
	data.eyes = newEyes(eyesConfig())
	if err := data.eyes.check(data); err != nil {
		t.Fatal(err)
	}
	return data
}

var eyesBatch = BatchSpec{Tokens: 384, Rows: 2, Sequence: 64}

// wantPatches reads the pictures of rows one after the other.
func wantPatches(t testing.TB, data *dataset, first, last int64) (patches []tensor.BF16) {
	t.Helper()
	var row shard.Row
	for i := first; i < last; i++ {
		data.train.Row(i, &row)
		for _, ref := range row.Docs {
			if ref.Doc < 0 {
				continue
			}
			for _, p := range data.set.Pictures(nil, ref.Doc) { // no document is longer than a row
				in, err := eyesConfig().Read(p.Data, picture.Detail(p.Detail), conversation.PictureLimits())
				if err != nil {
					t.Fatal(err)
				}
				patches = append(patches, in.Patches...)
			}
		}
	}
	return patches
}

// TestEyes: a step's patches are those of its pictures in order, for any number
// of goroutines that decode, and after any other step in the same buffers.
func TestEyes(t *testing.T) {
	data := eyesData(t, eyesShards(t, nil))
	perStep := eyesBatch.rowsPerStep()
	steps := 2*data.train.Rows()/perStep + 1
	var row shard.Row
	r := rand.New(rand.NewPCG(4, 4))
	seen := 0
	for _, workers := range []int{1, 2, 3, 8} {
		data.eyes.workers = workers
		d := (&loader{batch: eyesBatch}).newStep()
		for range 12 {
			first := r.Int64N(steps) * perStep
			if err := d.fill(t.Context(), alone(data), eyesBatch, first, &row); err != nil {
				t.Fatal(err)
			}
			for i := range d.micro {
				at := first + int64(i*eyesBatch.Rows)
				want := wantPatches(t, data, at, at+int64(eyesBatch.Rows))
				if !slices.Equal(d.micro[i].batch.Patches, want) || (want == nil) != (d.micro[i].batch.Patches == nil) {
					t.Fatalf("%d goroutines: microbatch at row %d differs", workers, at)
				}
				seen += len(want)
			}
		}
	}
	if seen == 0 {
		t.Error("no picture was seen")
	}
}

// TestEyesResume: a loader that begins at any step reads what one from the
// beginning does, round the end of an epoch too.
func TestEyesResume(t *testing.T) {
	data := eyesData(t, eyesShards(t, nil))
	perStep := eyesBatch.rowsPerStep()
	steps := int(2*data.train.Rows()/perStep) + 1
	read := func(from int) (all [][]tensor.BF16) {
		l := eyesLoader(t, data, int64(from)*perStep)
		for range steps - from {
			d := l.next(t.Context())
			if d == nil || d.err != nil {
				t.Fatal(d)
			}
			for i := range d.micro {
				all = append(all, slices.Clone(d.micro[i].batch.Patches))
			}
			l.done(d)
		}
		return all
	}
	whole := read(0)
	micro := eyesBatch.Tokens / eyesBatch.Rows / eyesBatch.Sequence
	for from := range steps {
		if again := read(from); !slices.EqualFunc(again, whole[from*micro:], slices.Equal) {
			t.Errorf("from step %d on it reads other patches", from)
		}
	}
}

// eyesLoader reads on until the test ends.
func eyesLoader(t *testing.T, data *dataset, first int64) *loader {
	ctx, stop := context.WithCancel(context.Background())
	l := newLoader(ctx, alone(data), eyesBatch, first)
	t.Cleanup(func() { stop(); <-l.ended })
	return l
}

// TestEyesDamaged: a picture that cannot be decoded is an error of its step that
// names the document; the first one, whoever finds another sooner.
func TestEyesDamaged(t *testing.T) {
	dir := eyesShards(t, func(doc int, data []byte) []byte {
		if doc%9 == 4 {
			return data[:len(data)-16]
		}
		return data
	})
	data := eyesData(t, dir)
	l := eyesLoader(t, data, 0)
	for range 100 {
		d := l.next(t.Context())
		if d.err == nil {
			l.done(d)
			continue
		}
		first := d.err.Error()
		if !strings.Contains(first, "of the shards: the PNG image cannot be decoded") || !strings.Contains(first, "document ") {
			t.Errorf("%v", d.err)
		}
		var row shard.Row
		for range 10 {
			if err := d.fill(t.Context(), alone(data), eyesBatch, d.rows[0], &row); err == nil || err.Error() != first {
				t.Fatalf("%v, and then %v", first, err)
			}
		}
		return
	}
	t.Error("no damage was found")
}

// TestEyesOtherTower: shards for another tower are refused before training, and so
// are pictures of which the header is none.
func TestEyesOtherTower(t *testing.T) {
	data := eyesData(t, eyesShards(t, nil))
	other := eyesConfig()
	other.Box, other.Short = 8, 8
	if err := newEyes(other).check(data); err == nil || !strings.Contains(err.Error(), "data: a picture has") || !strings.Contains(err.Error(), data.dir) {
		t.Error(err)
	}
	bad := eyesShards(t, func(int, []byte) []byte { return []byte("no picture") })
	set, err := shard.OpenSet(bad)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if err := newEyes(eyesConfig()).check(&dataset{set: set, dir: bad, key: "stages[1].data[0]"}); err == nil || !strings.Contains(err.Error(), "stages[1].data[0]: "+bad+": picture 0 of document") {
		t.Error(err)
	}
}

// TestEyesCancel: a context that ends also ends a step's decoding.
func TestEyesCancel(t *testing.T) {
	data := eyesData(t, eyesShards(t, nil))
	ctx, stop := context.WithCancel(t.Context())
	l := newLoader(ctx, alone(data), eyesBatch, 0)
	stop()
	<-l.ended
	d := l.newStep()
	var row shard.Row
	if err := d.fill(ctx, alone(data), eyesBatch, 0, &row); err == nil {
		t.Error("it decodes all the same")
	}
}

// TestEyesPlan: the plan holds what patches and decoding take.
func TestEyesPlan(t *testing.T) {
	data := eyesData(t, eyesShards(t, nil))
	var m Memory
	data.eyes.plan(&m, &eyesBatch)
	patches := int64(4*384+128) * 48 * 2
	decoding := int64(data.eyes.workers)*27*data.eyes.pixels + 64<<20
	if m.Total != patches+decoding || data.eyes.pixels > 400 || data.eyes.pixels < 200 {
		t.Errorf("%+v, %d pixels", m, data.eyes.pixels)
	}
	(*eyes)(nil).plan(&m, &eyesBatch)
	if m.Total != patches+decoding {
		t.Error("no pictures take memory")
	}
}
