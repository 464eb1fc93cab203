package kernel

import (
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// operand is the row operand A of a product in scratch: rows in tiles, all
// but the last of the path's largest size.
type operand struct {
	data   []float32
	edge   []tensor.BF16 // a ragged tile's rows, with zeros beyond K
	args   tileArgs
	full   tileOp
	last   tileOp
	fulls  int
	rest   int // rows in the last tile, 0 if there is none
	padded int // rows of all tiles
	depth  int // blocks along K

	ahead aheadArgs // what the next call of mul is to bring nearer

	mildness int8 // 1: it is mild, -1: it is not, 0: not known
}

// shape prepares o for rows of k values.
func (o *operand) shape(rows, k int) {
	o.data = grow(o.data, o.tiled(rows, k)/4)
	o.ahead, o.mildness = aheadArgs{}, 0
}

// tiled divides rows of k values into tiles and returns their size in bytes.
func (o *operand) tiled(rows, k int) (size int) {
	tiles := cpu.tiles
	o.full = tiles[len(tiles)-1]
	o.fulls, o.rest = rows/o.full.rows, rows%o.full.rows
	o.padded = o.fulls * o.full.rows
	o.last = tileOp{}
	if o.rest > 0 {
		for _, o.last = range tiles {
			if o.last.rows >= o.rest {
				break
			}
		}
		o.padded += o.last.rows
	}
	o.depth = ceilDiv(k, BlockK)
	return o.fulls*o.tileBytes(&o.full) + o.tileBytes(&o.last)
}

// tileBytes is the size of a tile's A.
func (o *operand) tileBytes(op *tileOp) int { return op.rows * o.depth * BlockK * op.aBytes }

// sums returns the number of sums of one panel, rows beyond the last included.
func (o *operand) sums() int { return o.padded * PanelN }

// tile returns the tile that begins with a row.
func (o *operand) tile(row int) (op *tileOp, rows int, at unsafe.Pointer) {
	number := row / o.full.rows
	at = unsafe.Add(unsafe.Pointer(&o.data[0]), number*o.tileBytes(&o.full))
	if number < o.fulls {
		return &o.full, o.full.rows, at
	}
	return &o.last, o.rest, at
}

// pack makes o from rows of k values of x.
func (o *operand) pack(x []tensor.BF16, stride, rows, k int) {
	o.shape(rows, k)
	o.packFrom(0, x, stride, rows, k)
}

// packFrom is pack of the rows from the first of a tile on, after shape.
func (o *operand) packFrom(row int, x []tensor.BF16, stride, rows, k int) {
	for row < rows {
		op, n, at := o.tile(row)
		if k%BlockK == 0 {
			op.pack(at, &x[row*stride], stride, n, o.depth)
		} else {
			wide := o.depth * BlockK
			o.edge = grow(o.edge, n*wide)
			clear(o.edge)
			for r := range n {
				copy(o.edge[r*wide:][:k], x[(row+r)*stride:])
			}
			op.pack(at, &o.edge[0], wide, n, o.depth)
		}
		row += n
	}
}

// packT makes o from the transpose of x: k rows, a multiple of 32, of rows
// values. 32 values after the last one must be readable.
func (o *operand) packT(x []tensor.BF16, stride, rows, k int) {
	o.shape(rows, k)
	o.packTBlocks(x, stride, 0, o.depth)
}

// packTBlocks is packT of the blocks [from, to) along K, which x begins with,
// after shape.
func (o *operand) packTBlocks(x []tensor.BF16, stride, from, to int) {
	step := 1 // x is read in the order in which it lies
	if !cpu.packsFar {
		step = to - from
	}
	for block := from; block < to; block += step {
		for row := 0; row < o.fulls*o.full.rows+o.rest; {
			op, n, at := o.tile(row)
			at = unsafe.Add(at, block*op.rows*BlockK*op.aBytes)
			op.packT(at, &x[(block-from)*BlockK*stride+row], stride, n, step)
			row += n
		}
	}
}

// sumsAs is where a product leaves its sums: rows and panels of 32 columns in
// a slice, so many elements apart. With y, whole tiles of rows leave as bfloat16
// in rows of y instead, so many elements apart, by way of rows.
type sumsAs struct {
	row, panel int
	from       int // the row, the first of a tile, with which the product begins
	y          []tensor.BF16
	yRow       int
	rows       []float32
}

// panelSums has one panel after the other.
func (o *operand) panelSums() sumsAs { return sumsAs{row: PanelN, panel: o.sums()} }

// rowSums has rows of panels.
func rowSums(panels int) sumsAs { return sumsAs{row: panels * PanelN, panel: PanelN} }

// nearBytes is the size of weights that are still in the second cache when
// tiles of another size meet them.
const nearBytes = 256 << 10

// oneStep reports whether mul goes through all of K at once.
func (o *operand) oneStep() bool { return cpu.kc == 0 || o.depth*BlockK <= cpu.kc }

// mul computes c (+)= A · b, b being panels that are panelLen apart.
func (o *operand) mul(c []float32, as sumsAs, b []tensor.BF16, panels, panelLen int, add bool) {
	step := o.depth
	if cpu.kc > 0 {
		step = min(step, cpu.kc/BlockK)
	}
	batch := cpu.callWork / (o.padded * PanelN * step * BlockK)
	if o.fulls > 0 && o.rest > 0 {
		batch = min(batch, nearBytes/(step*blockLen*2))
	}
	batch = max(1, batch)
	for first := 0; first < panels; first += batch {
		o.args = tileArgs{
			panels: min(batch, panels-first), bPanel: panelLen * 2,
			cPanel: as.panel * 4, cRow: as.row * 4, marks: o.args.marks,
		}
		for block := 0; block < o.depth; block += step {
			o.args.kb = min(step, o.depth-block)
			o.args.b = unsafe.Pointer(&b[first*panelLen+block*blockLen])
			o.args.y = nil
			if as.y != nil && block+step >= o.depth {
				o.args.y, o.args.yRow = unsafe.Pointer(&as.y[first*PanelN]), as.yRow*2
				o.args.rows = unsafe.Pointer(&as.rows[0])
			}
			o.mulRows(as.from, block, unsafe.Pointer(&c[first*as.panel]), add || block > 0)
		}
	}
}

// mulRows multiplies the tiles from a row on by the weights that args has, which
// meet A from a block of K on.
func (o *operand) mulRows(row, block int, c unsafe.Pointer, add bool) {
	if add {
		o.args.add = 1
	}
	if tiles := o.fulls - row/o.full.rows; tiles > 0 {
		o.mulTiles(row, tiles, block, c)
	}
	if o.rest > 0 {
		o.args.y = nil
		o.mulTiles(o.fulls*o.full.rows, 1, block, c)
	}
}

// mulTiles multiplies equal tiles from a row on.
func (o *operand) mulTiles(row, tiles, block int, c unsafe.Pointer) {
	op, _, a := o.tile(row)
	t := &o.args
	t.tiles = tiles
	t.aTile = o.tileBytes(op)
	t.cTile = op.rows * t.cRow
	t.a = unsafe.Add(a, block*op.rows*BlockK*op.aBytes)
	t.c = unsafe.Add(c, row*t.cRow)
	t.ahead = o.ahead
	o.ahead = o.ahead.after(t)
	if t.y == nil {
		op.mul(t)
		return
	}
	t.yTile = op.rows * t.yRow
	op.mulRound(t)
}
