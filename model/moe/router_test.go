package moe

import (
	"math"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// newRouter returns a router over D = E inputs whose weight is the identity,
// so that inputs are logits.
func newRouter(e, k int) *Router {
	w := &nn.Param{Name: "router", Groups: 1, Out: e, In: e, Forms: nn.Product}
	w.Alloc(true)
	for i := range e {
		w.Master[i*e+i] = 1
	}
	w.Sync()
	return &Router{Weight: w, K: k, Norm: true}
}

func (r *Router) routeRows(rows ...[]float32) (*Routing, int) {
	var x []tensor.BF16
	for _, row := range rows {
		for _, v := range row {
			x = append(x, tensor.FromFloat32(v))
		}
	}
	var measure nn.Arena
	r.Take(&measure, len(rows))
	out := r.Take(nn.NewArena(measure.SizeBytes()), len(rows))
	return &out, r.Route(x, &out)
}

func TestRouteTies(t *testing.T) {
	out, bad := newRouter(5, 3).routeRows(
		[]float32{0, 0, 0, 0, 0},
		[]float32{1, 3, 2, 3, 2},
		[]float32{-200, -200, -200, 5, -200}, // the others' probabilities underflow alike
	)
	want := []int32{0, 1, 2, 1, 3, 2, 3, 0, 1}
	if bad != -1 || !slices.Equal(out.IDs, want) {
		t.Errorf("chose %v (bad token %d), want %v: ties take the lower id", out.IDs, bad, want)
	}
	for i := range 3 {
		sum := 0.0
		for _, g := range out.Gates[3*i : 3*i+3] {
			sum += float64(g)
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Errorf("gates of token %d sum to %v", i, sum)
		}
	}
	if got, want := out.Entropy[0], math.Log(5); math.Abs(float64(got)-want) > 1e-5 {
		t.Errorf("entropy of equal logits is %v, want %v", got, want)
	}
}

// TestRouteBias: the bias moves the choice and leaves the gates alone.
func TestRouteBias(t *testing.T) {
	r := newRouter(4, 2)
	row := []float32{2, 1.5, 1, 0.5}
	plain, _ := r.routeRows(row)
	p := slices.Clone(plain.Probs)
	r.Bias = []float32{0, -1, 0, 0}
	out, _ := r.routeRows(row)
	if !slices.Equal(out.IDs, []int32{0, 2}) {
		t.Errorf("chose %v", out.IDs)
	}
	if want := p[2] / (p[0] + p[2]); out.Gates[1] != want {
		t.Errorf("gate %v, want %v of the unbiased scores", out.Gates[1], want)
	}
}

// TestRouteUnderflow: a bias can choose experts whose probabilities underflow
// to zero or nearly so; gates and gradients stay finite.
func TestRouteUnderflow(t *testing.T) {
	r := newRouter(4, 2)
	r.Bias = []float32{-3, 0, 0, -1}
	rows := [][]float32{{300, 0, 0, 0}, {90, 0, 0, 0}}
	out, _ := r.routeRows(rows...)
	if !slices.Equal(out.IDs, []int32{1, 2, 1, 2}) || !slices.Equal(out.Gates, []float32{0.5, 0.5, 0.5, 0.5}) {
		t.Errorf("chose %v with gates %v", out.IDs, out.Gates)
	}
	var x []tensor.BF16
	for _, row := range rows {
		for _, v := range row {
			x = append(x, tensor.FromFloat32(v))
		}
	}
	dx, dLogits := make([]tensor.BF16, 8), make([]tensor.BF16, 8)
	r.Backward(dx, x, dLogits, []float32{1, -1, 2, 3}, out, []int32{0, 2, 2, 0}, AuxWeights{Balance: 1})
	for i := range dx {
		if !finite(dx[i].Float32()) || !finite(dLogits[i].Float32()) {
			t.Fatalf("gradients %v of the logits, %v of the inputs", dLogits, dx)
		}
	}
}

func TestRouteNonFinite(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, v := range []float32{inf, -inf, float32(math.NaN())} {
		if _, bad := newRouter(3, 1).routeRows([]float32{0, 1, 2}, []float32{0, v, 0}); bad != 1 {
			t.Errorf("%v among the logits of token 1: bad token %d", v, bad)
		}
	}
}

func TestLosses(t *testing.T) {
	r := newRouter(4, 1)
	// Everything to expert 0 with certainty: the worst balance, E.
	out, _ := r.routeRows([]float32{100, 0, 0, 0}, []float32{100, 0, 0, 0})
	balance, z, entropy := r.Losses(out, []int32{2, 0, 0, 0}, 2)
	if balance != 4 || z != 1e4 || entropy != 0 {
		t.Errorf("all to one: balance %v, z %v, entropy %v; want 4, 10000, 0", balance, z, entropy)
	}
	out, _ = r.routeRows([]float32{0, 0, 0, 0})
	balance, _, _ = r.Losses(out, []int32{1, 0, 0, 0}, 1)
	if math.Abs(balance-1) > 1e-6 {
		t.Errorf("equal probabilities: balance %v, want 1", balance)
	}
}

// TestLossesOrder: sums go over chunks of 64 tokens, in order, whatever the
// number of threads.
func TestLossesOrder(t *testing.T) {
	defer par.SetThreads(0)
	const rows = 3*lossChunk + 5
	r := newRouter(3, 1)
	logits := make([][]float32, rows)
	for i := range logits {
		logits[i] = []float32{float32(i % 7), float32(i*i%11) - 5, float32(i % 3)}
	}
	out, _ := r.routeRows(logits...)
	load := []int32{100, 50, rows - 150}
	var z, entropy float64
	var mean [3]float64
	for lo := 0; lo < rows; lo += lossChunk {
		var chunkZ, chunkEntropy float64
		var chunk [3]float64
		for i := lo; i < min(lo+lossChunk, rows); i++ {
			for e := range chunk {
				chunk[e] += float64(out.Probs[3*i+e])
			}
			chunkZ += float64(float64(out.LSE[i]) * float64(out.LSE[i]))
			chunkEntropy += float64(out.Entropy[i])
		}
		for e, v := range chunk {
			mean[e] += v
		}
		z, entropy = z+chunkZ, entropy+chunkEntropy
	}
	balance := 0.0
	for e, l := range load {
		balance += float64(mean[e] / rows * float64(l) / rows)
	}
	for _, threads := range []int{1, 3} {
		par.SetThreads(threads)
		gotBalance, gotZ, gotEntropy := r.Losses(out, load, rows)
		if gotBalance != balance*3 || gotZ != z/rows || gotEntropy != entropy/rows {
			t.Errorf("%d threads: %v, %v, %v; want %v, %v, %v", threads, gotBalance, gotZ, gotEntropy, balance*3, z/rows, entropy/rows)
		}
	}
}

// TestScratchIsSmall: what combines a token's results needs a row for each
// chunk of tokens, not for each token.
func TestScratchIsSmall(t *testing.T) {
	l := &Layer{
		Router: Router{K: 1},
		GateUp: &nn.Param{Groups: 2, Out: 2, In: 1 << 12},
		Down:   &nn.Param{Groups: 2, Out: 1 << 12, In: 1},
	}
	var arena nn.Arena
	const tokens = 64 * combineGrain
	l.TakeScratch(&arena, tokens, false)
	if got, most := arena.SizeBytes(), int64(tokens*(2<<12)*3/2); got > most { // X and a little
		t.Errorf("%d bytes, want at most %d", got, most)
	}
}
