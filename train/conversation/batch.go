package conversation

import (
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/shard"
)

// item is an object on its way.
type item struct {
	where   string // file, line and number, for messages
	data    []byte
	example *Example
	seen    []seen // of each picture
	document
	err error
}

// So many objects are encoded at a time, but not more of them than bytes; and so
// many bytes of pictures are kept, and gather as garbage.
const (
	batchSize    = 256
	batchBytes   = 64 << 20
	keptBytes    = 32 << 20
	garbageBytes = 32 << 20
)

// viewer looks at the pictures of a batch.
type viewer struct {
	*decoder
	keep    int64        // bytes at most that are kept of pictures that are stored as views
	kept    atomic.Int64 // bytes
	garbage atomic.Int64 // bytes that decoding left
}

// unseen is a picture that nobody has looked at.
type unseen struct {
	item   *item
	number int
}

func (u unseen) seen() *seen { return &u.item.seen[u.number] }

// flush encodes the batch in parallel and adds it in order, as many objects at a
// time as there is room for their pictures: none is decoded twice, but those of an
// object that has no room alone. So many bytes are done then.
func (p *preparation) flush(done int64) error {
	par.For(len(p.batch), func(_, i int) { p.parse(&p.batch[i]) })
	list := allUnseen(p.batch)
	for rest := p.batch; len(rest) > 0; {
		list = p.look(list)
		ready := rest[:numSeen(rest)]
		if len(ready) == 0 {
			p.forget(&rest[0])
			continue
		}
		if err := p.addAll(ready); err != nil {
			return err
		}
		rest = rest[len(ready):]
	}
	p.batch, p.batchBytes = p.batch[:0], 0
	if p.options.Progress == nil || p.size == 0 {
		return nil
	}
	return p.options.Progress(min(float64(done)/float64(p.size), 1)) // packed files are smaller
}

// parse reads an object.
func (p *preparation) parse(it *item) {
	if it.example, it.err = Parse(it.data); it.err != nil || p.options.Vision == nil {
		return
	}
	if it.err = it.example.lost; it.err == nil {
		it.seen = make([]seen, len(it.example.Pictures))
	}
}

// allUnseen lists the pictures of objects, in order.
func allUnseen(items []item) []unseen {
	var list []unseen
	for i := range items {
		for number := range items[i].seen {
			list = append(list, unseen{&items[i], number})
		}
	}
	return list
}

// look looks at pictures in parallel, at the first one at least, until what is kept
// of them fills its room: each worker may have one more then. It returns those
// that are left.
func (p *preparation) look(list []unseen) []unseen {
	v := &p.viewer
	par.For(len(list), func(_, i int) {
		if i > 0 && v.kept.Load() >= v.keep {
			return
		}
		u := list[i]
		s := u.item.example.Pictures[u.number].look(p.dir, p.options.Vision, v.decoder)
		*u.seen() = s
		v.kept.Add(int64(len(s.stored)))
		if n := v.garbage.Add(s.garbage); n > garbageBytes && v.garbage.CompareAndSwap(n, 0) {
			runtime.GC()
		}
	})
	return slices.DeleteFunc(list, func(u unseen) bool { return u.seen().done })
}

// numSeen is how many objects there are before one with pictures that are unseen.
func numSeen(items []item) int {
	for i := range items {
		if slices.ContainsFunc(items[i].seen, func(s seen) bool { return !s.done }) {
			return i
		}
	}
	return len(items)
}

// forget gives back what is kept of an object's pictures, which are decoded again
// when they are written.
func (v *viewer) forget(it *item) {
	for i := range it.seen {
		s := &it.seen[i]
		v.kept.Add(-int64(len(s.stored)))
		s.stored = nil
	}
}

// addAll encodes objects in parallel, adds them in order and lets go of them.
func (p *preparation) addAll(items []item) error {
	par.For(len(items), func(_, i int) { p.encode(&items[i]) })
	for i := range items {
		if err := p.add(&items[i]); err != nil {
			return err
		}
		p.forget(&items[i])
	}
	clear(items)
	return nil
}

// encode makes a document of an object whose pictures were looked at.
func (p *preparation) encode(it *item) {
	if it.err != nil {
		return
	}
	var runs []int
	for i := range it.seen {
		if it.err = it.seen[i].err; it.err != nil {
			return
		}
		runs = append(runs, it.seen[i].tokens)
	}
	tokens, learned, err := p.options.Encode(it.example, runs)
	if err != nil {
		it.err = err
		return
	}
	it.document = newDocument(tokens, learned, p.options.ImageToken, runs)
}

// store returns what shards have of the pictures of a document, made in parallel
// where it was not kept.
func (p *preparation) store(it *item, d *document) ([]shard.Picture, error) {
	stored := make([]shard.Picture, len(d.pictures))
	errs := make([]error, len(d.pictures))
	par.For(len(stored), func(_, i int) {
		number := d.pictures[i].number
		source, s := it.example.Pictures[number], &it.seen[number]
		stored[i] = shard.Picture{Detail: uint8(source.Detail), Tokens: s.tokens}
		stored[i].Data, errs[i] = source.again(p.dir, p.options.Vision, s, p.decoder)
	})
	for _, err := range errs { // the first one, whoever was quicker
		if err != nil {
			return nil, err
		}
	}
	return stored, nil
}
