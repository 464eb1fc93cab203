package kernel

import (
	"unsafe"

	"github.com/polymath-lm/polymath/tensor"
)

// attendTile is the number of rows of a tile of attend.
const attendTile = 16

// maxAttendDepth is the most blocks of 32 along a head that attend knows.
const maxAttendDepth = 4

// maxRun is the most blocks of keys that one call takes: it cannot be preempted.
const maxRun = 32

// attendArgs are the arguments of a path's attend, which does for tiles of rows
// and blocks of keys what Forward says, and keeps the scores in the first cache.
// Assembly knows the offsets.
type attendArgs struct {
	q        unsafe.Pointer // A
	blocks   *[maxRun + 2]attendBlock
	acc      unsafe.Pointer // [rows, head]
	max, sum unsafe.Pointer // by row
	scratch  unsafe.Pointer
	count    int // blocks; two more can be read
	tiles    int
	add      int // 0: acc is zero
	scale    float32
}

// attendBlock is a block of keys of a head.
type attendBlock struct {
	keys, values unsafe.Pointer // packed
	bounds       unsafe.Pointer // by row, the keys it sees; nil if all see all
}

// attendScratchLen is the size of the scratch of attend in float32: scores and
// weights of two tiles, two numbers by row, and sums of a tile.
func attendScratchLen(wide int) int {
	return attendTile * (2*KeyBlock + KeyBlock + 2 + attendTile + wide)
}

// attendScratch is what a worker needs for attend.
type attendScratch struct {
	op     func(*attendArgs) // nil if products are to be used
	args   attendArgs
	run    [maxRun + 2]attendBlock
	bounds [][2]int32
}

// attend returns the path's attend for so many rows, nil if products are to be
// used: there is none for the head size, or not a whole tile of rows.
func (s AttentionShape) attend(rows int) func(*attendArgs) {
	if rows <= attendTile || s.depth() >= len(cpu.attend) {
		return nil
	}
	return cpu.attend[s.depth()]
}

// packTiles prepares the tiles of attend and returns their rows: those after
// the last are zero.
func (t *attentionScratch) packTiles(j *forwardJob, span *Span, head, from, rows int) int {
	wide := j.depth() * BlockK
	tiles, size := ceilDiv(rows, attendTile), attendTile*wide
	t.q.data = grow(t.q.data, tiles*size/2)
	clear(t.q.data[(tiles-1)*size/2:])
	op := attendTileOp()
	for r, n := 0, 0; r < rows; r += n {
		var x *tensor.BF16
		var stride int
		x, stride, n = t.source(j, span, head, from, r)
		n = min(n, attendTile-r%attendTile, rows-r)
		at := r/attendTile*size + r%attendTile*BlockK
		op.pack(unsafe.Pointer(&t.q.data[at/2]), x, stride, n, j.depth())
	}
	t.s, t.acc = grow(t.s, attendScratchLen(wide)), grow(t.acc, tiles*size)
	clear(t.s)
	clear(t.acc)
	if n := maxRun * tiles * attendTile; cap(t.bounds) < n {
		t.bounds = make([][2]int32, 0, n) // never moves
	}
	return tiles * attendTile
}

// source returns where the queries from a row on are, how far apart, and how many
// of them lie so.
func (t *attentionScratch) source(j *forwardJob, span *Span, head, from, r int) (x *tensor.BF16, stride, n int) {
	group, dim, wide := j.group(), j.HeadDim, j.depth()*BlockK
	if dim < wide {
		return &t.rows[r*wide], wide, attendTile
	}
	x = &j.qkv[span.row(from+r/group)*j.width()+(head*group+r%group)*dim]
	if group == 1 {
		return x, j.width(), attendTile
	}
	return x, dim, group - r%group
}

// attendTileOp returns the path's operations on tiles of that size.
func attendTileOp() *tileOp {
	for i := range cpu.tiles {
		if cpu.tiles[i].rows == attendTile {
			return &cpu.tiles[i]
		}
	}
	panic("kernel: attention lacks tiles of its size")
}

// attend takes the blocks of keys [first, last) with the path's attend.
func (t *attentionScratch) attend(j *forwardJob, span *Span, head, from, to, first, last int) {
	t.args = attendArgs{
		q: unsafe.Pointer(&t.q.data[0]), blocks: &t.run,
		acc: unsafe.Pointer(&t.acc[0]), max: unsafe.Pointer(&t.max[0]), sum: unsafe.Pointer(&t.sum[0]),
		scratch: unsafe.Pointer(&t.s[0]), tiles: len(t.max) / attendTile, scale: j.Scale,
	}
	for b := first; b < last; b += t.args.count {
		t.gather(j, span, head, from, to, b, last)
		t.op(&t.args)
		t.args.add = 1
	}
	clear(t.run[:])
}

// gather makes a run of the blocks from b on: as many as a call takes, and one
// that has to be unpacked alone.
func (t *attentionScratch) gather(j *forwardJob, span *Span, head, from, to, b, last int) {
	t.bounds, t.args.count = t.bounds[:0], 0
	for t.args.count < min(maxRun, last-b) {
		at := b + t.args.count
		block := &span.Blocks[at]
		if block.BF16 == nil && t.args.count > 0 {
			break
		}
		run := &t.run[t.args.count]
		run.keys = unsafe.Pointer(&t.keys(j, block, head)[0])
		run.values = unsafe.Pointer(&t.values(j, block, head)[0])
		run.bounds = t.bound(j, span, from, to, at)
		t.args.count++
		if block.BF16 == nil {
			break
		}
	}
	end := t.run[t.args.count-1]
	t.run[t.args.count], t.run[t.args.count+1] = end, end
}

// bound returns the bounds of all rows in a block of keys, nil if they see all.
func (t *attentionScratch) bound(j *forwardJob, span *Span, from, to, b int) unsafe.Pointer {
	if j.seeAll(span, from, to, b) {
		return nil
	}
	first := len(t.bounds)
	for position := from; position < to; position++ {
		lo, hi := j.visible(span, position, b)
		for range j.group() {
			t.bounds = append(t.bounds, [2]int32{int32(lo), int32(hi)})
		}
	}
	for len(t.bounds)%attendTile > 0 { // rows that are none
		t.bounds = append(t.bounds, [2]int32{})
	}
	return unsafe.Pointer(&t.bounds[first])
}
