package kernel

import (
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestF16ToBF16: all of them.
func TestF16ToBF16(t *testing.T) {
	for h := range 1 << 16 {
		if got, want := f16ToBF16(uint16(h)), tensor.FromFloat32(tensor.F16(h).Float32()); got != want {
			t.Fatalf("%04x gives %04x, want %04x", h, got, want)
		}
	}
}
