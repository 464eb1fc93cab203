package quantize

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// correlated returns rows [n, k] of inputs whose columns depend on each other
// and are of different sizes, and the sum of their products.
func correlated(rng *rand.Rand, n, k int) (x, h []float32) {
	mix := make([]float64, k*8)
	for i := range mix {
		mix[i] = rng.NormFloat64()
	}
	x, h = make([]float32, n*k), make([]float32, k*k)
	for r := range n {
		var hidden [8]float64
		for i := range hidden {
			hidden[i] = rng.NormFloat64()
		}
		for c := range k {
			v := 0.3 * rng.NormFloat64()
			for i, f := range hidden {
				v += f * mix[c*8+i]
			}
			x[r*k+c] = float32(v * math.Exp(float64(c%7)/3))
		}
	}
	for i := range k {
		for j := range k {
			s := 0.0
			for r := range n {
				s += float64(x[r*k+i]) * float64(x[r*k+j])
			}
			h[i*k+j] = float32(s)
		}
	}
	return x, h
}

func normal(rng *rand.Rand, n int) []float32 {
	w := make([]float32, n)
	for i := range w {
		w[i] = float32(rng.NormFloat64())
	}
	return w
}

// outputError is the sum of squares of (w-q)·xᵀ, from h.
func outputError(t *testing.T, h, w []float32, d tensor.DType, data []byte, k int) (sum float64) {
	t.Helper()
	q := make([]float32, len(w))
	tensor.Dequantize(q, d, data)
	for r := 0; r < len(w); r += k {
		for i := range k {
			for j := range k {
				sum += float64(w[r+i]-q[r+i]) * float64(h[i*k+j]) * float64(w[r+j]-q[r+j])
			}
		}
	}
	return sum
}

var formats = []tensor.DType{tensor.DTypeQ8_0, tensor.DTypeQ4_0, tensor.DTypeQ4K}

func size(t *testing.T, d tensor.DType, n, k int) int {
	t.Helper()
	bytes, err := tensor.SizeBytes(d, []int{n, k})
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

// TestGPTQ: on inputs that depend on each other GPTQ's error is below
// rounding's, by more than a little, and its bits do not depend on the threads.
func TestGPTQ(t *testing.T) {
	defer par.SetThreads(0)
	const n, k = 37, 512
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 1))
		_, h := correlated(rng, 300, k) // fewer rows than columns: singular without damping
		w := normal(rng, n*k)
		for _, d := range formats {
			block, _ := d.Block()
			plain, solved := make([]byte, size(t, d, n, k)), make([]byte, size(t, d, n, k))
			if err := roundRows(plain, d, w, k, nil); err != nil {
				t.Fatal(err)
			}
			for threads := range 3 {
				par.SetThreads(threads + 1)
				s, err := newSolver(h, k, block, damping)
				if err != nil {
					t.Fatal(err)
				}
				before := bytes.Clone(solved)
				if err := s.quantize(solved, d, w); err != nil {
					t.Fatal(err)
				}
				if threads > 0 && !bytes.Equal(before, solved) {
					t.Errorf("%s: other bits on %d threads", d, threads+1)
				}
			}
			rtn, gptq := outputError(t, h, w, d, plain, k), outputError(t, h, w, d, solved, k)
			t.Logf("%s: rounding %.4g, GPTQ %.4g", d, rtn, gptq)
			if !(gptq < 0.5*rtn) {
				t.Errorf("%s, seed %d: the error of GPTQ is %g, of rounding %g", d, seed, gptq, rtn)
			}
		}
	}
}

// TestGPTQIdentity: inputs that do not depend on each other leave rounding to
// nearest, to the bit.
func TestGPTQIdentity(t *testing.T) {
	const n, k = 9, 512
	rng := rand.New(rand.NewPCG(3, 4))
	w := normal(rng, n*k)
	for _, scale := range []float32{0, 1, 1e-3, 1e6} {
		h := make([]float32, k*k)
		for i := range k {
			h[i*k+i] = scale
		}
		for _, d := range formats {
			block, _ := d.Block()
			want, got := make([]byte, size(t, d, n, k)), make([]byte, size(t, d, n, k))
			s, err := newSolver(h, k, block, damping)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.quantize(got, d, w); err != nil {
				t.Fatal(err)
			}
			if err := roundRows(want, d, w, k, nil); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s, diagonal of %v: not what rounding gives", d, scale)
			}
		}
	}
}

// TestCholesky: L·Lᵀ is the matrix, and what is not positive definite is
// refused.
func TestCholesky(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{1, 2, 63, 64, 65, 200} {
		a := make([]float64, n*n)
		for i := range n {
			for j := range n {
				a[i*n+j] = rng.NormFloat64()
			}
		}
		m := make([]float64, n*n)
		for i := range n {
			for j := range n {
				m[i*n+j] = dot(a[i*n:(i+1)*n], a[j*n:(j+1)*n])
			}
			m[i*n+i]++
		}
		l := append([]float64(nil), m...)
		if err := cholesky(l, n); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for j := range i + 1 {
				if got := dot(l[i*n:i*n+j+1], l[j*n:j*n+j+1]); math.Abs(got-m[i*n+j]) > 1e-12*float64(n)*m[i*n+i] {
					t.Fatalf("n %d: element %d, %d is %v, want %v", n, i, j, got, m[i*n+j])
				}
			}
		}
		for _, bad := range []float64{-1, math.NaN(), math.Inf(1)} {
			b := append([]float64(nil), m...)
			b[(n-1)*n+n-1] = bad
			if err := cholesky(b, n); err == nil {
				t.Errorf("n %d: a diagonal of %v was accepted", n, bad)
			}
		}
	}
}
