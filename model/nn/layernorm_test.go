package nn

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

func random(r *rand.Rand, n int) []tensor.BF16 {
	x := make([]tensor.BF16, n)
	for i := range x {
		x[i] = tensor.FromFloat32(float32(r.NormFloat64()))
	}
	return x
}

func vectorOf(r *rand.Rand, name string, n int, forms Forms) *Param {
	p := &Param{Name: name, Groups: 1, Out: 1, In: n, Forms: forms}
	p.Alloc(true)
	for i := range p.Master {
		p.Master[i] = float32(r.NormFloat64())
	}
	p.Sync()
	return p
}

func matrixOf(r *rand.Rand, name string, out, in int) Linear {
	p := &Param{Name: name, Groups: 1, Out: out, In: in, Forms: Product, InitStd: 0.3}
	p.Alloc(true)
	p.Init(1)
	p.Sync()
	return Linear{Weight: p, Bias: vectorOf(r, name+".bias", out, Lookup)}
}

// TestLayerNorm: the layer is the kernel's row by row; gradients of weight and
// bias are sums of chunks, in order, and frozen ones change nothing else.
func TestLayerNorm(t *testing.T) {
	const rows, n = 3*sumChunk + 5, 37
	r := rand.New(rand.NewPCG(1, 1))
	norm := &LayerNorm{Weight: vectorOf(r, "w", n, NormWeight), Bias: vectorOf(r, "b", n, NormWeight), Eps: 1e-6}
	x, dy, before := random(r, rows*n), random(r, rows*n), random(r, rows*n)
	var measure Arena
	TakeMoments(&measure, rows)
	m := TakeMoments(NewArena(measure.SizeBytes()), rows)
	y := make([]tensor.BF16, rows*n)
	norm.Forward(y, x, m)
	dx, sums := slices.Clone(before), make([]float32, SumsLen(rows, 2*n))
	for i := range sums {
		sums[i] = 5 // arbitrary content
	}
	norm.Backward(dx, dy, x, m, sums)

	wantY, wantDX := make([]tensor.BF16, rows*n), slices.Clone(before)
	dw, db := make([]float32, n), make([]float32, n)
	for lo := 0; lo < rows; lo += sumChunk {
		cw, cb := make([]float32, n), make([]float32, n)
		for i := lo * n; i < min(lo+sumChunk, rows)*n; i += n {
			mean, rstd := kernel.LayerNorm(wantY[i:i+n], x[i:i+n], norm.Weight.Vector, norm.Bias.Vector, norm.Eps)
			kernel.LayerNormBackward(wantDX[i:i+n], cw, cb, dy[i:i+n], x[i:i+n], norm.Weight.Vector, mean, rstd, true)
		}
		kernel.AddF32(dw, cw)
		kernel.AddF32(db, cb)
	}
	if !slices.Equal(y, wantY) || !slices.Equal(dx, wantDX) {
		t.Error("rows differ from the kernel's")
	}
	if !slices.Equal(norm.Weight.Grad, dw) || !slices.Equal(norm.Bias.Grad, db) {
		t.Error("gradients of weight and bias differ")
	}

	for _, freeze := range [][]*Param{{norm.Weight}, {norm.Bias}, {norm.Weight, norm.Bias}} {
		kept := [][]float32{norm.Weight.Grad, norm.Bias.Grad}
		clear(norm.Weight.Grad)
		clear(norm.Bias.Grad)
		for _, p := range freeze {
			p.Grad = nil
		}
		dx = slices.Clone(before)
		norm.Backward(dx, dy, x, m, sums)
		if g := norm.Weight.Grad; !slices.Equal(dx, wantDX) || g != nil && !slices.Equal(g, dw) {
			t.Error("freezing changes another gradient")
		}
		if g := norm.Bias.Grad; g != nil && !slices.Equal(g, db) {
			t.Error("freezing changes the bias's gradient")
		}
		norm.Weight.Grad, norm.Bias.Grad = kept[0], kept[1]
	}
	again := slices.Clone(x)
	norm.Forward(again, again, Moments{})
	if !slices.Equal(again, y) {
		t.Error("in place and without moments the result differs")
	}
}

