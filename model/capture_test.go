package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestWalk: layer by layer the residual stream is Forward's to the bit, and
// every product shows the rows that it meets.
func TestWalk(t *testing.T) {
	for _, kind := range modelTypes {
		c := small(t, kind)
		m := newModel(t, c)
		a, b := documents(c.VocabSize, 70, 5), documents(c.VocabSize, 33)
		w, err := m.NewWalk([]Batch{*a, *b})
		if err != nil {
			t.Fatal(err)
		}
		rows := map[*Param]int{}
		for w.Layer() < c.NumLayers {
			err := w.Look(func(p *Param, x []tensor.BF16, offsets []int32) {
				if offsets != nil && int(offsets[p.Groups])*p.In != len(x) {
					t.Errorf("%s: %d values, offsets %v", p.Name, len(x), offsets)
				}
				rows[p] += len(x) / p.In
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range m.LayerParams(w.Layer()) {
				want := 70 + 5 + 33
				if p.Groups > 1 {
					want *= c.NumExpertsPerTok
				}
				if p.W == nil {
					want = 0
				}
				if rows[p] != want || p.Pager != nil {
					t.Errorf("%s %s: %d rows, want %d; pager %v", kind, p.Name, rows[p], want, p.Pager)
				}
			}
			if err := w.Step(); err != nil {
				t.Fatal(err)
			}
		}
		for i, batch := range []*Batch{a, b} {
			ws := NewWorkspace(m, len(batch.Tokens), false)
			if err := m.Forward(ws, batch); err != nil {
				t.Fatal(err)
			}
			got := make([]tensor.BF16, len(w.x[i]))
			m.norm.Forward(got, w.x[i], nil)
			for j, v := range m.Hidden(ws) {
				if v != got[j] {
					t.Fatalf("%s: hidden value %d of batch %d differs", kind, j, i)
				}
			}
		}
	}
	c := small(t, Qwen3)
	if _, err := newModel(t, c).NewWalk([]Batch{{Tokens: []int32{int32(c.VocabSize)}, Spans: []Span{{Len: 1}}}}); err == nil {
		t.Error("a token outside of the vocabulary was accepted")
	}
}

// TestFolds: with any scales the folded model is the same function, in float64
// and for every model type, grouped heads, biases and experts included.
func TestFolds(t *testing.T) {
	for _, kind := range modelTypes {
		c := small(t, kind)
		if kind == Qwen3MoE {
			c.SharedExpertSize = 20
		}
		m := newModel(t, c)
		docs := documents(c.VocabSize, 21, 9)
		targets := shifted(docs)
		ws := NewWorkspace(m, len(docs.Tokens), false)
		if err := m.Forward(ws, docs); err != nil {
			t.Fatal(err)
		}
		ref := newReference(m, ws)
		want := ref.loss(docs, targets, nil)
		rng := rand.New(rand.NewPCG(1, 2))
		changed := map[*Param]bool{}
		for l := range c.NumLayers {
			for _, f := range m.Folds(l) {
				scales := make([]float32, f.Groups*f.Width)
				for i := range scales {
					scales[i] = float32(math.Exp(rng.NormFloat64()))
				}
				for _, p := range m.LayerParams(l) {
					foldReference(&f, p, ref.weights[p], scales, changed)
				}
			}
		}
		// Each weight takes two roundings to fp32 for each of its folds.
		if got := ref.loss(docs, targets, nil); math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: loss %v, folded %v", kind, want, got)
		}
		for _, p := range m.params[1 : len(m.params)-2] { // embedding, final norm and head take no part
			plain := p.Forms == 0 || p == m.norm.Weight || p == m.head.Weight
			for _, lay := range m.layers {
				plain = plain || lay.attn.QNorm != nil && (p == lay.attn.QNorm.Weight || p == lay.attn.KNorm.Weight)
			}
			if !plain && !changed[p] {
				t.Errorf("%s: no fold changes %s", kind, p.Name)
			}
		}
	}
}

// foldReference applies f to p's weights in float64 storage.
func foldReference(f *Fold, p *Param, w []float64, scales []float32, changed map[*Param]bool) {
	for g := range p.Groups {
		n := p.GroupLen()
		group := make([]float32, n)
		for i := range group {
			group[i] = float32(w[g*n+i])
		}
		f.Apply(p, g, group, scales)
		for i, v := range group {
			if w[g*n+i] != float64(v) {
				changed[p] = true
			}
			w[g*n+i] = float64(v)
		}
	}
}
