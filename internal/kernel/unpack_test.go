package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestUnpack: unpacking undoes packing, at every ragged edge.
func TestUnpack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{1, 1}, {31, 33}, {32, 32}, {64, 96}, {100, 45}, {600, 17}} {
		k, n := size[0], size[1]
		p := NewPacked(2, k, n)
		want := make([]tensor.BF16, k*n)
		for i := range want {
			want[i] = tensor.BF16(random.Uint32())
		}
		p.PackBF16(1, want)
		got := make([]tensor.BF16, k*n)
		p.Unpack(1, got)
		if !slices.Equal(got, want) {
			t.Errorf("%d x %d: other values", n, k)
		}
	}
}
