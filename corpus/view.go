package corpus

import (
	"context"
	"errors"
	"io"

	"github.com/polymath-lm/polymath/corpus/segment"
)

// view is the documents as the stages so far left them.
type view struct {
	*ingested
	// output is the hash of all that the stages so far left.
	output string
	// exact and near are the documents that are there twice; nil before that stage.
	exact, near *duplicates
	clusters    Clusters
	// edits are what stages changed, in their order.
	edits []*edits
}

func (v *view) close() {
	for _, d := range []*duplicates{v.exact, v.near} {
		if d != nil {
			_ = d.close() // it was only read
		}
	}
}

// entry is one document of a view.
type entry struct {
	number uint32
	source int
	fact   fact
	record *segment.Record
	text   []byte
	bands  []uint64
	// gone says why a document that ingest kept does not stay: "exact", "near" or
	// the name of a stage that edits; "" if it stays or was dropped before.
	gone string
	// keeper is the document that stays in the place of a duplicate.
	keeper uint32
}

// stays reports whether the document is still there.
func (e *entry) stays() bool { return e.fact.kept() && e.gone == "" }

// Reasons for which a document goes after it was kept.
const (
	goneExact = "exact"
	goneNear  = "near"
)

// each calls do with the documents of a segment in order. What entries hold lasts
// until do returns.
func (v *view) each(ctx context.Context, number int, parts segment.Parts, do func(*entry) error) error {
	r, err := segment.Open(v.dir, number, parts)
	if err != nil {
		return err
	}
	defer r.Close()
	changes, err := v.changes(number, parts.Text)
	if err != nil {
		return err
	}
	defer closeAll(changes)
	var rec segment.Record
	e := entry{number: uint32(v.segments[number].first), source: v.segments[number].source}
	for ; ; e.number++ {
		if e.number%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e.text, e.bands, err = r.Next(&rec)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e.record, e.fact = &rec, factOf(&rec)
		if err := v.settle(&e, changes); err != nil {
			return err
		}
		if err := do(&e); err != nil {
			return err
		}
	}
}

// changes opens what stages changed in a segment.
func (v *view) changes(number int, text bool) ([]*editCursor, error) {
	var open []*editCursor
	for _, e := range v.edits {
		c, err := e.open(number, text)
		if err != nil {
			closeAll(open)
			return nil, err
		}
		open = append(open, c)
	}
	return open, nil
}

func closeAll(cursors []*editCursor) {
	for _, c := range cursors {
		c.close()
	}
}

// settle applies what the stages decided.
func (v *view) settle(e *entry, changes []*editCursor) error {
	e.gone, e.keeper = "", 0
	if !e.fact.kept() {
		return nil
	}
	if keeper, ok := v.exact.keeper(e.number); ok {
		e.gone, e.keeper = goneExact, keeper
		return nil
	}
	if keeper, ok := v.near.keeper(e.number); ok {
		e.gone, e.keeper = goneNear, keeper
		return nil
	}
	for _, c := range changes {
		if err := c.apply(e); err != nil {
			return err
		}
		if e.gone != "" {
			return nil
		}
	}
	return nil
}

// all calls do with all documents in order, and tells the share that is done.
func (v *view) all(ctx context.Context, parts segment.Parts, w *watch, do func(*entry) error) error {
	for i := range v.segments {
		if err := v.each(ctx, i, parts, do); err != nil {
			return err
		}
		w.share(int64(i+1), int64(len(v.segments)))
	}
	return nil
}

// within returns the segment that holds the document of that number.
func (in *ingested) within(number uint32) (segment int, ok bool) {
	low, high := 0, len(in.segments)
	for low < high {
		if mid := (low + high) / 2; in.segments[mid].first+in.segments[mid].count <= int64(number) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, low < len(in.segments)
}
