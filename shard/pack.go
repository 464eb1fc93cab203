package shard

import (
	"cmp"
	"slices"
)

// openRows is the number of rows that pack fills at a time. It is part of the
// definition of the order.
const openRows = 32

// piece is the part of a document that a packed row holds: n tokens of its place,
// from token at on.
type piece struct {
	doc   int64
	at, n int32
}

// openRow is a row that is being packed.
type openRow struct {
	pieces []piece
	room   int32
}

// pack puts the documents of a stage, in their order, into rows: each into the
// fullest of the open rows that has room for it, or into a new one. Where that is
// one too many, the fullest is closed.
func (o *Order) pack(t *stream) {
	if o.packed == nil {
		o.packed = [][]piece{}
	}
	var open []*openRow
	for place := range int64(t.docs.n) {
		for _, p := range o.pieces(t, place) {
			r := fullest(open, p.n)
			if r == nil {
				r = &openRow{room: int32(o.seqLen)}
				open = append(open, r)
			}
			r.pieces = append(r.pieces, p)
			if r.room -= p.n; len(open) > openRows {
				open = o.closeFullest(open)
			}
		}
	}
	for len(open) > 0 {
		open = o.closeFullest(open)
	}
	t.rows = int64(len(o.packed)) - t.before
}

// fullest returns the fullest row that has room for n tokens, or nil.
func fullest(open []*openRow, n int32) (best *openRow) {
	for _, r := range open {
		if r.room >= n && (best == nil || r.room < best.room) {
			best = r
		}
	}
	return best
}

// pieces returns what rows hold of a place of the stream: with a mask one piece,
// without as many as the document is rows long. It is none of a document on the
// other side of the split, or that begins with a picture longer than a row.
func (o *Order) pieces(t *stream, place int64) (list []piece) {
	number := t.doc(place)
	if !o.set.Holds(number) {
		return nil
	}
	if o.set.manifest.Masked {
		if n := o.packedLen(number); n > 0 {
			list = append(list, piece{doc: number, n: int32(n)})
		}
		return list
	}
	for at, left := int64(0), o.length(t, place); left > 0; {
		n := min(left, int64(o.seqLen))
		list = append(list, piece{doc: number, at: int32(at), n: int32(n)})
		at, left = at+n, left-n
	}
	return list
}

func (o *Order) closeFullest(open []*openRow) []*openRow {
	full := 0
	for i, r := range open {
		if r.room < open[full].room {
			full = i
		}
	}
	o.packed = append(o.packed, open[full].pieces)
	return slices.Delete(open, full, full+1)
}

// packedRow fills row with pieces of documents.
func (o *Order) packedRow(row *Row, pieces []piece) {
	row.reset(o.seqLen)
	filled := 0
	for _, p := range pieces {
		if o.set.manifest.Masked {
			o.readMasked(row, filled, p)
		} else {
			o.read(row, filled, p.doc, int(p.at), int(p.n))
		}
		filled += int(p.n)
	}
	row.pad(filled, o.set.manifest.EndOfText)
}

// readMasked puts a document with a mask into the row.
func (o *Order) readMasked(row *Row, filled int, p piece) {
	f, doc := o.set.locate(p.doc)
	n := int(p.n)
	targets := row.Targets[filled : filled+n]
	f.Read(row.Tokens[filled:filled+n], doc, 0)
	f.Read(targets, doc, 1)
	f.Unmark(targets, doc, 1)
	row.Spans = append(row.Spans, Span{Start: filled, Len: n})
	row.Docs = append(row.Docs, DocRef{ID: f.ID(doc), Doc: p.doc, Offset: 1})
}

// packedRowsOf is RowsOf of an order that packs.
func (o *Order) packedRowsOf(dst []int64, t *stream, doc, e int64) []int64 {
	type found struct {
		at  int32
		row int64
	}
	var list []found
	for row := t.before; row < t.before+t.rows; row++ {
		for _, p := range o.packed[row] {
			if p.doc == doc {
				list = append(list, found{p.at, row - t.before})
			}
		}
	}
	slices.SortFunc(list, func(a, b found) int { return cmp.Compare(a.at, b.at) })
	rows := o.epoch(t, e).rows
	for i, f := range list {
		if i == 0 || f.row != list[i-1].row {
			dst = append(dst, e*o.Rows()+t.before+rows.inverse(f.row))
		}
	}
	return dst
}

// packedLen returns how many tokens of a document its row takes: all, or those
// that fit, of which a part of a picture is none.
func (o *Order) packedLen(number int64) int {
	f, doc := o.set.locate(number)
	n := f.Len(doc) - 1
	if n <= o.seqLen {
		return n
	}
	n = o.seqLen
	if o.set.pictures == nil {
		return n
	}
	tokens := make([]int32, n)
	f.Read(tokens, doc, 0)
	runs, at := o.set.pictures.runs(nil, number), 0
	for i, t := range tokens {
		if t != o.set.manifest.Pictures.ImageToken || i < at {
			continue
		}
		if at = i + runs[0]; at > n {
			return i
		}
		runs = runs[1:]
	}
	return n
}
