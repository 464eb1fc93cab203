package optim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
)

var settings = Settings{
	Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 0.1, Momentum: 0.95, Iterations: 5,
}

func random(r *rand.Rand, n int, scale float64) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(scale * r.NormFloat64())
	}
	return v
}

// testParams is one of each kind that a model has.
func testParams(seed uint64) []Param {
	r := rand.New(rand.NewPCG(seed, 1))
	params := []Param{
		{Name: "embed", Groups: 1, Out: 50, In: 24, Decay: true},
		{Name: "qkv", Groups: 1, Out: 48, In: 24, Parts: []int{24, 12, 12}, Rule: Muon, Decay: true},
		{Name: "gate_up", Groups: 3, Out: 80, In: 24, Parts: []int{40, 40}, Rule: Muon, Decay: true},
		{Name: "down", Groups: 3, Out: 24, In: 40, Rule: Muon, Scale: 0.5, Decay: true},
		{Name: "norm", Groups: 1, Out: 1, In: 24, Scale: 2},
	}
	for i := range params {
		p := &params[i]
		if p.Scale == 0 {
			p.Scale = 1
		}
		n := p.Groups * p.Out * p.In
		p.Master, p.Grad = random(r, n, 0.1), make([]float32, n)
	}
	return params
}

func fillGrads(params []Param, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 2))
	for _, p := range params {
		copy(p.Grad, random(r, len(p.Grad), 0.01))
	}
}

// TestAdamW compares with the formula of the paper in float64.
func TestAdamW(t *testing.T) {
	params := testParams(1)[4:]
	params = append(params, testParams(1)[0])
	o := New(params, settings)
	type state struct{ w, m, v float64 }
	want := make([][]state, len(params))
	for i, p := range params {
		for _, w := range p.Master {
			want[i] = append(want[i], state{w: float64(w)})
		}
	}
	const lr, gradScale = 0.01, 0.5
	for step := 1; step <= 10; step++ {
		fillGrads(params, uint64(step))
		for i, p := range params {
			for k := range want[i] {
				s := &want[i][k]
				g := gradScale * float64(p.Grad[k])
				s.m = 0.9*s.m + 0.1*g
				s.v = 0.95*s.v + 0.05*g*g
				update := s.m / (1 - math.Pow(0.9, float64(step))) / (math.Sqrt(s.v/(1-math.Pow(0.95, float64(step)))) + 1e-8)
				if p.Decay {
					update += 0.1 * s.w
				}
				s.w -= lr * p.Scale * update
			}
		}
		o.Step(lr, gradScale)
	}
	for i, p := range params {
		for k, s := range want[i] {
			if math.Abs(float64(p.Master[k])-s.w) > 1e-5 {
				t.Fatalf("%s[%d] = %v, want %v", p.Name, k, p.Master[k], s.w)
			}
		}
	}
}

// TestMuon compares one step with Newton-Schulz in float64 on each matrix, and
// its singular values with 1.
func TestMuon(t *testing.T) {
	params := testParams(3)[1:4]
	before := make([][]float32, len(params))
	o := New(params, settings)
	fillGrads(params, 9)
	grads := make([][]float32, len(params))
	for i, p := range params {
		before[i], grads[i] = slices.Clone(p.Master), slices.Clone(p.Grad)
	}
	const lr = 0.02
	o.Step(lr, 1)
	if norm := o.GradNorm(); norm != 0 {
		t.Errorf("gradients of norm %v are left", norm)
	}
	for i, p := range params {
		parts := p.Parts
		if parts == nil {
			parts = []int{p.Out}
		}
		at := 0
		for range p.Groups {
			for _, rows := range parts {
				n := rows * p.In
				size := 0.2 * math.Sqrt(float64(max(rows, p.In)))
				got := mat.NewDense(rows, p.In, nil)
				for k := range n {
					kept := float64(before[i][at+k]) * (1 - lr*p.Scale*0.1)
					got.Set(k/p.In, k%p.In, (kept-float64(p.Master[at+k]))/(lr*p.Scale*size))
				}
				checkOrthogonal(t, p.Name, got, grads[i][at:at+n])
				at += n
			}
		}
	}
}

func checkOrthogonal(t *testing.T, name string, got *mat.Dense, grad []float32) {
	t.Helper()
	rows, cols := got.Dims()
	x := mat.NewDense(rows, cols, nil)
	for k, g := range grad {
		x.Set(k/cols, k%cols, float64(g))
	}
	x.Scale(1/mat.Norm(x, 2), x)
	for range 5 {
		var a, aa, b, next mat.Dense
		a.Mul(x, x.T())
		aa.Mul(&a, &a)
		a.Scale(muonB, &a)
		aa.Scale(muonC, &aa)
		b.Add(&a, &aa)
		next.Mul(&b, x)
		x.Scale(muonA, x)
		x.Add(x, &next)
	}
	var diff mat.Dense
	diff.Sub(got, x)
	if off := mat.Norm(&diff, 2) / mat.Norm(x, 2); off > 0.03 {
		t.Errorf("%s: %.3f away from float64", name, off)
	}
	var svd mat.SVD
	if !svd.Factorize(got, mat.SVDNone) {
		t.Fatal("no singular values")
	}
	// The least ones of a square matrix may start too near 0 to get there.
	values := svd.Values(nil)
	if largest, middle := values[0], values[len(values)/2]; largest > 1.4 || middle < 0.6 {
		t.Errorf("%s: singular values up to %.3f, half of them below %.3f; want about 1", name, largest, middle)
	}
}

