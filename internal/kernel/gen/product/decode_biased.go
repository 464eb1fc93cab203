package main

// biased reports whether codes in columns are q+128, and two columns share 64 bytes:
// each 16 of these have four codes of the first half of either column and four of
// the second.
func (d *decoding) biased() bool { return d.table == "" && d.scales == scalesF16 }

// A code in the second byte of 2^15 in fp32 makes it 2^15 + 128 + q.
const (
	twoTo15 = 0x47000000
	bias    = twoTo15 + 128<<8
)

// biasConstants sets Z19 to the bias, Z20 to 2^15, Z21 to Z24 to the places of the
// codes of 16 numbers, and K2 to the bytes that get them.
func (a *assembly) biasConstants() {
	for i, word := range []int{bias, twoTo15} {
		a.op("MOVL $%#x, AX", word)
		a.op("VPBROADCASTD AX, Z%d", 19+i)
	}
	for i := range 4 {
		a.op("VBROADCASTI32X4 ·biasedPlaces+%d(SB), Z%d", 16*i, 21+i)
	}
	a.op("MOVQ $0x2222222222222222, AX")
	a.op("KMOVQ AX, K2")
}

// biasedColumns decodes two columns as d*(q+bias) - d*bias, which is exact, since
// d*bias has 20 bits, and takes fewer steps than converting q does.
func (a *assembly) biasedColumns(from source, to *decodedHalf, column int) {
	z := column / 2 % 2 * 4
	codes, scales := 8+column/2%2, 10
	a.op("VMOVDQU32 %d(%s), Z%d", scaleBytes+32*column, from.block, codes)
	for i := range 4 {
		a.op("VMOVDQA64 Z20, Z%d", z+i)
		a.op("VPSHUFB Z%d, Z%d, K2, Z%d", 21+i, codes, z+i)
	}
	for i := range 2 {
		a.op("VBROADCASTSS %s, Z%d", to.scale(column+i), scales)
		a.op("VBROADCASTSS %s, Z%d", to.second(column+i), scales+1)
		a.op("VFMSUB213PS Z%d, Z%d, Z%d", scales+1, scales, z+2*i)
		a.op("VFMSUB213PS Z%d, Z%d, Z%d", scales+1, scales, z+2*i+1)
		a.roundTwo(z + 2*i)
		a.op("VMOVDQU32 Z%d, %s", z+2*i, to.row(column+i))
	}
}
