package infer

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/tensor"
)

// testImageToken is one more than the tokens of text.
const testImageToken = 97

// seeingModel is testModel with a tower: 4 rows for each view.
func seeingModel(t testing.TB) *model.Model {
	t.Helper()
	cfg := *testModel(t).Config()
	cfg.VocabSize = testImageToken + 1
	v := vision.Default()
	v.ImageSize, v.PatchSize, v.Box, v.Short = 8, 4, 16, 16
	v.HiddenSize, v.IntermediateSize, v.NumLayers, v.NumHeads = 16, 32, 2, 2
	v.InitStd, v.ImageTokenID = 0.3, testImageToken
	cfg.Vision = &v
	m, err := model.New(&cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// view is a picture of the test: patches, and what a model sees in them.
type view struct {
	patches []tensor.BF16
	image   Image
}

// makeView returns the picture of a seed.
func makeView(t testing.TB, m *model.Model, seed uint64, views int) view {
	t.Helper()
	cfg := m.Config()
	r := rand.New(rand.NewPCG(seed, 11))
	rows := views * cfg.Vision.Patches()
	v := view{patches: make([]tensor.BF16, rows*cfg.Vision.PatchLen())}
	var file []byte
	for i := range v.patches {
		v.patches[i] = tensor.FromFloat32(2*r.Float32() - 1)
		file = binary.LittleEndian.AppendUint16(file, uint16(v.patches[i]))
	}
	v.image = Image{Hash: sha256.Sum256(file), Features: make([]tensor.BF16, rows*cfg.HiddenSize)}
	if err := m.See(m.NewVisionWorkspace(views), v.image.Features, v.patches); err != nil {
		t.Fatal(err)
	}
	return v
}

// insert puts a picture into a prompt, in front of position at.
func (v *view) insert(r *Request, at, d int) {
	image := v.image
	image.At = at
	n := image.rows(d)
	r.Prompt = slices.Insert(r.Prompt, at, slices.Repeat([]int32{testImageToken}, n)...)
	for i := range r.Images {
		if r.Images[i].At >= at {
			r.Images[i].At += n
		}
	}
	r.Images = append(r.Images, image)
	slices.SortFunc(r.Images, func(a, b Image) int { return a.At - b.At })
}

// randomPictures puts up to 3 of the pictures into every other prompt, in places
// that prompts have in common.
func randomPictures(r *rand.Rand, requests []Request, views []view, d int) {
	for k := range requests {
		q := &requests[k]
		q.Images = nil
		if k%2 == 0 {
			continue
		}
		for _, at := range []int{50, 30, 2}[r.IntN(3):] {
			if v := views[r.IntN(len(views))]; at < len(q.Prompt) && len(q.Prompt)+v.image.rows(d)+q.MaxTokens <= testWindow {
				v.insert(q, at, d)
			}
		}
	}
}

// TestBatchInvarianceWithPictures is TestBatchInvariance with pictures in half of
// the prompts.
func TestBatchInvarianceWithPictures(t *testing.T) {
	m := seeingModel(t)
	d := m.Config().HiddenSize
	var views []view
	for i := range 4 {
		views = append(views, makeView(t, m, uint64(i), 1+i))
	}
	r := rand.New(rand.NewPCG(17, 18))
	requests := make([]Request, 30)
	for i := range requests {
		requests[i] = randomRequest(r, testWindow-40)
	}
	randomPictures(r, requests, views, d)
	pictures := 0
	for i := range requests {
		pictures += len(requests[i].Images)
		if bias := requests[i].Sampling.Bias; bias != nil {
			bias[testImageToken] = 1000 // and yet it is never chosen
		}
	}
	if pictures < 15 {
		t.Fatalf("%d pictures", pictures)
	}
	batchInvariance(t, m, requests)
}

// TestSeeingEqualsTraining: with features that were computed before, and prompts
// cut in chunks inside of pictures, the logits are those of the training pass with
// the tower in it, to the bit.
func TestSeeingEqualsTraining(t *testing.T) {
	m := seeingModel(t)
	d := m.Config().HiddenSize
	a, b := makeView(t, m, 1, 3), makeView(t, m, 2, 1)
	r := Request{Prompt: tokens(60)}
	b.insert(&r, 60, d)
	a.insert(&r, 58, d)
	b.insert(&r, 3, d)
	a.insert(&r, 3, d) // right before the other
	const more = 20
	whole := append(slices.Clone(r.Prompt), tokens(more)...)
	ws := model.NewWorkspace(m, len(whole), true)
	batch := model.Batch{
		Tokens: whole, Spans: []model.Span{{Len: len(whole)}},
		Patches: slices.Concat(a.patches, b.patches, a.patches, b.patches),
	}
	if err := m.Forward(ws, &batch); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{}, {Chunk: 1}, {Chunk: 5}, {Chunk: 63}, {Lookup: true}, {Int8: true}} {
		mask := &recorder{text: tokens(more)}
		q := r
		q.Mask, q.MaxTokens = mask, more
		e := NewEngine(m, o)
		if _, err := e.Generate(t.Context(), q, nil); err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		same := true
		for i, got := range mask.seen {
			want := make([]float32, m.Config().VocabSize)
			if err := m.Logits(ws, []int32{int32(len(r.Prompt) - 1 + i)}, want); err != nil {
				t.Fatal(err)
			}
			same = same && slices.Equal(got, want)
		}
		if same == o.Int8 || len(mask.seen) != more {
			t.Errorf("%+v: %d rows of logits, as in training: %v", o, len(mask.seen), same)
		}
		e.Close()
	}
}

// TestPicturesInPrefixCache: a prompt shares with another what comes before the
// first picture that differs, and no more, in whole blocks and in parts, also if
// hashes differ in the last bit alone; the same pictures again are there.
func TestPicturesInPrefixCache(t *testing.T) {
	m := seeingModel(t)
	d := m.Config().HiddenSize
	a, b := makeView(t, m, 1, 4), makeView(t, m, 2, 4)
	b.image.Hash = a.image.Hash
	b.image.Hash[31] ^= 1
	prompt := func(first, second view, begin int) Request {
		r := Request{Prompt: tokens(90), MaxTokens: 4, Logprobs: true}
		second.insert(&r, begin+40, d)
		first.insert(&r, begin, d)
		return r
	}
	for _, begin := range []int{0, 5, 8, 20, 46, 48} { // runs in one block, and across two
		for _, o := range []Options{{}, {Chunk: 7}, {MaxBatch: 1, Chunk: 20}} {
			e := NewEngine(m, o)
			for i, c := range []struct {
				first, second view
				cached        int // of what is there before
			}{
				{a, a, 0},
				{a, a, 90 + 2*16 - 1},
				{a, b, begin + 40 + 16},
				{b, a, begin},
				{b, a, 90 + 2*16 - 1},
				{a, b, 90 + 2*16 - 1},
				{b, b, begin + 40 + 16},
			} {
				r := prompt(c.first, c.second, begin)
				want, _, err := ask(t.Context(), NewEngine(m, Options{}), r)
				if err != nil {
					t.Fatal(err)
				}
				got, result, err := ask(t.Context(), e, r)
				if err != nil || !got.equal(want) {
					t.Errorf("pictures at %d, request %d: %v\n got %v\nwant %v", begin, i, err, got, want)
				}
				// A part of a block of less than minShared tokens is not shared.
				least := c.cached
				if least%model.BlockTokens < minShared {
					least -= least % model.BlockTokens
				}
				if result.CachedTokens > c.cached || result.CachedTokens < least {
					t.Errorf("pictures at %d, %+v, request %d: %d tokens cached, want %d", begin, o, i, result.CachedTokens, c.cached)
				}
				idleStats(t, e)
			}
			e.Close()
		}
	}
}

// TestPicturesTogether: requests with the same text and other pictures that come
// at the same time wait for no prefix that they do not share.
func TestPicturesTogether(t *testing.T) {
	m := seeingModel(t)
	d := m.Config().HiddenSize
	e := NewEngine(m, Options{Chunk: 11})
	done := make(chan error)
	const n = 8
	for i := range n {
		v := makeView(t, m, uint64(i/2), 3)
		r := Request{Prompt: tokens(80), MaxTokens: 5, Logprobs: true}
		v.insert(&r, 4, d)
		want, _, err := ask(t.Context(), NewEngine(m, Options{}), r)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			got, _, err := ask(t.Context(), e, r)
			if err == nil && !got.equal(want) {
				err = fmt.Errorf("request %d: %v, want %v", i, got, want)
			}
			done <- err
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestGuessesNoPicture: a guess from the prompt ends where a picture begins.
func TestGuessesNoPicture(t *testing.T) {
	m := seeingModel(t)
	v := makeView(t, m, 1, 1)
	r := Request{Prompt: []int32{1, 2, 3, 4, 5, 6, 7, 8, 9}, Logprobs: true}
	v.insert(&r, 6, m.Config().HiddenSize)
	text := []int32{1, 2, 3, 4, 5, 6, 10, 11, 2, 3, 4, 5, 6, 7, 8}
	r.MaxTokens = len(text)
	mask := &recorder{text: slices.Clone(text)}
	r.Mask = mask
	e := NewEngine(m, Options{Lookup: true})
	all, _ := collect(t, e, r)
	if !slices.Equal(ids(all), text) || e.Stats().Accepted == 0 {
		t.Errorf("%v, %+v", ids(all), e.Stats())
	}
}

// TestNeverAnImageToken: whatever a request asks for, no image token is written.
func TestNeverAnImageToken(t *testing.T) {
	m := seeingModel(t)
	bias := map[int32]float32{testImageToken: 1000}
	for _, o := range []Options{{}, {Draft: m}, {Lookup: true}} {
		for _, s := range []Sampling{{Bias: bias}, {Bias: bias, Temperature: 2}, {Temperature: 100}} {
			all, _ := collect(t, NewEngine(m, o), Request{Prompt: tokens(10), MaxTokens: 40, Sampling: s})
			if len(all) != 40 || slices.Contains(ids(all), testImageToken) {
				t.Errorf("%+v: %v", s, ids(all))
			}
		}
	}
	only := &recorder{text: []int32{testImageToken}}
	if _, err := NewEngine(m, Options{}).Generate(t.Context(), Request{Prompt: tokens(3), Mask: only}, nil); !errors.Is(err, ErrNoToken) {
		t.Errorf("a mask that allows the image token alone: %v", err)
	}
}

func TestRefusedPictures(t *testing.T) {
	m := seeingModel(t)
	d := m.Config().HiddenSize
	v := makeView(t, m, 1, 1)
	good := Request{Prompt: tokens(10), MaxTokens: 1}
	v.insert(&good, 7, d)
	v.insert(&good, 2, d)
	if _, err := NewEngine(m, Options{}).Generate(t.Context(), good, nil); err != nil {
		t.Fatal(err)
	}
	change := func(f func(r *Request)) Request {
		r := good
		r.Prompt, r.Images = slices.Clone(r.Prompt), slices.Clone(r.Images)
		f(&r)
		return r
	}
	for want, r := range map[string]Request{
		"token 97 at position 1 is":    change(func(r *Request) { r.Prompt[1] = testImageToken }),
		"token 97 at position 6 is":    change(func(r *Request) { r.Prompt[6] = testImageToken }),
		"token 97 at position 15 is":   change(func(r *Request) { r.Prompt[15] = testImageToken }),
		"token 97 at position 2 is":    change(func(r *Request) { r.Images = r.Images[1:] }),
		"position 4 is another token":  change(func(r *Request) { r.Prompt[4] = 5 }),
		"picture 1 of 4 rows at":       change(func(r *Request) { r.Images[1].At = 3 }),
		"picture 1 of 4 rows at posit": change(func(r *Request) { r.Images[1].At = 15 }),
		"picture 0 of 4 rows at":       change(func(r *Request) { r.Images[0].At = -1 }),
		"picture 0 has 0 numbers":      change(func(r *Request) { r.Images[0].Features = nil }),
		"picture 1 has 127 numbers":    change(func(r *Request) { r.Images[1].Features = r.Images[1].Features[1:] }),
		"picture 0 of 4 rows":          change(func(r *Request) { slices.Reverse(r.Images); r.Images[0].At = 100 }),
	} {
		if _, err := NewEngine(m, Options{}).Generate(t.Context(), r, nil); !errors.Is(err, ErrPrompt) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := NewEngine(m, Options{}).Embed(t.Context(), good.Prompt); !errors.Is(err, ErrPrompt) {
		t.Errorf("an embedding of image tokens: %v", err)
	}
	if _, err := NewEngine(testModel(t), Options{}).Generate(t.Context(), Request{Prompt: tokens(3), Images: good.Images}, nil); !errors.Is(err, ErrPrompt) {
		t.Errorf("a model that does not see: %v", err)
	}
}
