package kernel

//go:noescape
func neonMinHash(mins, mul, xor, x []uint32)
