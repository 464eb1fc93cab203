package kernel

import "testing"

func BenchmarkPairsAreSteps(b *testing.B) {
	if !detect().bf16 {
		b.Skip("needs AVX512_BF16")
	}
	for b.Loop() {
		if !pairsAreSteps() {
			b.Fatal("VDPBF16PS is not two steps")
		}
	}
}
