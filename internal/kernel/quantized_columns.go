package kernel

import (
	"encoding/binary"
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// codeOrder is the order in which a block of a half has its codes.
type codeOrder int8

const (
	// inPairs: rows of a pair of each column (see coding).
	inPairs codeOrder = iota
	// inQuads: rows of k2, k0 of each column and then of k3, k1.
	inQuads
	// inColumns: the 32 codes of a column lie together. Of four bits they are 32
	// words for each four columns, the first in the lowest bits; see biased for
	// signed bytes with one scale.
	inColumns
)

// columnsOps are for few rows of A and weights in columns; nil where a path has
// none.
type columnsOps struct {
	mulColumns       [numFormats]func(t *columnsArgs)
	oneRow, moreRows *[64]byte // tile configurations
}

// maxColumnsRows is the most rows that mulColumns takes, and what it takes if
// there are two or more.
const maxColumnsRows = 16

// columnsArgs are the arguments of mulColumns; assembly knows their offsets.
//
// It adds to the sums of a panel: two halves of 16 columns, each of some rows.
type columnsArgs struct {
	sums    unsafe.Pointer
	sumRow  int            // bytes between columns
	sumHalf int            // bytes between halves
	x       unsafe.Pointer // [block][16 pairs][rows][2]
	xRow    int            // bytes between pairs
	xBlock  int            // bytes between blocks
	src     *byte
	units   int
	tiles   unsafe.Pointer // memory for two blocks and their scales
	config  *[64]byte
}

// fewRows are rows of x as mulColumns takes them.
type fewRows struct {
	x            *tensor.BF16
	stride, rows int
	packed       bool

	buffer []tensor.BF16 // more than one row
	edge   [maxColumnsRows * BlockK]tensor.BF16
	sums   [3][maxColumnsRows * halfN]float32 // of the halves, and of one by rows
	args   columnsArgs
}

// set takes rows, which setX packs if they are needed.
func (f *fewRows) set(x []tensor.BF16, stride, rows int) {
	f.x, f.stride, f.rows, f.packed = &x[0], stride, rows, false
}

// setX sets the arguments for x, of so many blocks.
func (f *fewRows) setX(blocks int) {
	if f.rows == 1 {
		f.args.x, f.args.xRow, f.args.xBlock = unsafe.Pointer(f.x), 4, 2*BlockK
		f.args.config = cpu.oneRow
		return
	}
	if !f.packed {
		f.packed = true
		f.pack(blocks)
	}
	f.args.x, f.args.xRow, f.args.xBlock = unsafe.Pointer(&f.buffer[0]), 2*pairLen, 2*halfLen
	f.args.config = cpu.moreRows
}

func (f *fewRows) pack(blocks int) {
	f.buffer = grow(f.buffer, blocks*halfLen)
	x := unsafe.Slice(f.x, (f.rows-1)*f.stride+blocks*BlockK)
	for block := range blocks {
		for r := range f.rows {
			copy(f.edge[r*BlockK:][:BlockK], x[r*f.stride+block*BlockK:])
		}
		cpu.packRows(&f.buffer[block*halfLen], &f.edge[0], BlockK, 1)
	}
}

// fewBytes is the size of a worker's buffers for few rows.
func fewBytes() int {
	if cpu.oneRow == nil {
		return 0
	}
	return cpu.budgetA / (cpu.tiles[len(cpu.tiles)-1].rows * BlockK * 2) * halfLen * 2
}

// mulColumns computes c (+)= x · b for a panel in columns, from a block of K on.
func (s *scratch) mulColumns(c []float32, panel *storedPanel, block int, add bool) {
	f, unit := &s.few, panel.coding.blocks
	f.setX(s.a.depth)
	s.b = grow(s.b, 4*blockLen)
	f.args.tiles = unsafe.Pointer(&s.b[0])
	f.args.src, f.args.units = &panel.data[block/unit*2*panel.coding.halfBytes()], s.a.depth/unit
	if !add {
		clear(c[:f.rows*PanelN])
	}
	if f.rows == 1 {
		f.args.sums, f.args.sumRow, f.args.sumHalf = unsafe.Pointer(&c[0]), 4, 4*halfN
		cpu.mulColumns[panel.coding.index](&f.args)
		return
	}
	f.args.sums, f.args.sumRow = unsafe.Pointer(&f.sums), 4*maxColumnsRows
	f.args.sumHalf = 4 * len(f.sums[0])
	rows := &f.sums[2]
	for h := range 2 {
		for r := range f.rows {
			copy(rows[r*halfN:][:halfN], c[r*PanelN+h*halfN:])
		}
		transposeSums(&f.sums[h], rows)
	}
	cpu.mulColumns[panel.coding.index](&f.args)
	for h := range 2 {
		transposeSums(rows, &f.sums[h])
		for r := range f.rows {
			copy(c[r*PanelN+h*halfN:][:halfN], rows[r*halfN:])
		}
	}
}

// transposeSums transposes sums of a half: packing takes pairs of bf16 for wholes.
func transposeSums(dst, src *[maxColumnsRows * halfN]float32) {
	cpu.packRows((*tensor.BF16)(unsafe.Pointer(dst)), (*tensor.BF16)(unsafe.Pointer(src)), 2*halfN, 1)
}

// columnsFit reports whether the primitives for columns, of which those for 4 bits
// add to exponents and those for 8 bits subtract, make a panel's numbers.
func (p *storedPanel) columnsFit() bool {
	switch p.coding.index {
	case formatQ8_0, formatQ4_0:
		return p.regular // no block of Q4_0 has a scale of 0: see readQ4_0
	case formatMXFP4:
		return p.mild
	}
	return true
}

// biased reports whether a block in columns has q+128, and two columns together: see
// biasedPlace.
func (c *coding) biased() bool { return c.table == nil && c.scales == scalesF16 }

// biasedPlace is where code k of a column is: each 16 bytes of 64 have four of the
// first half of a column, four of its second and the same of the next column.
func biasedPlace(column, k int) int {
	return column/2*2*BlockK + k%16/4*16 + column%2*8 + k/16*4 + k%4
}

// columnCode returns code k of a column of a block.
func (c *coding) columnCode(codes []byte, column, k int) int8 {
	switch {
	case c.biased():
		return int8(codes[biasedPlace(column, k)] - 128)
	case c.table == nil:
		return int8(codes[column*BlockK+k])
	}
	word := binary.LittleEndian.Uint16(codes[column/4*2*BlockK+2*k:])
	return c.table[word>>(column%4*4)&15]
}

// putColumns is put for the order of columns.
func (c *coding) putColumns(half []byte, column int, u *columnUnits) {
	head, size := c.headBytes(), c.codedBlockBytes()
	for i := range u {
		at := column + 8*i
		c.putScales(half, at, &u[i])
		for b := range c.blocks {
			codes := half[head+b*size+scaleBytes:]
			switch {
			case c.biased():
				putBiased((*[2 * BlockK]byte)(codes[at/2*2*BlockK:]), at%2, &u[i])
			case c.table == nil:
				copy(codes[at*BlockK:][:BlockK], u[i].codes[b*BlockK:])
			case c.blocks == 1: // the two halves of a block
				words := codes[at/4*2*BlockK:]
				putNibbleWords(words, words[BlockK:], u[i].codes[:16], at%4)
			case b%2 == 0: // a block and the next
				words := codes[at/4*2*BlockK:]
				putNibbleWords(words, words[size:], u[i].codes[b*16:][:32], at%4)
			}
		}
	}
}

// putBiased puts the codes of one of two columns where biasedPlace says.
func putBiased(dst *[2 * BlockK]byte, column int, u *fileUnit) {
	from := (*[BlockK]byte)(u.codes[:])
	for i := range 4 {
		first, second := binary.LittleEndian.Uint32(from[4*i:]), binary.LittleEndian.Uint32(from[16+4*i:])
		binary.LittleEndian.PutUint64(dst[16*i+8*column:], (uint64(first)|uint64(second)<<32)^0x8080808080808080)
	}
}

// putNibbleWords puts the low halves of bytes into words at low, and the high ones
// into those at high, as nibble number i.
func putNibbleWords(low, high, codes []byte, i int) {
	const nibbles = 0x000f000f000f000f
	for ; len(codes) >= 4; codes = codes[4:] {
		x := uint64(binary.LittleEndian.Uint32(codes))
		x = (x | x<<16) & 0x0000ffff0000ffff
		x = (x | x<<8) & 0x00ff00ff00ff00ff
		binary.LittleEndian.PutUint64(low, eight(low)|x&nibbles<<(4*i))
		binary.LittleEndian.PutUint64(high, eight(high)|x>>4&nibbles<<(4*i))
		low, high = low[min(8, len(low)):], high[min(8, len(high)):]
	}
}
