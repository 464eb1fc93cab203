package kernel

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// decodeOps are the primitives that decode panels, by format: each writes units
// of a panel to dst as bf16, in the layout of Packed. Results that are denormal
// may be zero.
type decodeOps [numFormats]func(dst *tensor.BF16, src *byte, units int)

// mulCoded multiplies a tile of rows by units of a panel, all of them regular: c
// (+)= A · b, with 32 sums for each row and A as productOps has it.
type mulCoded func(c *float32, a unsafe.Pointer, src *byte, units int, add bool)

// mulCodedOps are primitives by the rows of the tile and the format, nil where a
// path has none.
type mulCodedOps [maxCodedRows + 1][numFormats]mulCoded

const maxCodedRows = 8

// mildOps are for one row, mild panels and mild A, which allMild recognizes (see
// isMild); nil where a path has none.
type mildOps struct {
	mulMild [numFormats]mulCoded
	allMild func(a unsafe.Pointer, blocks int, low, high uint32) bool
}

var portableDecode = func() (ops decodeOps) {
	for i := range codings {
		ops[i] = codings[i].decode
	}
	return ops
}()

// decode writes units of the panel to dst. A panel that was packed for another
// order than that of the path in use, which only a change of path brings about,
// takes longer, and so does one of Q8_0 in columns that is not finite.
func (p *storedPanel) decode(dst *tensor.BF16, src *byte, units int) {
	if p.order == cpu.order && (p.order != inColumns || p.regular || !p.coding.biased()) {
		cpu.decode[p.coding.index](dst, src, units)
		return
	}
	p.coding.decodeFrom(p.order, dst, src, units)
	if p.order == inQuads {
		pairsOfQuads(unsafe.Slice(dst, units*p.coding.blocks*blockLen))
	}
}

// pairsOfQuads turns two rows of k2, k0 and of k3, k1 into k0, k1 and k2, k3.
func pairsOfQuads(x []tensor.BF16) {
	for ; len(x) >= 2*pairLen; x = x[2*pairLen:] {
		even, odd := x[:pairLen], x[pairLen:2*pairLen]
		for i := 0; i < pairLen; i += 2 {
			even[i], even[i+1], odd[i], odd[i+1] = even[i+1], odd[i+1], even[i], odd[i]
		}
	}
}

// decode is the definition, for codes in pairs.
func (c *coding) decode(dst *tensor.BF16, src *byte, units int) {
	c.decodeFrom(inPairs, dst, src, units)
}

func (c *coding) decodeFrom(order codeOrder, dst *tensor.BF16, src *byte, units int) {
	half, unit := c.halfBytes(), c.blocks*blockLen
	to, from := unsafe.Slice(dst, units*unit), unsafe.Slice(src, units*2*half)
	for i := range 2 * units {
		c.decodeHalf(order, to[i/2*unit+i%2*halfLen:], from[i*half:][:half])
	}
}

func (c *coding) decodeHalf(order codeOrder, dst []tensor.BF16, half []byte) {
	head, rest := half[:c.headBytes()], half[c.headBytes():]
	var q [pairLen]int8
	for b := range c.blocks {
		block := rest[b*c.codedBlockBytes():][:c.codedBlockBytes()]
		scales, offsets := c.columnScales(head, block)
		codes := block[scaleBytes:]
		for pair := range BlockK / 2 {
			if order == inColumns {
				for i := range q {
					q[i] = c.columnCode(codes, i/2, 2*pair+i%2)
				}
			} else {
				c.row(&q, codes[pair*c.rowBytes():][:c.rowBytes()])
			}
			to := dst[b*blockLen+pair*pairLen:][:pairLen]
			for i := range to {
				x := float32(q[i]) * scales[pair/8][i/2]
				to[i] = tensor.FromFloat32(float32(x) - offsets[i/2])
			}
		}
	}
}

// row sets q to the numbers of a row of codes.
func (c *coding) row(q *[pairLen]int8, codes []byte) {
	for i, b := range codes {
		if c.table == nil {
			q[i] = int8(b)
		} else {
			q[i], q[pairLen/2+i] = c.table[b&15], c.table[b>>4]
		}
	}
}

// columnScales returns the scales of a block of a half, for 16 along K each,
// and its offsets.
func (c *coding) columnScales(head, block []byte) (scales [2][halfN]float32, offsets [halfN]float32) {
	f16 := func(b []byte, i int) float32 { return tensor.F16(binary.LittleEndian.Uint16(b[2*i:])).Float32() }
	for i := range halfN {
		switch c.scales {
		case scalesF16:
			scales[0][i] = f16(block, i)
			scales[1][i] = scales[0][i]
		case scalesBF16:
			scales[0][i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(block[2*i:])) << 16)
			scales[1][i] = scales[0][i]
		case scalesOffset:
			scales[0][i] = f16(head, i) * float32(block[i])
			scales[1][i] = scales[0][i]
			offsets[i] = f16(head[32:], i) * float32(block[halfN+i])
		case scalesTwo:
			scales[0][i] = f16(head, i) * float32(int8(block[i]))
			scales[1][i] = f16(head, i) * float32(int8(block[halfN+i]))
		}
	}
	return scales, offsets
}
