package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestUnpack: unpacking undoes packing, and packing transposed is packing the
// transposed matrix, at every ragged edge.
func TestUnpack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{1, 1}, {31, 33}, {32, 32}, {64, 96}, {100, 45}, {600, 17}} {
		k, n := size[0], size[1]
		p, transposed, want := NewPacked(2, k, n), NewPacked(2, n, k), NewPacked(2, n, k)
		for g := range 2 {
			w := make([]tensor.BF16, k*n)
			for i := range w {
				w[i] = tensor.BF16(random.Uint32())
			}
			p.PackBF16(g, w)
			want.PackTBF16(g, w)
			got := make([]tensor.BF16, k*n)
			p.Unpack(g, got)
			if !slices.Equal(got, w) {
				t.Errorf("%d x %d: other values", n, k)
			}
		}
		transposed.PackTransposed(p)
		if !slices.Equal(transposed.Data, want.Data) {
			t.Errorf("%d x %d: transposed is something else", n, k)
		}
	}
}