// TestMLP: a row's result is its own, H may be U without a backward pass, and
// gradients of weights do not need that of the input.
func TestMLP(t *testing.T) {
	const rows, in, f, out = 70, 20, 33, 24
	r := rand.New(rand.NewPCG(2, 2))
	m := &MLP{Up: matrixOf(r, "up", f, in), Down: matrixOf(r, "down", out, f)}
	x, dy := random(r, rows*in), random(r, rows*out)
	var measure Arena
	lay := func(a *Arena) (MLPActs, MLPScratch) { return m.Take(a, rows), m.TakeScratch(a, rows) }
	lay(&measure)
	acts, scratch := lay(NewArena(measure.SizeBytes()))
	y := make([]tensor.BF16, rows*out)
	m.Forward(y, x, &acts, &scratch)
	row := make([]tensor.BF16, out)
	alone := MLPActs{U: make([]tensor.BF16, f)}
	for i := range rows {
		m.Forward(row, x[i*in:(i+1)*in], &alone, &MLPScratch{H: alone.U})
		if !slices.Equal(row, y[i*out:(i+1)*out]) {
			t.Fatalf("row %d differs alone", i)
		}
	}
	params := []*Param{m.Up.Weight, m.Up.Bias, m.Down.Weight, m.Down.Bias}
	dx := make([]tensor.BF16, rows*in)
	m.Backward(dx, dy, x, &acts, &scratch)
	var want [][]float32
	for _, p := range params {
		want = append(want, slices.Clone(p.Grad))
		clear(p.Grad)
	}
	m.Backward(nil, dy, x, &acts, &scratch)
	for i, p := range params {
		if !slices.Equal(p.Grad, want[i]) || !slices.ContainsFunc(want[i], func(v float32) bool { return v != 0 }) {
			t.Errorf("%s: the gradient differs without that of the input, or is 0", p.Name)
		}
	}
}

// TestMLPErf: both forms of GELU are the kernel's of their name, forward and backward,
// and differ.
func TestMLPErf(t *testing.T) {
	const rows, in, f, out = 40, 20, 33, 24
	r := rand.New(rand.NewPCG(3, 2))
	m := &MLP{Up: matrixOf(r, "up", f, in), Down: matrixOf(r, "down", out, f)}
	x, dy := random(r, rows*in), random(r, rows*out)
	var measure Arena
	lay := func(a *Arena) (MLPActs, MLPScratch) { return m.Take(a, rows), m.TakeScratch(a, rows) }
	lay(&measure)
	acts, scratch := lay(NewArena(measure.SizeBytes()))
	u, h, dh := make([]tensor.BF16, rows*f), make([]tensor.BF16, rows*f), make([]tensor.BF16, rows*f)
	want, wantDX := make([]tensor.BF16, rows*out), make([]tensor.BF16, rows*in)
	var results, gradients [2][]tensor.BF16
	for i, gelu := range []struct {
		erf      bool
		forward  func(y, x []tensor.BF16)
		backward func(dx, dy, x []tensor.BF16)
	}{{false, kernel.GELU, kernel.GELUBackward}, {true, kernel.GELUErf, kernel.GELUErfBackward}} {
		m.Erf = gelu.erf
		y, dx := make([]tensor.BF16, rows*out), make([]tensor.BF16, rows*in)
		m.Forward(y, x, &acts, &scratch)
		m.Backward(dx, dy, x, &acts, &scratch)
		m.Up.Forward(u, x, nil)
		gelu.forward(h, u)
		m.Down.Forward(want, h, nil)
		m.Down.Backward(dh, dy, h, nil, scratch.Sums)
		gelu.backward(dh, dh, u)
		m.Up.Backward(wantDX, dh, x, nil, scratch.Sums)
		if !slices.Equal(y, want) || !slices.Equal(dx, wantDX) {
			t.Errorf("with Erf %v the result is not the kernel's", gelu.erf)
		}
		results[i], gradients[i] = y, dx
	}
	if slices.Equal(results[0], results[1]) || slices.Equal(gradients[0], gradients[1]) {
		t.Error("both forms are the same")
	}
}