// TestMuonMatrices holds that a matrix is stepped the same alone, fused with
// others, and transposed.
func TestMuonMatrices(t *testing.T) {
	const rows, cols = 40, 24
	r := rand.New(rand.NewPCG(5, 5))
	w, g := random(r, 6*rows*cols, 0.1), random(r, 6*rows*cols, 0.1)
	fused := Param{Name: "fused", Groups: 3, Out: 2 * rows, In: cols, Parts: []int{rows, rows}, Rule: Muon, Scale: 1, Decay: true}
	fused.Master, fused.Grad = slices.Clone(w), slices.Clone(g)
	New([]Param{fused}, settings).Step(0.01, 1)
	for k := range 6 {
		n := rows * cols
		alone := Param{Name: "alone", Groups: 1, Out: rows, In: cols, Rule: Muon, Scale: 1, Decay: true}
		alone.Master, alone.Grad = slices.Clone(w[k*n:(k+1)*n]), slices.Clone(g[k*n:(k+1)*n])
		New([]Param{alone}, settings).Step(0.01, 1)
		if !slices.Equal(alone.Master, fused.Master[k*n:(k+1)*n]) {
			t.Errorf("matrix %d differs alone and fused", k)
		}
	}
	wide := Param{Name: "wide", Groups: 1, Out: cols, In: rows, Rule: Muon, Scale: 1, Decay: true}
	wide.Master, wide.Grad = transposed(w[:rows*cols], rows, cols), transposed(g[:rows*cols], rows, cols)
	New([]Param{wide}, settings).Step(0.01, 1)
	back := transposed(wide.Master, cols, rows)
	for k, v := range back {
		if math.Abs(float64(v-fused.Master[k])) > 1e-4 {
			t.Fatalf("weight %d: %v transposed, %v upright", k, v, fused.Master[k])
		}
	}
}

func transposed(v []float32, rows, cols int) []float32 {
	out := make([]float32, len(v))
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = v[i*cols+j]
		}
	}
	return out
}

// run takes a few steps and returns every weight and moment.
func run() []float32 {
	params := testParams(7)
	o := New(params, settings)
	a := NewAverage(params, 0.9)
	var out []float32
	for step := range 3 {
		fillGrads(params, uint64(step))
		out = append(out, float32(o.GradNorm()))
		o.Step(0.01, 0.7)
		a.Update(step + 1)
	}
	for _, p := range params {
		out = append(out, p.Master...)
	}
	for _, s := range append(o.State(), a.State()...) {
		out = append(out, s.Data...)
	}
	return out
}

// TestSameBits runs with different threads and on every kernel path.
func TestSameBits(t *testing.T) {
	defer par.SetThreads(par.Threads())
	path := kernel.CPU()
	defer func() {
		if err := kernel.SetPath(path); err != nil {
			t.Fatal(err)
		}
	}()
	want := run()
	for _, path := range kernel.Paths() {
		if err := kernel.SetPath(path); err != nil {
			t.Fatal(err)
		}
		for _, threads := range []int{1, 2, 5} {
			par.SetThreads(threads)
			if !slices.Equal(run(), want) {
				t.Errorf("%d threads on %s give other bits", threads, path)
			}
		}
	}
}

// TestRestore goes on from copied moments.
func TestRestore(t *testing.T) {
	a, b := testParams(4), testParams(4)
	oa := New(a, settings)
	for step := range 3 {
		fillGrads(a, uint64(step))
		oa.Step(0.01, 1)
	}
	ob := New(b, settings)
	ob.SetSteps(oa.Steps(), func(int) int { return oa.Steps() })
	for i, s := range oa.State() {
		copy(ob.State()[i].Data, s.Data)
	}
	for i := range a {
		copy(b[i].Master, a[i].Master)
	}
	fillGrads(a, 11)
	fillGrads(b, 11)
	oa.Step(0.01, 1)
	ob.Step(0.01, 1)
	for i := range a {
		if !slices.Equal(a[i].Master, b[i].Master) {
			t.Errorf("%s goes on differently", a[i].Name)
		}
	}
}

