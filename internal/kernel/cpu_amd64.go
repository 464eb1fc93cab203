package kernel

import "slices"

func cpuid(eax, ecx uint32) (a, b, c, d uint32)

func xgetbv() (lo, hi uint32)

// features are the parts of the processor that the paths need, as far as the
// operating system saves their registers.
type features struct{ avx2, avx512, bf16, amx bool }

// Bits of CPUID and XCR0 (Intel 64 and IA-32 Architectures Software Developer's
// Manual, volume 2, CPUID, and volume 1, 13.3).
const (
	bitFMA      = 1 << 12 // leaf 1, ecx
	bitOSXSAVE  = 1 << 27
	bitF16C     = 1 << 29
	bitAVX2     = 1 << 5 // leaf 7, ebx
	bitAVX512F  = 1 << 16
	bitAVX512DQ = 1 << 17
	bitAVX512BW = 1 << 30
	bitAVX512VL = 1 << 31
	bitVBMI     = 1 << 1 // leaf 7, ecx
	bitGFNI     = 1 << 8
	bitAMXBF16  = 1 << 22 // leaf 7, edx
	bitAMXTile  = 1 << 24
	bitBF16     = 1 << 5 // leaf 7, subleaf 1, eax

	stateAVX    = 0x6
	stateAVX512 = 0xe6
	stateAMX    = 0x60000
)

func detect() (f features) {
	leaves, _, _, _ := cpuid(0, 0)
	if leaves < 7 {
		return f
	}
	_, _, c1, _ := cpuid(1, 0)
	subleaves, b7, c7, d7 := cpuid(7, 0)
	if c1&bitOSXSAVE == 0 {
		return f
	}
	state, _ := xgetbv()
	has := func(bits, register, saved uint32) bool { return register&bits == bits && state&saved == saved }
	f.avx2 = has(bitAVX2, b7, stateAVX) && c1&bitFMA != 0 && c1&bitF16C != 0
	f.avx512 = f.avx2 && has(bitAVX512F|bitAVX512DQ|bitAVX512BW|bitAVX512VL, b7, stateAVX512)
	if subleaves >= 1 {
		a71, _, _, _ := cpuid(7, 1)
		f.bf16 = f.avx512 && a71&bitBF16 != 0
	}
	f.amx = f.bf16 && c7&bitVBMI != 0 && c7&bitGFNI != 0 && has(bitAMXBF16|bitAMXTile, d7, stateAVX512|stateAMX)
	return f
}

// machinePaths: the AVX-512 paths with AVX512_BF16 differ in all that it is good
// for; the plain one does without, even where the processor has it.
func machinePaths() (paths []*path) {
	f := detect()
	plain := path{name: "avx512", productOps: avx512Product, rowOps: avx512Rows, decode: decodeAVX512, coded: mulCodedAVX512, mildOps: mildAVX512Ops, minHash: avx512MinHash}
	best := plain
	if f.bf16 {
		best.rowOps = avx512BF16Rows
		if pairsAreSteps() {
			best.name, best.productOps, best.order = "avx512bf16", avx512BF16Product, inQuads
			best.decode, best.coded, best.mildOps = decodeAVX512BF16, mulCodedAVX512BF16, mildAVX512BF16Ops
		}
	}
	if f.amx && allowAMX() {
		amx := best
		amx.name, amx.productOps = "amx", amxProduct
		amx.attend, amx.attendGrad = attendAMX, attendGradAMX
		amx.tiles = slices.Concat(best.tiles[:2], amxProduct.tiles)
		amx.order, amx.decode, amx.columnsOps = inColumns, decodeAMX, mulColumnsAMX
		amx.coded, amx.mildOps = mulCodedOps{}, mildOps{}
		paths = append(paths, &amx)
	}
	if best.name != plain.name {
		paths = append(paths, &best)
	}
	if f.avx512 {
		paths = append(paths, &plain)
	}
	if f.avx2 {
		paths = append(paths, &path{name: "avx2", productOps: avx2Product, rowOps: avx2Rows, decode: decodeAVX2, coded: mulCodedAVX2, mildOps: mildAVX2Ops, minHash: avx2MinHash})
	}
	return append(paths, &path{name: "portable", productOps: portableProduct, rowOps: portableRows, decode: portableDecode, minHash: portableMinHash})
}
