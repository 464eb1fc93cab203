package tensor

import "math"

// halfE8M0 returns half of the power of two 2^(e-127).
func halfE8M0(e byte) float32 {
	if e < 2 {
		return math.Float32frombits(0x00200000 << e) // denormal
	}
	return math.Float32frombits(uint32(e-1) << 23)
}

// groupScale unpacks the 6-bit scale and minimum of group g of a Q4_K or Q5_K
// block. Groups 0 to 3 have a byte each for scale and minimum; the upper two
// bits of these bytes and 4 more bytes, a half each for scale and minimum, serve
// groups 4 to 7.
func groupScale(packed []byte, g int) (scale, minimum byte) {
	if g < 4 {
		return packed[g] & 63, packed[g+4] & 63
	}
	low := packed[g+4]
	return low&15 | packed[g-4]>>6<<4, low>>4 | packed[g]>>6<<4
}

// decodeQ4K reads two F16, 12 bytes of scales, and for each pair of groups 32
// bytes whose halves are a number of either.
func decodeQ4K(dst []float32, src []byte) {
	in := (*[144]byte)(src)
	d, least := f16At(in[:2]), f16At(in[2:4])
	for g := 0; g < 8; g += 2 {
		s0, m0 := groupScale(in[4:16], g)
		s1, m1 := groupScale(in[4:16], g+1)
		d0, d1 := d*float32(s0), d*float32(s1)
		low0, low1 := float32(least*float32(m0)), float32(least*float32(m1))
		codes := (*[32]byte)(in[16+16*g:])
		out := (*[64]float32)(dst[32*g:])
		for i, b := range codes {
			out[i] = float32(d0*float32(b&15)) - low0
			out[i+32] = float32(d1*float32(b>>4)) - low1
		}
	}
}

// decodeQ5K is decodeQ4K with 32 bytes before the codes that hold their fifth
// bit: bit g of byte i is that of number i of group g.
func decodeQ5K(dst []float32, src []byte) {
	in := (*[176]byte)(src)
	d, least := f16At(in[:2]), f16At(in[2:4])
	high := (*[32]byte)(in[16:])
	for g := 0; g < 8; g += 2 {
		s0, m0 := groupScale(in[4:16], g)
		s1, m1 := groupScale(in[4:16], g+1)
		d0, d1 := d*float32(s0), d*float32(s1)
		low0, low1 := float32(least*float32(m0)), float32(least*float32(m1))
		codes := (*[32]byte)(in[48+16*g:])
		out := (*[64]float32)(dst[32*g:])
		for i, b := range codes {
			h := high[i] >> g << 4
			out[i] = float32(d0*float32(b&15|h&16)) - low0
			out[i+32] = float32(d1*float32(b>>4|h>>1&16)) - low1
		}
	}
}

// decodeQ6K reads for each half of the block 64 bytes with the lower 4 bits and,
// after those of both, 32 bytes with the upper 2, then 16 scales and the F16.
// Number 32*r+i of a half has its lower bits in byte 32*(r&1)+i, in the lower
// half for r < 2, and its upper bits at bit 2*r of byte i.
func decodeQ6K(dst []float32, src []byte) {
	in := (*[210]byte)(src)
	d := f16At(in[208:])
	for half := range 2 {
		low := (*[64]byte)(in[64*half:])
		high := (*[32]byte)(in[128+32*half:])
		var scale [8]float32
		for g := range scale {
			scale[g] = d * float32(int8(in[192+8*half+g]))
		}
		out := (*[128]float32)(dst[128*half:])
		for i, h := range high {
			g := i / 16
			a, b := low[i], low[i+32]
			out[i] = scale[g] * float32(int8(a&15|h<<4&48)-32)
			out[i+32] = scale[g+2] * float32(int8(b&15|h<<2&48)-32)
			out[i+64] = scale[g+4] * float32(int8(a>>4|h&48)-32)
			out[i+96] = scale[g+6] * float32(int8(b>>4|h>>2&48)-32)
		}
	}
}
