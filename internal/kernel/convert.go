package kernel

import "github.com/polymath-lm/polymath/tensor"

// ToF32 sets dst[i] = src[i], exactly.
func ToF32(dst []float32, src []tensor.BF16) {
	mustMatch("ToF32", len(dst), len(src))
	n := whole(len(src))
	cpu.toF32(dst[:n], src[:n])
	portableToF32(dst[n:], src[n:])
}

func portableToF32(dst []float32, src []tensor.BF16) {
	for i, v := range src {
		dst[i] = v.Float32()
	}
}

// ToBF16 sets dst[i] = src[i] rounded to the nearest bfloat16, ties to even, as
// tensor.FromFloat32 does.
func ToBF16(dst []tensor.BF16, src []float32) {
	mustMatch("ToBF16", len(dst), len(src))
	n := whole(len(src))
	cpu.toBF16(dst[:n], src[:n])
	portableToBF16(dst[n:], src[n:])
}

func portableToBF16(dst []tensor.BF16, src []float32) {
	for i, v := range src {
		dst[i] = tensor.FromFloat32(v)
	}
}
