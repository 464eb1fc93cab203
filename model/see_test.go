package model

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// seeing returns a small model that sees, of which a view is 9 tokens.
func seeing(t testing.TB, modelType string) *Model {
	t.Helper()
	return newModel(t, withTower(small(t, modelType)))
}

// somePatches returns those of so many views, no two alike.
func somePatches(c *Config, views, seed int) []tensor.BF16 {
	patches := make([]tensor.BF16, views*c.Vision.Patches()*c.Vision.PatchLen())
	for i := range patches {
		patches[i] = tensor.FromFloat32(float32((i*i*7+i*11+seed*29)%255)/127.5 - 1)
	}
	return patches
}

// illustrated makes a batch of whole documents, given as runs of text (positive
// lengths) and pictures of so many views (negative).
func illustrated(c *Config, documents ...[]int) *Batch {
	b := &Batch{}
	views := 0
	for i, runs := range documents {
		start := len(b.Tokens)
		for k, n := range runs {
			if n < 0 {
				b.Tokens = append(b.Tokens, slices.Repeat([]int32{int32(c.Vision.ImageTokenID)}, -n*c.Vision.Patches())...)
				views -= n
				continue
			}
			for _, id := range someTokens(n, c.VocabSize, 3*i+k) {
				if int(id) == c.Vision.ImageTokenID {
					id++
				}
				b.Tokens = append(b.Tokens, id)
			}
		}
		b.Spans = append(b.Spans, Span{Start: start, Len: len(b.Tokens) - start})
	}
	if views > 0 {
		b.Patches = somePatches(c, views, len(documents))
	}
	return b
}

// pictures are documents with several pictures, one at the very beginning and one
// at the end, text alone, and a picture alone.
var pictures = [][]int{{3, -1, 5, -2, 2}, {40}, {-1, 60, -1}, {-1}}

// sees computes the features of a batch's patches, one view at a time.
func sees(t testing.TB, m *Model, b *Batch) []tensor.BF16 {
	t.Helper()
	v := m.Config().Vision
	ws := m.NewVisionWorkspace(1)
	var all []tensor.BF16
	for patches := range slices.Chunk(b.Patches, v.Patches()*v.PatchLen()) {
		features := make([]tensor.BF16, v.Patches()*m.Config().HiddenSize)
		if err := m.See(ws, features, patches); err != nil {
			t.Fatal(err)
		}
		all = append(all, features...)
	}
	return all
}

// TestOneSight: the tower in a pass of training, in a pass without, and view by
// view before it, and a prompt read in pieces of any size with features that were
// seen before, all give the same logits to the bit.
func TestOneSight(t *testing.T) {
	for _, kind := range []string{Qwen3MoE, Mistral} {
		t.Run(kind, func(t *testing.T) {
			m := seeing(t, kind)
			b := illustrated(m.Config(), pictures...)
			want := allLogits(t, m, NewWorkspace(m, len(b.Tokens), true), b)
			ws := NewWorkspace(m, len(b.Tokens), false)
			mustEqual(t, "without training", allLogits(t, m, ws, b), want)
			features := sees(t, m, b)
			seen := &Batch{Tokens: b.Tokens, Spans: b.Spans, Features: features}
			mustEqual(t, "from features", allLogits(t, m, ws, seen), want)

			d, v := m.Config().HiddenSize, m.Config().VocabSize
			for _, step := range []int{1, 5, 16} {
				at := 0 // in features
				for i, s := range b.Spans {
					cache := m.NewCache(CacheBF16, s.Len)
					for lo := 0; lo < s.Len; lo += step {
						tokens := b.Tokens[s.Start+lo : s.Start+min(lo+step, s.Len)]
						n := 0
						for _, id := range tokens {
							if int(id) == m.Config().Vision.ImageTokenID {
								n++
							}
						}
						piece := &Batch{Tokens: tokens, Spans: []Span{{Len: len(tokens), Pos: lo, Cache: cache}}}
						if n > 0 {
							piece.Features = features[at*d : (at+n)*d]
						}
						at += n
						first := (s.Start + lo) * v
						mustEqual(t, fmt.Sprintf("document %d from %d by %d", i, lo, step),
							allLogits(t, m, ws, piece), want[first:first+len(tokens)*v])
					}
				}
			}
		})
	}
}

// TestTextOfSeeing: of text alone a model that sees makes the bits of its decoder
// alone, in results and gradients.
func TestTextOfSeeing(t *testing.T) {
	m := seeing(t, Qwen3MoE)
	blind := newModel(t, small(t, Qwen3MoE))
	b := illustrated(m.Config(), []int{40}, []int{9}, []int{70})
	targets := shifted(b)
	for _, each := range []*Model{m, blind} {
		if _, err := each.LossBackward(NewWorkspace(each, len(b.Tokens), true), b, targets, nil, 1); err != nil {
			t.Fatal(err)
		}
	}
	mustEqual(t, "logits", allLogits(t, m, NewWorkspace(m, len(b.Tokens), false), b), allLogits(t, blind, NewWorkspace(blind, len(b.Tokens), false), b))
	for i, p := range blind.Params() {
		mustEqual(t, p.Name, m.Params()[i].Grad, p.Grad)
	}
	for _, p := range m.Params()[len(blind.Params()):] {
		for i, g := range p.Grad {
			if g != 0 {
				t.Fatalf("%s: gradient %d is %v without a picture", p.Name, i, g)
			}
		}
	}
}

