package kernel

import (
	"math"
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// portableProduct defines the arithmetic of products. Its A is one row of
// fp32 with denormals as zero.
var portableProduct = productOps{
	tiles:    []tileOp{{rows: 1, aBytes: 4, pack: packPortable, packT: packTPortable, mul: mulPortable}},
	budgetA:  256 << 10,
	kc:       512,
	maxRows:  128,
	callWork: 2 << 20,
	gradRows: 128, gradCols: 128, gradK: 256,
	queries:  64,
	packRows: packRowsPortable,
	packCols: packColsPortable,
	round:    roundPortable,
	peakOps:  peakOps{peak: portablePeak, peakFlops: 16, read: portableRead},
}

// smallest normal fp32; what rounds below it is zero. The processor decides
// that after rounding to 24 bits, so the limit is half a unit in the last
// place (of 24 bits, below 2^-126) smaller.
const (
	minNormal = 0x1p-126
	tinyLimit = 0x1p-126 - 0x1p-151
)

// expand returns b with a denormal replaced by a zero of its sign.
func expand(b tensor.BF16) float32 {
	if b&0x7f80 == 0 {
		b &= 0x8000
	}
	return b.Float32()
}

// flush replaces a denormal by a zero of its sign.
func flush(f float32) float32 {
	if u := math.Float32bits(f); u&0x7f800000 == 0 {
		return math.Float32frombits(u & 0x80000000)
	}
	return f
}

// fmaFlush is one step of a sum: a*b+e rounded once, denormals as zero. The
// product of two bfloat16 and, in float64, all bits of the sum that decide its
// rounding are exact.
func fmaFlush(a, b, e float64) float64 {
	s := a*b + e
	if math.Abs(s) < tinyLimit {
		return math.Copysign(0, s)
	}
	return float64(float32(s))
}

func packPortable(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int) {
	n := kb * BlockK
	to, from := unsafe.Slice((*float32)(dst), n), unsafe.Slice(src, n)
	for i, b := range from {
		to[i] = expand(b)
	}
}

func packTPortable(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int) {
	n := kb * BlockK
	to, from := unsafe.Slice((*float32)(dst), n), unsafe.Slice(src, (n-1)*stride+1)
	for i := range to {
		to[i] = expand(from[i*stride])
	}
}

// packRowsPortable writes pair p of column n at [p][n][2].
func packRowsPortable(dst, src *tensor.BF16, stride, kb int) {
	to := unsafe.Slice(dst, (kb-1)*blockLen+halfLen)
	from := unsafe.Slice(src, (halfN-1)*stride+kb*BlockK)
	for n := range halfN {
		row := from[n*stride:][:kb*BlockK]
		for k, v := range row {
			to[k/BlockK*blockLen+k%BlockK/2*pairLen+2*n+k%2] = v
		}
	}
}

func packColsPortable(dst *tensor.BF16, panelStride int, src *tensor.BF16, stride, halves int) {
	from := unsafe.Slice(src, (BlockK-1)*stride+halves*halfN)
	to := unsafe.Slice(dst, (halves-1)/2*panelStride+(halves-1)%2*halfLen+halfLen)
	for h := range halves {
		half := to[h/2*panelStride+h%2*halfLen:][:halfLen]
		for k := range BlockK {
			for n, v := range from[k*stride+h*halfN:][:halfN] {
				half[k/2*pairLen+2*n+k%2] = v
			}
		}
	}
}

func roundPortable(y *tensor.BF16, stride int, c *float32, rows int) {
	to, from := unsafe.Slice(y, (rows-1)*stride+PanelN), unsafe.Slice(c, rows*PanelN)
	for r := range rows {
		for i, v := range from[r*PanelN:][:PanelN] {
			to[r*stride+i] = tensor.FromFloat32(v)
		}
	}
}

// mulPortable expands a block of weights once and multiplies all rows by it.
func mulPortable(t *tileArgs) {
	var block [blockLen]float64 // [32 of K][32 columns]
	for p := range t.panels {
		for kb := range t.kb {
			src := unsafe.Slice((*tensor.BF16)(unsafe.Add(t.b, p*t.bPanel+kb*blockLen*2)), blockLen)
			low := expandBlock(&block, src)
			for r := range t.tiles {
				a := (*[BlockK]float32)(unsafe.Add(t.a, r*t.aTile+kb*BlockK*4))
				c := (*[PanelN]float32)(unsafe.Add(t.c, p*t.cPanel+r*t.cTile))
				if kb == 0 && t.add == 0 {
					*c = [PanelN]float32{}
				}
				mulBlock(c, a, &block, low)
			}
		}
	}
}

// expandBlock returns the lowest exponent of the block's numbers.
func expandBlock(block *[blockLen]float64, src []tensor.BF16) uint32 {
	low := uint32(255)
	for h := range 2 {
		for p := range BlockK / 2 {
			for n := range halfN {
				at := h*halfLen + p*pairLen + 2*n
				even, odd := expand(src[at]), expand(src[at+1])
				low = min(low, exponent(even), exponent(odd))
				to := 2*p*PanelN + h*halfN + n
				block[to], block[to+PanelN] = float64(even), float64(odd)
			}
		}
	}
	return low
}

// exponent returns the biased exponent of a number that is no denormal. A
// zero has the highest, as it takes part in no underflow.
func exponent(f float32) uint32 {
	if f == 0 {
		return 255
	}
	return math.Float32bits(f) >> 23 & 255
}

// mulBlock adds one block of 32 products to each of 32 columns.
//
// low is the lowest exponent in the block. All products are multiples of
// 2^(low(a)-127-7 + low(b)-127-7) and so are all sums of them; if that is no
// denormal, nothing needs to be flushed.
func mulBlock(c *[PanelN]float32, a *[BlockK]float32, block *[blockLen]float64, low uint32) {
	var wide [BlockK]float64
	lowA := uint32(255)
	for i, v := range a {
		lowA = min(lowA, exponent(v))
		wide[i] = float64(v)
	}
	careful := lowA+low < 2*(127+7)-126
	for n := 0; n < PanelN; n += 4 {
		var e, o [4]float64
		if careful {
			e, o = sumCareful(&wide, block, n)
		} else {
			e, o = sumFast(&wide, block, n)
		}
		for i := range 4 {
			c[n+i] = flush(flush(c[n+i]) + flush(float32(e[i])+float32(o[i])))
		}
	}
}

func sumCareful(a *[BlockK]float64, block *[blockLen]float64, n int) (e, o [4]float64) {
	for k := 0; k < BlockK; k += 2 {
		for i := range 4 {
			e[i] = fmaFlush(a[k], block[k*PanelN+n+i], e[i])
			o[i] = fmaFlush(a[k+1], block[(k+1)*PanelN+n+i], o[i])
		}
	}
	return e, o
}

// sumFast keeps its eight sums in registers.
func sumFast(a *[BlockK]float64, block *[blockLen]float64, n int) (e, o [4]float64) {
	var e0, e1, e2, e3, o0, o1, o2, o3 float64
	b := block[n:]
	for k := 0; k < BlockK; k += 2 {
		x, y := a[k], a[k+1]
		even := b[:PanelN+4]
		e0 = float64(float32(x*even[0] + e0))
		e1 = float64(float32(x*even[1] + e1))
		e2 = float64(float32(x*even[2] + e2))
		e3 = float64(float32(x*even[3] + e3))
		o0 = float64(float32(y*even[PanelN] + o0))
		o1 = float64(float32(y*even[PanelN+1] + o1))
		o2 = float64(float32(y*even[PanelN+2] + o2))
		o3 = float64(float32(y*even[PanelN+3] + o3))
		if k+2 < BlockK {
			b = b[2*PanelN:]
		}
	}
	return [4]float64{e0, e1, e2, e3}, [4]float64{o0, o1, o2, o3}
}
