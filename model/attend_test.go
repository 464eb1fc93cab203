package model

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// TestAttention: the weights are those of the reference, which sums in float64 in
// its own order, of a document among others, with pictures and with a window.
func TestAttention(t *testing.T) {
	for _, kind := range []string{Qwen3MoE, Mistral} {
		m := seeing(t, kind)
		b := illustrated(m.Config(), pictures...)
		ws := NewWorkspace(m, len(b.Tokens), false)
		s := b.Spans[2]
		for _, at := range []int{0, 7, s.Len - 1} {
			got := make([]float32, at+1)
			if err := m.Attention(ws, b, s.Start+at, got); err != nil {
				t.Fatal(err)
			}
			want := referenceAttention(t, m, b, 2, at)
			sum := 0.0
			for i, v := range got {
				sum += float64(v)
				// Rounding of scores of a size of some 10 to bf16 changes a weight by a
				// share of less than a tenth.
				if math.Abs(float64(v)-want[i]) > 0.1*want[i]+1e-4 {
					t.Errorf("%s: row %d attends to token %d with %v, want %v", kind, at, i, v, want[i])
				}
			}
			if math.Abs(sum-1) > 1e-5 {
				t.Errorf("%s: row %d: weights sum to %v", kind, at, sum)
			}
		}
		if ws.gaze != nil {
			t.Error("the workspace goes on looking")
		}
		for _, tt := range []struct {
			want string
			row  int
			dst  int
			b    *Batch
		}{
			{"not in the batch", len(b.Tokens), 1, b},
			{"not in the batch", -1, 1, b},
			{"room for 3 weights", s.Start, 3, b},
			{"without caches", s.Start, 1, &Batch{Tokens: b.Tokens[:1], Spans: []Span{{Len: 1, Cache: m.NewCache(CacheBF16, 1)}}}},
			{"image tokens", s.Start, 1, &Batch{Tokens: b.Tokens, Spans: b.Spans}},
		} {
			if err := m.Attention(ws, tt.b, tt.row, make([]float32, tt.dst)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v does not say %q", err, tt.want)
			}
		}
	}
}

// referenceAttention is Attention of position at of a document in float64.
func referenceAttention(t *testing.T, m *Model, b *Batch, document, at int) []float64 {
	t.Helper()
	ws := NewWorkspace(m, len(b.Tokens), true) // which keeps every layer's routes
	if _, err := m.ForwardTrain(ws, b); err != nil {
		t.Fatal(err)
	}
	r := newReference(m, ws)
	for row := range slices.Chunk(sees(t, m, b), m.cfg.HiddenSize) {
		var x []float64
		for _, v := range row {
			x = append(x, float64(v.Float32()))
		}
		r.features = append(r.features, x)
	}
	sum := make([]float64, at+1)
	r.watch = func(l int, s Span, rows [][]float64) {
		if s.Start != b.Spans[document].Start {
			return
		}
		shape := m.layers[l].attn.Shape
		first := 0
		if shape.Window > 0 {
			first = max(0, at+1-shape.Window)
		}
		for h := range shape.Heads {
			kv := shape.Heads + h/(shape.Heads/shape.KVHeads)
			scores := make([]float64, at+1-first)
			for i := range scores {
				scores[i] = dot64(rows[at][h*shape.HeadDim:][:shape.HeadDim], rows[first+i][kv*shape.HeadDim:][:shape.HeadDim]) / math.Sqrt(float64(shape.HeadDim))
			}
			p, _ := softmax64(scores)
			add64(sum[first:], p, 1/float64(shape.Heads*len(m.layers)))
		}
	}
	r.loss(b, shifted(b), nil)
	return sum
}
