package kernel

import "unsafe"

// attendTile is the number of rows of a tile of attend.
const attendTile = 16

// maxAttendDepth is the most blocks of 32 along a head that attend knows.
const maxAttendDepth = 4

// attendArgs are the arguments of a path's attend, which does for tiles of rows
// and one block of keys what Forward says, and keeps the scores in the first
// cache. Assembly knows the offsets.
type attendArgs struct {
	q            unsafe.Pointer // A; a tile after the last is read
	keys, values unsafe.Pointer // packed
	acc          unsafe.Pointer // [rows, head]
	max, sum     unsafe.Pointer // by row
	bounds       unsafe.Pointer // by row of the tiles that are masked, the keys it sees
	next         unsafe.Pointer // keys and values that will be read next
	scratch      unsafe.Pointer
	tiles        int
	masked       int // the first tiles, after which all rows see all keys
	add          int // 0: acc is zero
	scale        float32
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

// packTiles prepares the tiles of attend from the queries in rows, and returns
// their rows: those after the last are zero.
func (t *attentionScratch) packTiles(rows, wide int) int {
	var op *tileOp
	for i := range cpu.tiles {
		if cpu.tiles[i].rows == attendTile {
			op = &cpu.tiles[i]
		}
	}
	tiles, size := ceilDiv(rows, attendTile), attendTile*wide
	t.q.data = grow(t.q.data, (tiles+1)*size/2)
	clear(t.q.data[(tiles-1)*size/2:])
	for i := range tiles {
		op.pack(unsafe.Pointer(&t.q.data[i*size/2]), &t.rows[i*size], wide, min(attendTile, rows-i*attendTile), wide/BlockK)
	}
	t.s = grow(t.s, attendScratchLen(wide))
	clear(t.s)
	t.acc = grow(t.acc, tiles*size)
	clear(t.acc)
	return tiles * attendTile
}

// attend takes a block of keys with the path's attend.
func (t *attentionScratch) attend(j *forwardJob, span *Span, head, from, to, b int) {
	block, wide := &span.Blocks[b], j.depth()*BlockK
	row := j.blind(from, b) * j.group() / attendTile * attendTile
	keys, values := t.keys(j, block, head), t.values(j, block, head)
	t.args = attendArgs{
		q:    unsafe.Pointer(&t.q.data[row*wide/2]),
		keys: unsafe.Pointer(&keys[0]), values: unsafe.Pointer(&values[0]),
		acc: unsafe.Pointer(&t.acc[row*wide]),
		max: unsafe.Pointer(&t.max[row]), sum: unsafe.Pointer(&t.sum[row]),
		next: unsafe.Pointer(&keys[0]), scratch: unsafe.Pointer(&t.s[0]),
		tiles: (len(t.max) - row) / attendTile,
		scale: j.Scale,
	}
	if b > j.AttentionShape.first(from)/KeyBlock {
		t.args.add = 1
	}
	if next := b + 1; next*KeyBlock < j.end(span, to-1) && span.Blocks[next].BF16 != nil {
		t.args.next = unsafe.Pointer(&span.Blocks[next].BF16[head*j.headLen()])
	}
	if !j.seeAll(span, from, to, b) {
		t.bound(j, span, from, to, b, row)
	}
	t.op(&t.args)
}

// bound sets the bounds of the rows from one on, as far as tiles have rows that
// do not see all keys.
func (t *attentionScratch) bound(j *forwardJob, span *Span, from, to, b, row int) {
	t.bounds = t.bounds[:0]
	group := j.group()
	for ; row < len(t.max) && !j.seeAll(span, min(from+row/group, to-1), to, b); row += attendTile {
		last, bound := -1, [2]int32{}
		for r := row; r < row+attendTile; r++ {
			if position := from + r/group; position != last {
				lo, hi := j.visible(span, position, b)
				last, bound = position, [2]int32{int32(lo), int32(hi)}
			}
			t.bounds = append(t.bounds, bound)
		}
		t.args.masked++
	}
	t.args.bounds = unsafe.Pointer(unsafe.SliceData(t.bounds))
}
