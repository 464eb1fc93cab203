package kernel

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// caller is a user of the package with its own sizes and arrays.
type caller struct {
	w          *Packed
	x, y, dy   []tensor.BF16
	dw         []float32
	shape      AttentionShape
	spans      []Span
	qkv, o, do []tensor.BF16
	dqkv       []tensor.BF16
	lse        []float32
}

func newCaller(seed uint64) *caller {
	r := rand.New(rand.NewPCG(seed, 1))
	rows, n, k := 30+int(seed)*40, 70+int(seed), 50+30*int(seed)
	c := &caller{w: NewPacked(1, k, n), shape: shaped(attentionShapes[seed%uint64(len(attentionShapes))])}
	c.w.PackBF16(0, drawn(r, n*k, inputs[0].draw))
	c.x, c.dy, c.y = drawn(r, rows*k, inputs[0].draw), drawn(r, rows*n, inputs[0].draw), make([]tensor.BF16, rows*n)
	c.dw = make([]float32, n*k)
	spans, tokens := documents(c.shape, 20+50*int(seed), 3)
	outputs := tokens * c.shape.Heads * c.shape.HeadDim
	c.spans, c.qkv, c.do = spans, drawn(r, tokens*c.shape.width(), inputs[0].draw), drawn(r, outputs, inputs[0].draw)
	c.o, c.dqkv, c.lse = make([]tensor.BF16, outputs), make([]tensor.BF16, len(c.qkv)), make([]float32, tokens*c.shape.Heads)
	return c
}

func (c *caller) run() {
	clear(c.dw)
	MatMul(c.y, c.x, c.w, nil)
	MatMulGrad(c.dw, c.dy, c.x, c.w.N, c.w.K, nil)
	c.shape.Append(c.qkv, c.spans)
	c.shape.Forward(c.o, c.lse, c.qkv, c.spans)
	c.shape.Backward(c.dqkv, c.do, c.o, c.qkv, c.lse, c.spans)
}

// TestConcurrentCallers compares goroutines that call at the same time, while
// the number of threads changes, with one after the other.
func TestConcurrentCallers(t *testing.T) {
	defer par.SetThreads(0)
	var want []*caller
	for seed := range uint64(4) {
		c := newCaller(seed)
		c.run()
		want = append(want, c)
	}
	got := make([]*caller, len(want))
	var callers, setter sync.WaitGroup
	done := make(chan struct{})
	setter.Go(func() {
		for n := 1; ; n = n%5 + 1 {
			select {
			case <-done:
				return
			default:
				par.SetThreads(n)
			}
		}
	})
	for seed := range got {
		callers.Go(func() {
			got[seed] = newCaller(uint64(seed))
			for range 5 {
				got[seed].run()
			}
		})
	}
	callers.Wait()
	close(done)
	setter.Wait()
	for seed, c := range got {
		what := fmt.Sprint("caller ", seed)
		wantBF16(t, what, c.y, want[seed].y)
		wantF32(t, what, c.dw, want[seed].dw)
		wantBF16(t, what, c.o, want[seed].o)
		wantF32(t, what, c.lse, want[seed].lse)
		wantBF16(t, what, c.dqkv, want[seed].dqkv)
	}
}
