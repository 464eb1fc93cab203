package kernel

import (
	"fmt"

	"github.com/polymath-lm/polymath/tensor"
)

// coding is a format of blocks as panels store it.
//
// Along K a panel is units of one or eight blocks of 32. A unit is two halves
// of 16 columns; a half is its head and its blocks; a block is 32 bytes of
// scales and 16 rows of codes, a row being a pair of each column, in the order
// of Packed: the 32 numbers of a row take 32 bytes, or 16, which have the
// first 16 numbers in their low halves and the others in the high ones. A path
// may have the codes of two rows in another order: see codeOrder.
//
// A number is scale*q - offset, each operation rounded to fp32, and then
// rounded to bf16. The products are exact, so that multiplying and subtracting
// at once gives the same.
type coding struct {
	dtype  tensor.DType
	index  int       // in codings, and of decodeOps
	blocks int       // of a unit
	table  *[16]int8 // q of a code of 4 bits; nil: a code is a signed byte, q
	scales scaling
	read   func(src []byte, u *fileUnit) // a unit of one row of the file
}

// scaling is how a block of a half has its scales, for each of 16 columns.
type scaling int

const (
	scalesF16    scaling = iota // [16] F16
	scalesBF16                  // [16] BF16
	scalesOffset                // head [16] F16 d, [16] F16 min; block [16] s, [16] m: d*s, min*m
	scalesTwo                   // head [16] F16 d; block [2][16] signed s: d*s, for 16 along K each
)

const (
	formatQ8_0 = iota
	formatQ4_0
	formatMXFP4
	formatQ4K
	formatQ5K
	formatQ6K
	numFormats
)

// The numbers that codes of 4 bits stand for; those of MXFP4 are twice as large.
var (
	tableQ4_0  = [16]int8{-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7}
	tableQ4K   = [16]int8{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	tableMXFP4 = [16]int8{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}
)

var codings = [numFormats]coding{
	formatQ8_0:  {dtype: tensor.DTypeQ8_0, blocks: 1, scales: scalesF16, read: readQ8_0},
	formatQ4_0:  {dtype: tensor.DTypeQ4_0, blocks: 1, scales: scalesF16, table: &tableQ4_0, read: readQ4_0},
	formatMXFP4: {dtype: tensor.DTypeMXFP4, blocks: 1, scales: scalesBF16, table: &tableMXFP4, read: readMXFP4},
	formatQ4K:   {dtype: tensor.DTypeQ4K, blocks: 8, scales: scalesOffset, table: &tableQ4K, read: readQ4K},
	formatQ5K:   {dtype: tensor.DTypeQ5K, blocks: 8, scales: scalesOffset, read: readQ5K},
	formatQ6K:   {dtype: tensor.DTypeQ6K, blocks: 8, scales: scalesTwo, read: readQ6K},
}

func init() {
	for i := range codings {
		codings[i].index = i
	}
}

// codingOf returns nil for the formats that are stored as bf16. It panics for
// one that is no weight's.
func codingOf(d tensor.DType) *coding {
	switch d {
	case tensor.DTypeBF16, tensor.DTypeF16, tensor.DTypeF32:
		return nil
	}
	for i := range codings {
		if codings[i].dtype == d {
			return &codings[i]
		}
	}
	panic(fmt.Sprintf("kernel: weights of format %s", d))
}

const scaleBytes = 32 // of a block of a half

// headBytes is the size of a half's upper scales.
func (c *coding) headBytes() int {
	switch c.scales {
	case scalesOffset:
		return 64
	case scalesTwo:
		return 32
	}
	return 0
}

// rowBytes is the size of 32 codes.
func (c *coding) rowBytes() int {
	if c.table != nil {
		return pairLen / 2
	}
	return pairLen
}

func (c *coding) codedBlockBytes() int { return scaleBytes + BlockK/2*c.rowBytes() }

func (c *coding) halfBytes() int { return c.headBytes() + c.blocks*c.codedBlockBytes() }