func TestGradNorm(t *testing.T) {
	params := testParams(1)
	o := New(params, settings)
	fillGrads(params, 1)
	sum := 0.0
	for _, p := range params {
		for _, g := range p.Grad {
			sum += float64(g) * float64(g)
		}
	}
	if got := o.GradNorm(); math.Abs(got/math.Sqrt(sum)-1) > 1e-5 {
		t.Errorf("norm %v, want %v", got, math.Sqrt(sum))
	}
	params[2].Grad[7] = float32(math.NaN())
	if got := o.GradNorm(); !math.IsNaN(got) {
		t.Errorf("norm with a NaN is %v", got)
	}
	o.ZeroGrad()
	if got := o.GradNorm(); got != 0 {
		t.Errorf("norm of zero is %v", got)
	}
}

func TestAverage(t *testing.T) {
	params := testParams(2)[4:]
	a := NewAverage(params, 0.5)
	first := slices.Clone(params[0].Master)
	for i := range params[0].Master {
		params[0].Master[i] += 1
	}
	a.Update(100)
	for i, e := range a.State()[0].Data {
		if math.Abs(float64(e-first[i])-0.5) > 1e-6 {
			t.Fatalf("average %v between %v and %v", e, first[i], params[0].Master[i])
		}
	}
	trained, average := slices.Clone(params[0].Master), slices.Clone(a.State()[0].Data)
	a.Swap()
	if !slices.Equal(params[0].Master, average) || !slices.Equal(a.State()[0].Data, trained) {
		t.Error("Swap does not exchange")
	}
	a.Swap()
	if !slices.Equal(params[0].Master, trained) {
		t.Error("a second Swap does not undo the first")
	}
}

func TestBytes(t *testing.T) {
	params := testParams(1)
	o := New(params, settings)
	var moments int64
	for _, s := range o.State() {
		moments += int64(4 * len(s.Data))
	}
	w := o.muon
	work := int64(2*len(w.x) + 2*len(w.y) + 4*len(w.a) + 4*len(w.aa) + 2*len(w.rows))
	for _, p := range w.packed {
		work += int64(2 * len(p.Data))
	}
	gotMoments, gotWork := Bytes(params)
	if gotMoments != moments || gotWork != work {
		t.Errorf("predicted %d and %d bytes, took %d and %d", gotMoments, gotWork, moments, work)
	}
}

func BenchmarkStep(b *testing.B) {
	for _, rule := range []Rule{AdamW, Muon} {
		b.Run(fmt.Sprint("rule=", rule), func(b *testing.B) {
			p := Param{Name: "w", Groups: 4, Out: 1024, In: 512, Rule: rule, Scale: 1, Decay: true, Parts: []int{1024}}
			n := p.Groups * p.Out * p.In
			p.Master, p.Grad = make([]float32, n), make([]float32, n)
			o := New([]Param{p}, settings)
			fillGrads([]Param{p}, 1)
			b.SetBytes(int64(4 * n))
			for b.Loop() {
				o.Step(0.001, 1)
			}
		})
	}
}

// TestFreeze: what is frozen stays as it is, with its moments, and has no part in
// the norm; its own count goes on when it is trained again, so that it moves as if
// the steps between had not been.
func TestFreeze(t *testing.T) {
	for _, frozen := range []int{0, len(testParams(3)) - 1} {
		a, b := testParams(3), testParams(3)
		oa, ob := New(a, settings), New(b, settings)
		steps := func(o *Optimizer, p []Param, seeds ...uint64) {
			for _, seed := range seeds {
				fillGrads(p, seed)
				o.Step(0.01, 1)
			}
		}
		steps(oa, a, 1, 2)
		steps(ob, b, 1, 2)
		oa.Freeze(func(i int) bool { return i == frozen })
		before := slices.Clone(a[frozen].Master)
		fillGrads(a, 7)
		all := ob.norm(a)
		a[frozen].Grad[0] = 1e6
		if got, want := oa.GradNorm(), all; got > want || got == 0 {
			t.Errorf("norm %v with the frozen one, %v of all", got, want)
		}
		oa.Step(0.01, 1)
		if !slices.Equal(before, a[frozen].Master) {
			t.Error("a frozen parameter moved")
		}
		clear(a[frozen].Grad)
		oa.Freeze(func(int) bool { return false })
		if oa.Steps() != 3 || oa.updates[frozen] != 2 {
			t.Errorf("%d steps, %v", oa.Steps(), oa.updates)
		}
		steps(oa, a, 3)
		steps(ob, b, 3)
		if !slices.Equal(a[frozen].Master, b[frozen].Master) {
			t.Errorf("%s moves otherwise after it was frozen", a[frozen].Name)
		}
		if other := 1 - min(frozen, 1); slices.Equal(a[other].Master, b[other].Master) {
			t.Error("the test tells nothing: others moved alike")
		}
	}
}

// norm is the norm of the gradients of other parameters of the same shapes.
func (o *Optimizer) norm(params []Param) float64 {
	other := New(params, o.settings)
	return other.GradNorm()
}
