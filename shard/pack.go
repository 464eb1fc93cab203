package shard

import "slices"

// openRows is the number of rows that pack fills at a time. It is part of the
// definition of the order.
const openRows = 32

// openRow is a row that is being packed.
type openRow struct {
	docs []int64
	room int64
}

// pack puts the documents, in their order, into rows: each into the fullest of
// the open rows that has room for it, or into a new one. Where that is one too
// many, the fullest is closed.
func (o *Order) pack() {
	var open []*openRow
	t := &o.streams[0]
	for place := range int64(t.docs.n) {
		length := int64(0)
		if number := t.doc(place); o.set.Holds(number) {
			length = int64(o.packedLen(number))
		}
		if length == 0 {
			continue // on the other side of the split, or it begins with a picture longer than a row
		}
		var best *openRow
		for _, r := range open {
			if r.room >= length && (best == nil || r.room < best.room) {
				best = r
			}
		}
		if best == nil {
			best = &openRow{room: int64(o.seqLen)}
			open = append(open, best)
		}
		best.docs = append(best.docs, t.doc(place))
		best.room -= length
		if len(open) > openRows {
			open = o.closeFullest(open)
		}
	}
	for len(open) > 0 {
		open = o.closeFullest(open)
	}
}

func (o *Order) closeFullest(open []*openRow) []*openRow {
	full := 0
	for i, r := range open {
		if r.room < open[full].room {
			full = i
		}
	}
	o.packed = append(o.packed, open[full].docs)
	return slices.Delete(open, full, full+1)
}

// packedRow fills row with whole documents.
func (o *Order) packedRow(row *Row, docs []int64) {
	row.reset(o.seqLen)
	filled := 0
	for _, number := range docs {
		f, doc := o.set.locate(number)
		n := o.packedLen(number)
		targets := row.Targets[filled : filled+n]
		f.Read(row.Tokens[filled:filled+n], doc, 0)
		f.Read(targets, doc, 1)
		f.Unmark(targets, doc, 1)
		row.Spans = append(row.Spans, Span{Start: filled, Len: n})
		row.Docs = append(row.Docs, DocRef{ID: f.ID(doc), Doc: number, Offset: 1})
		filled += n
	}
	row.pad(filled, o.set.manifest.EndOfText)
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