// TestSightErrors: what does not fit is an error that says how many.
func TestSightErrors(t *testing.T) {
	m := seeing(t, Qwen3MoE)
	c := m.Config()
	whole := illustrated(c, []int{3, -1, 5, -2, 2})
	d := c.HiddenSize
	for _, tt := range []struct {
		name, want string
		change     func(b *Batch)
	}{
		{"nothing to see", "27 image tokens (5) and 0 rows", func(b *Batch) { b.Patches = nil }},
		{"a view less", "27 image tokens (5) and 18 rows", func(b *Batch) { b.Patches = b.Patches[:len(b.Patches)/3*2] }},
		{"a part of a view", "no whole views", func(b *Batch) { b.Patches = b.Patches[1:] }},
		{"a row less", "27 image tokens (5) and 26 rows", func(b *Batch) { b.Patches, b.Features = nil, make([]tensor.BF16, 26*d) }},
		{"a part of a row", "no whole rows", func(b *Batch) { b.Patches, b.Features = nil, make([]tensor.BF16, 26*d+1) }},
		{"both", "not both", func(b *Batch) { b.Features = make([]tensor.BF16, 27*d) }},
		{"no place for it", "0 image tokens (5) and 27 rows", func(b *Batch) { b.Tokens = someTokens(len(b.Tokens), 5, 1) }},
	} {
		b := *whole
		tt.change(&b)
		for _, train := range []bool{false, true} {
			if err := m.Forward(NewWorkspace(m, len(b.Tokens), train), &b); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: error %v does not say %q", tt.name, err, tt.want)
			}
		}
	}
	blind := newModel(t, small(t, Qwen3MoE))
	if err := blind.Forward(NewWorkspace(blind, 64, false), whole); err == nil || !strings.Contains(err.Error(), "cannot see") {
		t.Errorf("a model that cannot see: %v", err)
	}
	if err := blind.See(nil, nil, whole.Patches); err == nil || !strings.Contains(err.Error(), "cannot see") {
		t.Errorf("a model that cannot see: %v", err)
	}
	ws := m.NewVisionWorkspace(2)
	for _, tt := range []struct {
		want              string
		features, patches []tensor.BF16
	}{
		{"no whole views", nil, whole.Patches[1:]},
		{"no patches", nil, nil},
		{"3 views are more than the 2", make([]tensor.BF16, 27*d), whole.Patches},
		{"room for 1 numbers", make([]tensor.BF16, 1), whole.Patches[:len(whole.Patches)/3]},
	} {
		if err := m.See(ws, tt.features, tt.patches); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v does not say %q", err, tt.want)
		}
	}
}

// TestSightSaved: a model that sees is the same after it was saved and read, for
// inference, within less memory than it takes, and for training.
func TestSightSaved(t *testing.T) {
	m := seeing(t, Qwen3MoE)
	b := illustrated(m.Config(), pictures...)
	want := allLogits(t, m, NewWorkspace(m, len(b.Tokens), false), b)
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir, Provenance{Version: "test"}, nil); err != nil {
		t.Fatal(err)
	}
	plan, err := PlanWeights(dir, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	for name, load := range map[string]func() (*Model, error){
		"inference": func() (*Model, error) { return Load(dir, false) },
		"within":    func() (*Model, error) { return LoadWithin(dir, plan.Least) },
		"training":  func() (*Model, error) { return Load(dir, true) },
	} {
		got, err := load()
		if err != nil {
			t.Fatal(name, err)
		}
		mustEqual(t, name, allLogits(t, got, NewWorkspace(got, len(b.Tokens), false), b), want)
		seen := &Batch{Tokens: b.Tokens, Spans: b.Spans, Features: sees(t, got, b)}
		mustEqual(t, name+", features", allLogits(t, got, NewWorkspace(got, len(b.Tokens), false), seen), want)
		if err := got.Close(); err != nil {
			t.Error(name, err)
		}
	}
	if err := CheckGGUF(m.Config()); err == nil || !strings.HasPrefix(err.Error(), "vision_config: ") ||
		!strings.Contains(err.Error(), "'polymath convert SRC DIR' writes it as a directory") {
		t.Errorf("as GGUF: %v", err)
	}
}

// TestSightTogether: goroutines see and read at the same time, each in its own
// workspaces, and get what one gets alone.
func TestSightTogether(t *testing.T) {
	m := seeing(t, Qwen3MoE)
	b := illustrated(m.Config(), pictures...)
	want := allLogits(t, m, NewWorkspace(m, len(b.Tokens), false), b)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			d := m.Config().HiddenSize
			features := make([]tensor.BF16, len(b.Patches)/m.Config().Vision.PatchLen()*d)
			if err := m.See(m.NewVisionWorkspace(6), features, b.Patches); err != nil {
				t.Error(err)
				return
			}
			ws := NewWorkspace(m, len(b.Tokens), false)
			if err := m.Forward(ws, &Batch{Tokens: b.Tokens, Spans: b.Spans, Features: features}); err != nil {
				t.Error(err)
				return
			}
			last := make([]float32, m.Config().VocabSize)
			if err := m.Logits(ws, []int32{int32(len(b.Tokens) - 1)}, last); err != nil {
				t.Error(err)
				return
			}
			if !slices.Equal(last, want[len(want)-len(last):]) {
				t.Error("other logits together than alone")
			}
		})
	}
	wait.Wait()
}
