package kernel

import (
	"bytes"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestSetRowsReuses: rows of a format that is there already need no new memory,
// and nothing of the old ones is left.
func TestSetRowsReuses(t *testing.T) {
	const k, n = 256, 70
	for _, d := range []tensor.DType{tensor.DTypeQ8_0, tensor.DTypeQ4_0, tensor.DTypeQ4K, tensor.DTypeQ6K, tensor.DTypeMXFP4, tensor.DTypeBF16} {
		elements, size := d.Block()
		first, second := make([]byte, n*k/elements*size), make([]byte, n*k/elements*size)
		for i := range first {
			first[i], second[i] = byte(i*37)&0x3f, byte(i*11+5)&0x3f
		}
		want, got := NewQuantized(1, k, n), NewQuantized(1, k, n)
		want.SetRows(0, 0, d, second)
		got.SetRows(0, 0, d, first)
		if allocs := testing.AllocsPerRun(5, func() { got.SetRows(0, 0, d, second) }); allocs != 0 {
			t.Errorf("%s: %v allocations", d, allocs)
		}
		for i := range got.stored {
			if !bytes.Equal(got.stored[i].data, want.stored[i].data) {
				t.Errorf("%s: panel %d is not what it is in new memory", d, i)
			}
		}
	}
}
