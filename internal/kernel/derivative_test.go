package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

func randomBF16(r *rand.Rand, n int) []tensor.BF16 {
	x := make([]tensor.BF16, n)
	for i := range x {
		x[i] = tensor.FromFloat32(float32(r.NormFloat64()))
	}
	return x
}

func toFloat64(x []tensor.BF16) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v.Float32())
	}
	return y
}

// gradient returns the derivative of f at x by central differences of fourth
// order, exact to about 1e-11 for the functions here.
func gradient(f func(x []float64) float64, x []float64) []float64 {
	g := make([]float64, len(x))
	for i, v := range x {
		const h = 1e-3
		at := func(d float64) float64 {
			x[i] = v + d
			defer func() { x[i] = v }()
			return f(x)
		}
		g[i] = (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
	}
	return g
}

// closeBF16 checks values rounded to bf16 once, from fp32 that is within a few
// units of truth, plus an absolute error where terms of size one cancel.
func closeBF16(t *testing.T, what string, got []tensor.BF16, want []float64) {
	t.Helper()
	for i, v := range got {
		closeTo(t, what, i, v, want[i], 1e-5)
	}
}

// closeTo checks a value rounded to bf16, with an error of slack before that.
func closeTo(t *testing.T, what string, i int, got tensor.BF16, want, slack float64) {
	t.Helper()
	if d := math.Abs(float64(got.Float32()) - want); d > 0x1.01p-8*math.Abs(want)+2*slack {
		t.Errorf("%s[%d] = %g, want %g", what, i, got.Float32(), want)
	}
}

func TestRMSNormDerivative(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	const n, eps = 37, 1e-5
	x, dy, old := randomBF16(r, n), randomBF16(r, n), randomBF16(r, n)
	w, dw := make([]float32, n), make([]float32, n)
	for i := range w {
		w[i], dw[i] = float32(r.NormFloat64()), float32(i)
	}
	loss := func(x, w []float64) (l float64) {
		ss := 0.0
		for _, v := range x {
			ss += v * v
		}
		rstd := 1 / math.Sqrt(ss/n+eps)
		for i, v := range x {
			l += float64(dy[i].Float32()) * w[i] * v * rstd
		}
		return l
	}
	w64 := make([]float64, n)
	for i, v := range w {
		w64[i] = float64(v)
	}
	wantX := gradient(func(x []float64) float64 { return loss(x, w64) }, toFloat64(x))
	wantW := gradient(func(w []float64) float64 { return loss(toFloat64(x), w) }, w64)

	y, dx := make([]tensor.BF16, n), make([]tensor.BF16, n)
	rstd := RMSNorm(y, x, w, eps)
	RMSNormBackward(dx, dw, dy, x, w, rstd, false)
	closeBF16(t, "dx", dx, wantX)
	for i := range dw {
		if d := math.Abs(float64(dw[i]) - float64(i) - wantW[i]); d > 1e-5 {
			t.Errorf("dw[%d] = %g, want %g", i, dw[i]-float32(i), wantW[i])
		}
	}
	sum := append([]tensor.BF16(nil), old...)
	RMSNormBackward(sum, nil, dy, x, w, rstd, true)
	for i := range wantX {
		wantX[i] += float64(old[i].Float32())
	}
	closeBF16(t, "accumulated dx", sum, wantX)
}

func TestSwiGLUDerivative(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	const n = 53
	gate, up, dh := randomBF16(r, n), randomBF16(r, n), randomBF16(r, n)
	gate[0], gate[1], gate[2] = tensor.FromFloat32(30), tensor.FromFloat32(-30), 0
	value := func(g, u float64) float64 { return g / (1 + math.Exp(-g)) * u }
	loss := func(g, u []float64) (l float64) {
		for i := range g {
			l += float64(dh[i].Float32()) * value(g[i], u[i])
		}
		return l
	}
	h, dgate, dup := make([]tensor.BF16, n), make([]tensor.BF16, n), make([]tensor.BF16, n)
	SwiGLU(h, gate, up)
	SwiGLUBackward(dgate, dup, dh, gate, up)
	g64, u64 := toFloat64(gate), toFloat64(up)
	want := make([]float64, n)
	for i := range want {
		want[i] = value(g64[i], u64[i])
	}
	closeBF16(t, "h", h, want)
	closeBF16(t, "dgate", dgate, gradient(func(g []float64) float64 { return loss(g, u64) }, g64))
	closeBF16(t, "dup", dup, gradient(func(u []float64) float64 { return loss(g64, u) }, u64))
}

func TestRotateDerivative(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	const d = 42
	x := randomBF16(r, d)
	cos, sin, back := make([]float32, d/2), make([]float32, d/2), make([]float32, d/2)
	want := make([]float64, d)
	for i := range cos {
		s, c := SinCos(r.Float64() * 100)
		cos[i], sin[i], back[i] = float32(c), float32(s), -float32(s)
		a, b := float64(x[i].Float32()), float64(x[i+d/2].Float32())
		want[i], want[i+d/2] = a*c-b*s, b*c+a*s
	}
	y := append([]tensor.BF16(nil), x...)
	rotate(y, cos, sin)
	closeBF16(t, "y", y, want)
	// The rotation is orthogonal: its transpose, the derivative, is its inverse.
	rotate(y, cos, back)
	for i := range y {
		if math.Abs(float64(y[i].Float32()-x[i].Float32())) > 0x1p-6 {
			t.Errorf("turned forth and back x[%d] = %g, was %g", i, y[i].Float32(), x[i].Float32())
		}
	}
}

func TestCrossEntropyDerivative(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	const n, target, scale, zscale = 61, 7, 0.5, 0.01
	logits, x64 := make([]float32, n), make([]float64, n)
	for i := range logits {
		logits[i] = float32(r.NormFloat64() * 3)
		x64[i] = float64(logits[i])
	}
	loss := func(x []float64) float64 {
		s := 0.0
		for _, v := range x {
			s += math.Exp(v)
		}
		lse := math.Log(s)
		return scale*(lse-x[target]) + zscale*lse*lse
	}
	dx := make([]tensor.BF16, n)
	CrossEntropyGrad(dx, logits, target, LogSumExp(logits), scale, zscale)
	closeBF16(t, "dx", dx, gradient(loss, x64))

	const slope = -0.7
	entropy := func(x []float64) float64 {
		s, m := 0.0, 0.0
		for _, v := range x {
			s += math.Exp(v)
			m += v * math.Exp(v)
		}
		return math.Log(s) - m/s
	}
	if got, want := float64(Entropy(logits, LogSumExp(logits))), entropy(x64); !(math.Abs(got-want) <= 1e-5) {
		t.Errorf("entropy %v, want %v", got, want)
	}
	EntropyGrad(dx, logits, target, LogSumExp(logits), scale, zscale, slope)
	closeBF16(t, "dx with entropy", dx, gradient(func(x []float64) float64 { return loss(x) + slope*entropy(x) }, x64))
}

// TestEntropyEdges: of n equal logits the entropy is log(n), whatever their
// number; of one certain token it is 0 and so is its slope; a logit of -Inf adds
// nothing, and a NaN is not hidden.
func TestEntropyEdges(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, n := range []int{1, 15, 16, 255, 256, 257, 1000} {
		x := make([]float32, n+1)
		x[n] = -inf
		if got, want := float64(Entropy(x, LogSumExp(x))), math.Log(float64(n)); !(math.Abs(got-want) <= 1e-5) {
			t.Errorf("%d equal logits: %v, want %v", n, got, want)
		}
	}
	certain := []float32{500, 0, -inf, -500}
	dx := make([]tensor.BF16, len(certain))
	EntropyGrad(dx, certain, 0, LogSumExp(certain), 0, 0, 3)
	if h := Entropy(certain, LogSumExp(certain)); h != 0 {
		t.Errorf("certain: %v", h)
	}
	for i, v := range dx {
		if v.Float32() != 0 {
			t.Errorf("slope %d of a certain token is %v", i, v.Float32())
		}
	}
	EntropyGrad(dx, certain, 2, LogSumExp(certain), 2, 0, 3)
	if got := dx[2].Float32(); got != -2 {
		t.Errorf("an impossible target's slope is %v", got)
	}
	certain[1] = float32(math.NaN())
	if h := Entropy(certain, LogSumExp(certain)); h == h {
		t.Errorf("of a NaN: %v", h)
	}
}

func TestSoftmax(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	for _, n := range []int{1, 2, 16, 17, 100} {
		x, p := make([]float32, n), make([]float32, n)
		sum := 0.0
		for i := range x {
			x[i] = float32(r.NormFloat64()*4) + 500
			sum += math.Exp(float64(x[i]) - 500)
		}
		lse := Softmax(p, x)
		if got := LogSumExp(x); got != lse {
			t.Errorf("n %d: LogSumExp %g, Softmax %g", n, got, lse)
		}
		if want := 500 + math.Log(sum); math.Abs(float64(lse)-want) > 0x1p-15 {
			t.Errorf("n %d: lse %g, want %g", n, lse, want)
		}
		for i := range p {
			if want := math.Exp(float64(x[i])-500) / sum; relative(float64(p[i]), want) > 0x1p-20 {
				t.Errorf("n %d: p[%d] = %g, want %g", n, i, p[i], want)
			}
		}
	}
}

func TestSoftmaxNotFinite(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, n := range []int{1, 5, 16, 40} {
		for at := range n {
			for _, bad := range []float32{inf, nan} {
				x := make([]float32, n)
				x[at] = bad
				if lse := LogSumExp(x); lse == lse {
					t.Fatalf("n %d: lse %g with %g at %d, want NaN", n, lse, bad, at)
				}
			}
			x := make([]float32, n)
			x[at] = -inf
			lse := Softmax(x, x)
			if n > 1 && (x[at] != 0 || lse != log32(float32(n-1))) || n == 1 && lse == lse {
				t.Fatalf("n %d: p %g and lse %g with -Inf at %d", n, x[at], lse, at)
			}
		}
	}
	if lse := LogSumExp(nil); lse != -inf {
		t.Errorf("lse of nothing is %g", lse)
	}
}
