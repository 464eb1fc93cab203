package tensor

import (
	"encoding/binary"
	"fmt"
)

// Dequantize decodes whole blocks of the format d to float32, in the operations
// and the order of the reference, so to its bits. Rows may be decoded alone, and
// goroutines may decode at the same time. It panics if d is no format of blocks,
// if len(dst) is no whole number of them, or if src has another length than
// they take: a caller's bug.
//
// In each format a number is scale*code or scale*code - minimum, each operation
// rounded to float32:
//
//   - Q8_0: 32 numbers; an F16 scale; signed codes of 8 bits.
//   - Q4_0: 32 numbers; an F16 scale; codes of 4 bits less 8.
//   - Q4_K, Q5_K: 256 numbers in groups of 32, each with a scale and a minimum of
//     6 bits, which multiply the block's two F16 numbers; codes of 4 and 5 bits.
//   - Q6_K: 256 numbers in groups of 16, each with a signed scale of 8 bits, which
//     multiplies the block's F16 number; codes of 6 bits less 32.
//   - MXFP4: 32 numbers; a power of two as scale; codes of 4 bits for 0, 0.5, 1,
//     1.5, 2, 3, 4, 6 and their negatives.
//
// Source: https://github.com/ggml-org/llama.cpp (gguf-py/gguf/quants.py).
func Dequantize(dst []float32, d DType, src []byte) {
	elements, size := checkBlocks(len(dst), d, len(src))
	decode := decoderOf(d)
	for len(dst) > 0 {
		decode(dst[:elements], src[:size])
		dst, src = dst[elements:], src[size:]
	}
}

// checkBlocks panics unless n elements of d are whole blocks of size bytes.
func checkBlocks(n int, d DType, size int) (elements, blockBytes int) {
	elements, blockBytes = d.Block()
	switch {
	case elements <= 1:
		panic(fmt.Sprintf("tensor: %s is no format of blocks", d))
	case n%elements != 0 || size != n/elements*blockBytes:
		panic(fmt.Sprintf("tensor: %d numbers of %s do not take %d bytes", n, d, size))
	}
	return elements, blockBytes
}

// decoderOf returns the function that decodes one block.
func decoderOf(d DType) func(dst []float32, src []byte) {
	switch d {
	case DTypeQ8_0:
		return decodeQ8_0
	case DTypeQ4_0:
		return decodeQ4_0
	case DTypeQ4K:
		return decodeQ4K
	case DTypeQ5K:
		return decodeQ5K
	case DTypeQ6K:
		return decodeQ6K
	}
	return decodeMXFP4
}

func f16At(b []byte) float32 { return F16(binary.LittleEndian.Uint16(b)).Float32() }

// decodeQ8_0 reads the scale and a byte a number.
func decodeQ8_0(dst []float32, src []byte) {
	out, in := (*[32]float32)(dst), (*[34]byte)(src)
	d := f16At(in[:2])
	for i := range out {
		out[i] = float32(int8(in[2+i])) * d
	}
}

// decodeQ4_0 reads the scale and bytes with numbers i and i+16 in their halves.
func decodeQ4_0(dst []float32, src []byte) {
	out, in := (*[32]float32)(dst), (*[18]byte)(src)
	d := f16At(in[:2])
	var values [16]float32
	for q := range values {
		values[q] = d * float32(q-8)
	}
	for i, b := range in[2:] {
		out[i] = values[b&15]
		out[i+16] = values[b>>4]
	}
}

// mxfp4 holds twice the numbers that the codes stand for.
var mxfp4 = [16]float32{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}

// decodeMXFP4 reads the exponent and bytes with numbers i and i+16 in their
// halves.
func decodeMXFP4(dst []float32, src []byte) {
	out, in := (*[32]float32)(dst), (*[17]byte)(src)
	d := halfE8M0(in[0])
	var values [16]float32
	for q := range values {
		values[q] = d * mxfp4[q]
	}
	for i, b := range in[1:] {
		out[i] = values[b&15]
		out[i+16] = values[b>>4]
	}
}
