package bench

import (
	"math/rand/v2"

	"github.com/polymath-lm/polymath/tensor"
)

// normals returns n numbers of the size that activations have.
func normals(n int) []tensor.BF16 {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]tensor.BF16, n)
	for i := range x {
		x[i] = tensor.FromFloat32(float32(random.NormFloat64()))
	}
	return x
}
