package kernel

//go:noescape
func avx512MinHash(mins, mul, xor, x []uint32)

//go:noescape
func avx2MinHash(mins, mul, xor, x []uint32)
