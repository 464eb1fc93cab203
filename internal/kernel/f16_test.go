package kernel

import (
	"encoding/binary"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestF16ToBF16: all of them.
func TestF16ToBF16(t *testing.T) {
	var src []byte
	for h := range 1 << 16 {
		src = binary.LittleEndian.AppendUint16(src, uint16(h))
	}
	got := make([]tensor.BF16, 1<<16)
	f16ToBF16(got, src)
	for h, b := range got {
		if want := tensor.FromFloat32(tensor.F16(h).Float32()); b != want {
			t.Fatalf("%04x gives %04x, want %04x", h, b, want)
		}
	}
}
