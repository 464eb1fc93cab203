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

// TestUnpackQuantized: what comes out of quantized weights is what the file's
// blocks decode to, rounded to bf16.
func TestUnpackQuantized(t *testing.T) {
	const k, n = 512, 72
	random := rand.New(rand.NewPCG(3, 4))
	for _, d := range []tensor.DType{tensor.DTypeQ8_0, tensor.DTypeQ4_0} {
		elements, size := d.Block()
		rows := make([]byte, n*k/elements*size)
		for i := range rows {
			rows[i] = byte(random.Uint32())
			if i%size < 2 {
				rows[i] = 0x21 // a scale that is finite
			}
		}
		w, want := make([]float32, n*k), make([]tensor.BF16, n*k)
		tensor.Dequantize(w, d, rows)
		ToBF16(want, w)
		p := NewQuantized(1, k, n)
		p.SetRows(0, 0, d, rows)
		got := make([]tensor.BF16, n*k)
		p.Unpack(0, got)
		if !slices.Equal(got, want) {
			t.Errorf("%v: other values", d)
		}
	}
}
