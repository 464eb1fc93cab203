package bench

import (
	"context"
	"fmt"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// gemmShapes [M, N, K] are the products of models between 40M and 1G active
// parameters, and cubes for comparison with other libraries.
var gemmShapes = [][3]int{
	{512, 512, 512},
	{1024, 1024, 1024},
	{2048, 2048, 2048},
	{4096, 2048, 512},
	{4096, 512, 2048},
	{256, 2048, 512},
	{256, 512, 2048},
	{512, 2048, 512},
	{512, 512, 2048},
}

// Gemm measures matrix products on packed weights: y [M, N] = x [M, K] w, the
// weight gradient, and products grouped over 64 experts.
func Gemm(ctx context.Context, o Options) error {
	shapes := gemmShapes
	if o.Quick {
		shapes = [][3]int{{256, 256, 256}, {512, 512, 512}}
	}
	for _, s := range shapes {
		if err := ctx.Err(); err != nil {
			return err
		}
		o.product(s[0], s[1], s[2])
	}
	tokens, rows := 4096, []int{128, 256, 512}
	if o.Quick {
		tokens, rows = 512, []int{32}
	}
	o.gradient(tokens, 2048, 512)
	o.gradient(tokens, 512, 2048)
	for _, r := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		o.grouped(64, r, 1024, 512)
	}
	return ctx.Err()
}

func (o Options) product(m, n, k int) {
	w := kernel.NewPacked(1, k, n)
	w.PackBF16(0, normals(n*k))
	x, y := normals(m*k), make([]tensor.BF16, m*n)
	o.compare(Result{Name: fmt.Sprintf("gemm %dx%dx%d", m, n, k), Unit: "FLOP/s", LimitOf: limitCompute},
		func() float64 {
			return o.rate(2*float64(m)*float64(n)*float64(k), func() { kernel.MatMul(y, x, w, nil) })
		},
		o.peak)
}

// gradient is dw [out, in] += dyᵀ x over tokens.
func (o Options) gradient(tokens, out, in int) {
	dw, dy, x := make([]float32, out*in), normals(tokens*out), normals(tokens*in)
	o.compare(Result{Name: fmt.Sprintf("gemm dW %dx%d, %d tokens", out, in, tokens), Unit: "FLOP/s", LimitOf: limitCompute},
		func() float64 {
			return o.rate(2*float64(tokens)*float64(out)*float64(in), func() { kernel.MatMulGrad(dw, dy, x, out, in, nil) })
		}, o.peak)
}

// grouped gives each expert its own weights and the same number of rows.
func (o Options) grouped(experts, rows, n, k int) {
	w := kernel.NewPacked(experts, k, n)
	weights := normals(n * k)
	offsets := make([]int32, experts+1)
	for e := range experts {
		w.PackBF16(e, weights)
		offsets[e+1] = offsets[e] + int32(rows)
	}
	m := experts * rows
	x, y := normals(m*k), make([]tensor.BF16, m*n)
	o.compare(Result{Name: fmt.Sprintf("gemm %d experts of %dx%dx%d", experts, rows, n, k), Unit: "FLOP/s", LimitOf: limitCompute},
		func() float64 {
			return o.rate(2*float64(m)*float64(n)*float64(k), func() { kernel.MatMul(y, x, w, offsets) })
		}, o.peak)
}
