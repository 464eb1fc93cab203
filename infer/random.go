package infer

import "math/bits"

// Uniform returns a number in [0, 1) that is a function of its arguments and
// of nothing else, so a completion can be repeated, resumed and batched with
// others without its random numbers changing. choice counts the completions
// asked for one prompt; position is the sampled token's place in its sequence.
//
// It is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1,
// 2, 3", SC 2011) with the seed as key and (position, choice) as counter; the
// result has 53 random bits. Uniform may be called from several goroutines.
func Uniform(seed uint64, choice, position int) float64 {
	counter := [4]uint32{
		uint32(position), uint32(uint64(position) >> 32),
		uint32(choice), uint32(uint64(choice) >> 32),
	}
	r := philox(counter, [2]uint32{uint32(seed), uint32(seed >> 32)})
	mantissa := (uint64(r[0])<<32 | uint64(r[1])) >> 11
	return float64(mantissa) * 0x1p-53
}

// philox is the ten-round block function with the paper's constants.
func philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	const (
		multiplier0, multiplier1 = 0xD2511F53, 0xCD9E8D57
		weyl0, weyl1             = 0x9E3779B9, 0xBB67AE85
	)
	for range 10 {
		high0, low0 := bits.Mul32(multiplier0, counter[0])
		high1, low1 := bits.Mul32(multiplier1, counter[2])
		counter = [4]uint32{high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0}
		key[0] += weyl0
		key[1] += weyl1
	}
	return counter
}
