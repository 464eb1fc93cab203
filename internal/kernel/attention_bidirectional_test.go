package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// naive is the weighed sum of the outputs of bidirectional attention with one
// head over n rows.
func naive(qkv, do []float64, n, dim int, scale float64) (total float64) {
	for i := range n {
		weights, sum := make([]float64, n), 0.0
		for k := range n {
			for d := range dim {
				weights[k] += qkv[i*3*dim+d] * qkv[k*3*dim+dim+d] * scale
			}
			weights[k] = math.Exp(weights[k])
			sum += weights[k]
		}
		for k := range n {
			for d := range dim {
				total += do[i*dim+d] * weights[k] / sum * qkv[k*3*dim+2*dim+d]
			}
		}
	}
	return total
}

// The gradient is that of finite differences, but for a few roundings to
// bfloat16.
func TestBidirectionalDerivative(t *testing.T) {
	const dim = 3
	s := shaped(AttentionShape{Heads: 1, KVHeads: 1, HeadDim: dim, Bidirectional: true})
	for _, n := range []int{1, 2, 7, 66} {
		r := rand.New(rand.NewPCG(6, uint64(n)))
		spans, _ := documents(s, n)
		qkv, do := randomBF16(r, n*3*dim), randomBF16(r, n*dim)
		o, lse, dqkv := make([]tensor.BF16, n*dim), make([]float32, n), make([]tensor.BF16, n*3*dim)
		s.Append(qkv, spans)
		s.Forward(o, lse, qkv, spans)
		s.Backward(dqkv, do, o, qkv, lse, spans)
		do64 := toFloat64(do)
		want := gradient(func(x []float64) float64 { return naive(x, do64, n, dim, float64(s.Scale)) }, toFloat64(qkv))
		if e := meanError(dqkv, want); e > 4*0x1p-9/1.7320508 {
			t.Errorf("%d rows: gradient is off by %g", n, e)
		}
	}
}

// TestAttentionRagged takes documents of many lengths that end anywhere in a
// block, in a batch and alone, after a batch that left nothing but NaNs behind.
func TestAttentionRagged(t *testing.T) {
	defer par.SetThreads(0)
	lengths := []int{16, 1, 33, 15, 32, 49, 64, 65, 97}
	for _, s := range []AttentionShape{
		{Heads: 2, KVHeads: 2, HeadDim: 32, Bidirectional: true},
		{Heads: 4, KVHeads: 2, HeadDim: 20, Bidirectional: true},
		{Heads: 1, KVHeads: 1, HeadDim: 16, Window: 40},
	} {
		s = shaped(s)
		c, poison := newAttentionCase(s, lengths...), newAttentionCase(s, 130)
		eachPath(t, func(t *testing.T) {
			for _, threads := range []int{1, 3} {
				par.SetThreads(threads)
				poison.poison()
				c.run(c.spans)
				c.check(t, fmt.Sprintf("%+v, %d threads", s, threads))
			}
			for i := range c.spans { // each alone
				c.run(c.spans[i : i+1])
			}
			c.check(t, fmt.Sprintf("%+v, one by one", s))
		})
	}
}

// newAttentionCase draws a batch and computes what is to come of it.
func newAttentionCase(s AttentionShape, lengths ...int) *attentionCase {
	c := &attentionCase{shape: s}
	spans, rows := documents(s, lengths...)
	r := rand.New(rand.NewPCG(7, 7))
	c.spans = spans
	c.qkv = drawn(r, rows*s.width(), inputs[0].draw)
	c.do = drawn(r, rows*s.Heads*s.HeadDim, inputs[0].draw)
	c.o, c.lse = attentionPlain(s, c.qkv, spans)
	c.dqkv = attentionGradPlain(s, c.do, c.o, c.qkv, c.lse, spans)
	c.gotO, c.gotLSE, c.gotDQ = make([]tensor.BF16, len(c.o)), make([]float32, len(c.lse)), make([]tensor.BF16, len(c.qkv))
	return c
}

// run computes what comes of some of the spans.
func (c *attentionCase) run(spans []Span) {
	c.shape.Append(c.qkv, spans)
	c.shape.Forward(c.gotO, c.gotLSE, c.qkv, spans)
	c.shape.Backward(c.gotDQ, c.do, c.gotO, c.qkv, c.gotLSE, spans)
}

// check compares, and forgets what came.
func (c *attentionCase) check(t *testing.T, name string) {
	t.Helper()
	wantBF16(t, name, c.gotO, c.o)
	wantF32(t, name+" lse", c.gotLSE, c.lse)
	wantBF16(t, name+" gradient", c.gotDQ, c.dqkv)
	clear(c.gotO)
	clear(c.gotLSE)
	clear(c.gotDQ)
}

// poison runs the case with NaNs.
func (c *attentionCase) poison() {
	for i := range c.qkv {
		c.qkv[i] = 0x7fc0
	}
	c.run(c.spans)
}

func TestBidirectionalNeedsDocuments(t *testing.T) {
	for name, f := range map[string]func(s AttentionShape, qkv []tensor.BF16, spans []Span){
		"a window":     func(s AttentionShape, qkv []tensor.BF16, spans []Span) { s.Window = 3; s.Append(qkv, spans) },
		"a later part": func(s AttentionShape, qkv []tensor.BF16, spans []Span) { spans[0].Pos = 1; s.Append(qkv, spans) },
		"missing blocks": func(s AttentionShape, qkv []tensor.BF16, spans []Span) {
			spans[0].Blocks = spans[0].Blocks[:1]
			s.Forward(make([]tensor.BF16, len(qkv)/3), nil, qkv, spans)
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			s := shaped(AttentionShape{Heads: 1, KVHeads: 1, HeadDim: 8, Bidirectional: true})
			spans, rows := documents(s, 70)
			f(s, make([]tensor.BF16, rows*s.width()), spans)
		})
	}
}
