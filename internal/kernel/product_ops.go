package kernel

import (
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

//go:generate go run ./gen/product .

// Sizes of the packed layout.
const (
	// BlockK is the number of products in one step of a sum (see MatMul).
	BlockK = 32
	// PanelN is the number of columns of one panel of packed weights.
	PanelN = 32

	halfN    = PanelN / 2
	blockLen = BlockK * PanelN // elements of one block of a panel
	halfLen  = blockLen / 2    // elements of one half of it: 16 columns
	pairLen  = 2 * halfN       // elements of a pair of all columns of a half
)

// productOps are the primitives of a matrix product.
//
// The row operand A of a product is first written into scratch in the form
// that the path multiplies fastest, a tile of rows at a time; the weights B
// are packed already, and the sums C are fp32 in scratch, 32 columns a row.
type productOps struct {
	tiles []tileOp // by rows, ascending

	budgetA int // bytes of A that a worker keeps in its cache
	// Where a tile is multiplied so fast that the caches are what limits, nearRows
	// rows of A at a time stay near, nearA bytes of them, while nearB bytes of
	// weights come from the second cache; 0 if not.
	nearRows, nearA, nearB int
	kc                     int // length of K that a tile multiplies at a time, 0 for all
	maxRows                int // most rows of A in scratch

	// callWork is the number of products in one call of assembly, which cannot
	// be preempted: some tens of microseconds.
	callWork int

	gradRows, gradCols, gradK int // tile of MatMulGrad
	// packsFar says that packT is as fast with rows that are far apart, block by
	// block, and reads nothing beyond tiles that are whole, so that those need not be
	// copied.
	packsFar bool
	// gradStrip rows of a gradient at a time, whose A stays in the first cache, are
	// added to where they are; 0: all of an item's, in scratch.
	gradStrip int

	queries int // rows of a tile of attention: queries times heads of a group

	// packRows writes one half of kb blocks of a panel (dst, blocks blockLen
	// apart) from 16 rows of 32*kb values.
	packRows func(dst, src *tensor.BF16, stride, kb int)
	// packCols writes the halves of one block of consecutive panels (dst,
	// panels panelStride apart) from 32 rows of 16*halves values.
	packCols func(dst *tensor.BF16, panelStride int, src *tensor.BF16, stride, halves int)
	// round writes 32 columns of sums to rows of y.
	round func(y *tensor.BF16, stride int, c *float32, rows int)

	peakOps
}

// tileOp multiplies tiles of a fixed number of rows.
type tileOp struct {
	rows   int
	aBytes int // bytes of one element of A in scratch
	// pack writes the tile's A from rows (at most the tile's) of 32*kb values.
	// The other rows of the tile may hold anything: so do their sums then.
	pack func(dst unsafe.Pointer, src *tensor.BF16, stride, rows, kb int)
	// packT is pack from the transpose: 32*kb rows of cols values. It may read
	// up to 64 bytes beyond the last value of a row.
	packT func(dst unsafe.Pointer, src *tensor.BF16, stride, cols, kb int)
	mul   func(t *tileArgs)
	// mulRound is mul that leaves the sums as bfloat16 in Y, and reads C only if
	// it adds; nil where a path has none.
	mulRound func(t *tileArgs)
}

// tileArgs are the arguments of tileOp.mul; assembly knows their offsets.
//
// For each panel and each tile of rows: C (+)= A B over kb blocks.
type tileArgs struct {
	a, b, c unsafe.Pointer
	kb      int // blocks along K
	panels  int
	tiles   int
	aTile   int // bytes between tiles of A
	bPanel  int // bytes between panels of B
	cTile   int // bytes between tiles of C
	cPanel  int // bytes between panels of C
	cRow    int // bytes between rows of C
	add     int // 0: C starts at zero, 1: at what it holds

	marks []uint8 // by panel, part of it and tile: not 0 if to be done again

	// of mulRound
	y     unsafe.Pointer
	yRow  int            // bytes between rows of Y
	yTile int            // bytes between tiles of Y
	rows  unsafe.Pointer // memory for a tile of sums

	ahead aheadArgs
}

// aheadArgs tell a tile's code what is needed after it and may come nearer
// meanwhile: two lines for each block of K, so many bytes apart. Any address will
// do.
type aheadArgs struct {
	at   uintptr
	line int
}

// after returns what is left when t is done.
func (a aheadArgs) after(t *tileArgs) aheadArgs {
	a.at += uintptr(t.tiles * t.panels * 2 * t.kb * a.line)
	return a
}
