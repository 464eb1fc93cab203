package kernel

import (
	"encoding/binary"
	"unsafe"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// SetRows packs rows [row, row+n) of group g, weights of outputs by inputs as
// in Pack, given as the file has them: n rows of K numbers of format d, a
// multiple of its block. d is Q8_0, Q4_0, Q4_K, Q5_K, Q6_K or MXFP4, or BF16,
// F16 or F32, which are kept as bf16. row must be a multiple of 32, and n too
// unless the rows reach N. rows need no alignment and are not kept. It runs on
// the calling goroutine: rows of different panels may be set at the same time.
// Weights that are not from NewQuantized take BF16, F16 and F32 only. Rows that
// are there already, in the same format, are written over in their memory. It
// panics if the sizes do not agree.
func (p *Packed) SetRows(g, row int, d tensor.DType, rows []byte) {
	elements, blockBytes := d.Block()
	c := codingOf(d)
	rowBytes := p.K / elements * blockBytes
	n := len(rows) / rowBytes
	if p.K%elements != 0 || len(rows)%rowBytes != 0 {
		n = 0
	}
	p.checkRows(g, row, n, d, len(rows))
	if p.stored == nil {
		at := g*p.groupLen() + row/PanelN*p.panelLen()
		for ; len(rows) > 0; at += p.panelLen() {
			size := min(len(rows), PanelN*rowBytes)
			packPlain(p.Data[at:][:p.panelLen()], d, rows[:size], p.K)
			rows = rows[size:]
		}
		return
	}
	size, panels := panelBytes(c, p.K), ceilDiv(n, PanelN)
	var fresh []byte
	for i := range panels {
		panel := &p.group(g)[row/PanelN+i]
		if panel.coding == c && len(panel.data) == size {
			clear(panel.data)
		} else {
			if fresh == nil {
				fresh = alignedBytes((panels - i) * size)
			}
			*panel = storedPanel{coding: c, data: fresh[:size:size]}
			fresh = fresh[size:]
		}
		dst, from := panel.data, rows[i*PanelN*rowBytes:]
		from = from[:min(len(from), PanelN*rowBytes)]
		if c == nil {
			packPlain(tensor.View[tensor.BF16](dst), d, from, p.K)
		} else {
			panel.order = cpu.order
			panel.regular, panel.mild = c.packPanel(dst, from, rowBytes, panel.order)
		}
	}
}

// alignedBytes returns n bytes at the beginning of a cache line.
func alignedBytes(n int) []byte {
	b := make([]byte, n+cacheLine-1)
	tensor.HugePages(b)
	skip := int(-uintptr(unsafe.Pointer(&b[0])) % cacheLine)
	return b[skip : skip+n : skip+n]
}

// packPlain packs up to 32 rows of k numbers as a panel of bf16.
func packPlain(dst []tensor.BF16, d tensor.DType, rows []byte, k int) {
	width := len(rows) / k // of all numbers of a column
	_, size := d.Block()
	width /= size
	buffer := packBuffers.Get()
	defer packBuffers.Put(buffer)
	for block := 0; block < ceilDiv(k, BlockK); block += packChunk {
		n := min(packChunk*BlockK, k-block*BlockK)
		blocks := ceilDiv(n, BlockK)
		stride := blocks * BlockK
		if width < PanelN || n < stride {
			clear(buffer[:])
		}
		for r := range width {
			plainToBF16(buffer[r*stride:][:n], d, rows[(r*k+block*BlockK)*size:])
		}
		for h := range 2 {
			cpu.packRows(&dst[block*blockLen+h*halfLen], &buffer[h*halfN*stride], stride, blocks)
		}
	}
}

// plainToBF16 rounds numbers of src, which need not be aligned.
func plainToBF16(dst []tensor.BF16, d tensor.DType, src []byte) {
	switch d {
	case tensor.DTypeBF16:
		copy(tensor.Bytes(dst), src)
	case tensor.DTypeF16:
		f16ToBF16(dst, src)
	case tensor.DTypeF32:
		if src = src[:4*len(dst)]; !tensor.Aligned(src, 4) {
			src = tensor.AlignedCopy(src)
		}
		ToBF16(dst, tensor.View[float32](src))
	}
}

// f16ToBF16 rounds half-precision numbers to the nearest bf16, ties to even: of a
// normal one three bits go and the exponent's bias is another.
func f16ToBF16(dst []tensor.BF16, src []byte) {
	src = src[:2*len(dst)]
	for i := range dst {
		h := uint16(src[2*i]) | uint16(src[2*i+1])<<8
		x := h & 0x7fff
		dst[i] = tensor.BF16(h&0x8000 | ((x+3+x>>3&1)>>3 + (127-15)<<7))
		if x-0x400 >= 0x7c00-0x400 {
			dst[i] = tensor.FromFloat32(tensor.F16(h).Float32())
		}
	}
}

// fileUnit is a unit of one row as the file has it.
//
// irregular is set if a number may be infinite or NaN, or if a scale is so small
// that it is denormal in fp32; wild, in MXFP4, if a scale is not from 2^-40 to
// 2^40.
type fileUnit struct {
	irregular, wild bool

	head   [2]uint16            // F16
	scales [unitBlocks][2]uint8 // of a block
	// codes are q in 8 bits, or two in a byte: of the first half of a block and
	// of the second, or, in units of several blocks, of a block and the next.
	codes [unitBlocks * 32]byte
}

// columnUnits are units of columns i and i+8 of a half.
type columnUnits [2]fileUnit

var unitBuffers par.FreeList[columnUnits]

// packPanel packs up to 32 rows; dst is zero, and so stays the rest of it. It
// reports whether no unit was irregular, and none wild.
func (c *coding) packPanel(dst, rows []byte, rowBytes int, order codeOrder) (regular, mild bool) {
	u := unitBuffers.Get()
	defer unitBuffers.Put(u)
	*u = columnUnits{}
	_, size := c.dtype.Block()
	n, half := len(rows)/rowBytes, c.halfBytes()
	for r := range PanelN / 2 {
		h, column := r/8, r%8
		first := h*halfN + column
		if first >= n {
			continue
		}
		second := first + 8
		if second >= n {
			u[1] = fileUnit{irregular: u[1].irregular, wild: u[1].wild}
		}
		for i := range rowBytes / size {
			c.read(rows[first*rowBytes+i*size:][:size], &u[0])
			if second < n {
				c.read(rows[second*rowBytes+i*size:][:size], &u[1])
			}
			if order == inQuads {
				u[0].inQuads()
				if second < n {
					u[1].inQuads()
				}
			}
			if to := dst[(2*i+h)*half:][:half]; order == inColumns {
				c.putColumns(to, column, u)
			} else {
				c.put(to, column, u)
			}
		}
	}
	return !u[0].irregular && !u[1].irregular, !u[0].wild && !u[1].wild
}

// inQuads puts each four codes in the order k2, k0, k3, k1.
func (u *fileUnit) inQuads() {
	for i := 0; i < len(u.codes); i += 4 {
		q := u.codes[i : i+4 : i+4]
		q[0], q[1], q[2], q[3] = q[2], q[0], q[3], q[1]
	}
}

// put writes units as columns of a half.
func (c *coding) put(half []byte, column int, u *columnUnits) {
	head, size := c.headBytes(), c.codedBlockBytes()
	for i := range u {
		c.putScales(half, column+8*i, &u[i])
		for b := range c.blocks {
			if c.table == nil {
				putBytes(half[head+b*size+scaleBytes+2*(column+8*i):], u[i].codes[b*32:])
			}
		}
	}
	if c.table == nil {
		return
	}
	if c.blocks == 1 {
		rows := half[scaleBytes+2*column:]
		putNibbles(rows, rows[halfN/2*halfN:], u[0].codes[:16], u[1].codes[:16])
	}
	for b := 0; b+1 < c.blocks; b += 2 {
		rows := half[head+b*size+scaleBytes+2*column:]
		putNibbles(rows, rows[size:], u[0].codes[b*16:][:32], u[1].codes[b*16:][:32])
	}
}

func (c *coding) putScales(half []byte, column int, u *fileUnit) {
	head := c.headBytes()
	for i := range head / scaleBytes {
		binary.LittleEndian.PutUint16(half[i*scaleBytes+2*column:], u.head[i])
	}
	for b := range c.blocks {
		block := half[head+b*c.codedBlockBytes():]
		if head == 0 {
			block[2*column], block[2*column+1] = u.scales[b][0], u.scales[b][1]
		} else {
			block[column], block[halfN+column] = u.scales[b][0], u.scales[b][1]
		}
	}
}

// putBytes writes 32 codes as a column of 16 rows.
func putBytes(rows, codes []byte) {
	to, from := (*[15*pairLen + 2]byte)(rows), (*[32]byte)(codes)
	for i := range 16 {
		to[i*pairLen], to[i*pairLen+1] = from[2*i], from[2*i+1]
	}
}

// putNibbles writes the low halves of bytes to low and the high ones to high, in
// rows of two bytes; those of a in the low halves of what is written.
func putNibbles(low, high, a, b []byte) {
	for len(a) >= 2 && len(b) >= 2 {
		x, y := binary.LittleEndian.Uint16(a), binary.LittleEndian.Uint16(b)
		binary.LittleEndian.PutUint16(low, x&0x0f0f|y&0x0f0f<<4)
		binary.LittleEndian.PutUint16(high, x>>4&0x0f0f|y&0xf0f0)
		a, b = a[2:], b[2:]
		low, high = low[min(halfN, len(low)):], high[min(halfN, len(high)):]
	}
}
