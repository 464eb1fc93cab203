package quantize

import (
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestPlainTooLarge: what F16 cannot hold is an error, and not an infinite weight.
func TestPlainTooLarge(t *testing.T) {
	for v, fails := range map[float32]bool{65504: false, 65520: true, -1e38: true} {
		got, err := plain(&tensor.Tensor{Name: "x", DType: tensor.DTypeF16, Shape: []int{1}}, []float32{v})
		if (err != nil) != fails || err == nil && got.F16()[0].Float32() != v {
			t.Errorf("%v: %v, %v", v, got, err)
		}
	}
}
