package kernel

// rowPaths are the paths of the machine, and its AVX-512 without AVX512_BF16.
func rowPaths() []*path {
	if detect().bf16 {
		return append([]*path{{
			name: "avx512 without bf16", productOps: avx512Product, rowOps: avx512Rows,
			decode: decodeAVX512, coded: mulCodedAVX512, mildOps: mildAVX512Ops,
		}}, machine...)
	}
	return machine
}
