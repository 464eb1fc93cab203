package shard

import (
	"fmt"
	"sort"
)

// Order is the sequence of rows in which training reads a set. It is a pure
// function of the set, the row length and the seed, so a position is all that
// a resumed run needs.
//
// All documents, in an order drawn from the seed, form one stream: each is
// read as the end-of-text token followed by its own tokens. In every epoch the
// stream begins at another place, going round at its end, and is cut into rows,
// which come in another order. The target of each token is the next one of its
// document, and end-of-text for the last; so one epoch predicts every token of
// every document once. Only the row at the end of an epoch may be filled up.
//
// The stages of a set come one after the other in every epoch, each with a stream
// of its own, and their rows do not mix.
//
// A set with a mask is packed instead: each of its documents lies in one row, as
// many together as fit, and rows are filled up. Documents longer than a row are
// cut at its end, or before a picture that does not fit. The target of each token is the next one where the mask marks
// it. Every epoch has the same rows, in another order. NewWholeOrder packs a set
// without a mask like that, too.
//
// Goroutines may share an Order, each with its own Row.
type Order struct {
	set     *Set
	seqLen  int
	seed    uint64
	streams []stream  // of the stages
	packed  [][]piece // what each row holds, of an order that packs; else nil
}

// stream is the documents of a stage, one after the other.
type stream struct {
	stage  uint64
	first  int64       // the stage's first document
	docs   permutation // place in the stream -> document of the stage
	marks  []int64     // tokens of the stream before each markEvery-th place
	tokens int64
	before int64 // rows of an epoch before the stage
	rows   int64
}

// doc returns the document at a place of the stream.
func (t *stream) doc(place int64) int64 { return t.first + t.docs.at(place) }

// markEvery bounds what Row reads to find its place, and the memory to 8 bytes
// for so many documents.
const markEvery = 64

// Row is a row of training tokens. Rows are filled again and again: what they
// hold lasts until the next call.
type Row struct {
	// Tokens [seqLen] are the inputs, Targets [seqLen] what follows each of
	// them, -1 where nothing is to be predicted.
	Tokens, Targets []int32
	// Spans cover the row in order. Attention must not cross from one to
	// another.
	Spans []Span
	// Docs [len(Spans)] tells where each span comes from.
	Docs []DocRef
}

// Span is a run of tokens of one document.
type Span struct{ Start, Len int }

// DocRef is a place in a document.
type DocRef struct {
	// ID is the document's name, Doc its number in the whole set. Doc is -1
	// for a span that only fills the row up.
	ID  ID
	Doc int64
	// Offset is the place of the span's first token: 0 is the end-of-text
	// token before the document, 1 its first own token. It is 1 with a mask.
	Offset int
}

// NewOrder returns the order of a set's rows of seqLen tokens. It reads the
// length of every document once. It panics if seqLen is not positive.
func NewOrder(set *Set, seqLen int, seed uint64) *Order {
	return newOrder(set, seqLen, seed, set.manifest.Masked)
}

// NewWholeOrder is NewOrder, but that documents without a mask are packed too: one
// that fits a row lies in one row, and a longer one is cut into pieces of a row's
// length and a rest, each of which attends to itself alone. Rows are filled up. It
// keeps 16 bytes for each document.
func NewWholeOrder(set *Set, seqLen int, seed uint64) *Order {
	return newOrder(set, seqLen, seed, true)
}

func newOrder(set *Set, seqLen int, seed uint64, whole bool) *Order {
	if seqLen < 1 {
		panic(fmt.Sprintf("shard: rows of %d tokens", seqLen))
	}
	o := &Order{set: set, seqLen: seqLen, seed: seed}
	bounds := set.manifest.stages()
	var before int64
	for i, first := range bounds[:len(bounds)-1] {
		t := stream{stage: uint64(i), first: first, docs: newPermutation(bounds[i+1]-first, mix(seed)+golden*uint64(i)), before: before}
		if whole {
			o.pack(&t)
		} else {
			o.measure(&t)
		}
		before += t.rows
		o.streams = append(o.streams, t)
	}
	return o
}

// golden sets the keys of stages apart.
const golden = 0x9e3779b97f4a7c15

// measure fills in what the lengths of the documents decide.
func (o *Order) measure(t *stream) {
	for place := range int64(t.docs.n) {
		if place%markEvery == 0 {
			t.marks = append(t.marks, t.tokens)
		}
		t.tokens += o.length(t, place)
	}
	t.rows = (t.tokens + int64(o.seqLen) - 1) / int64(o.seqLen)
}

// length returns the number of tokens that a place of the stream holds: none
// if the document is on the other side of the split.
func (o *Order) length(t *stream, place int64) int64 {
	f, doc := o.set.locate(t.doc(place))
	if !o.set.part.holds(f.ID(doc)) {
		return 0
	}
	return f.header.trained(int64(f.Len(doc)))
}

// Rows returns the number of rows of an epoch, 0 if the set is empty.
func (o *Order) Rows() int64 {
	last := &o.streams[len(o.streams)-1]
	return last.before + last.rows
}

// Spread returns position i of n positions of an epoch: the first n where the set
// has no stages, else a share of each.
func (o *Order) Spread(i, n int64) int64 {
	if len(o.streams) == 1 || n >= o.Rows() {
		return i
	}
	return i * o.Rows() / n
}

// SeqLen returns the number of tokens of a row.
func (o *Order) SeqLen() int { return o.seqLen }

// epoch is the order of the rows of a stage in one epoch.
type epoch struct {
	rows  permutation // position in the stage's part of the epoch -> row
	shift int64       // where in the stream row 0 begins
}

// epoch returns that of a stage that has rows.
func (o *Order) epoch(t *stream, e int64) epoch {
	key := mix(mix(o.seed)+1+uint64(e)) + golden*t.stage
	if o.packed != nil {
		return epoch{rows: newPermutation(t.rows, key)}
	}
	return epoch{rows: newPermutation(t.rows, key), shift: int64(mix(^key) % uint64(t.tokens))}
}

// stageOf returns the stage of a position in an epoch.
func (o *Order) stageOf(pos int64) *stream {
	i := sort.Search(len(o.streams), func(i int) bool { return o.streams[i].before+o.streams[i].rows > pos })
	return &o.streams[i]
}

// Row fills row with position i of the training, counted from 0 over all
// epochs: epoch i / Rows(). It allocates only while row's slices grow. It
// panics if i is negative or the set is empty.
func (o *Order) Row(i int64, row *Row) {
	rows := o.Rows()
	if i < 0 || rows == 0 {
		panic(fmt.Sprintf("shard: row %d of an order of %d rows an epoch", i, rows))
	}
	t := o.stageOf(i % rows)
	e := o.epoch(t, i/rows)
	if o.packed != nil {
		o.packedRow(row, o.packed[t.before+e.rows.at(i%rows-t.before)])
		return
	}
	begin := e.rows.at(i%rows-t.before) * int64(o.seqLen)
	row.reset(o.seqLen)
	filled := 0
	place, at := o.seek(t, (e.shift+begin)%t.tokens)
	for want := min(int64(o.seqLen), t.tokens-begin); int64(filled) < want; {
		if place == int64(t.docs.n) { // the stream goes round
			place, at = 0, 0
		}
		if n := o.length(t, place); at < n {
			filled += o.read(row, filled, t.doc(place), int(at), int(min(n-at, want-int64(filled))))
		}
		place, at = place+1, 0
	}
	row.pad(filled, o.set.manifest.EndOfText)
}

// seek returns the place of the stream that holds the token at position pos,
// and how many tokens of that place come before it.
func (o *Order) seek(t *stream, pos int64) (place, at int64) {
	mark := sort.Search(len(t.marks), func(i int) bool { return t.marks[i] > pos }) - 1
	at = pos - t.marks[mark]
	for place = int64(mark) * markEvery; ; place++ {
		n := o.length(t, place)
		if at < n {
			return place, at
		}
		at -= n
	}
}

// read puts n tokens of a document's place into the row, from token at of the
// place on, and returns n.
func (o *Order) read(row *Row, filled int, number int64, at, n int) int {
	f, doc := o.set.locate(number)
	end := o.set.manifest.EndOfText
	tokens, targets := row.Tokens[filled:filled+n], row.Targets[filled:filled+n]
	// The place holds end-of-text and then the document: its token t is token
	// t-1 of the document, and the target of t is token t of the document.
	own := min(n, f.Len(doc)-at)
	f.Read(targets[:own], doc, at)
	if own < n {
		targets[own] = end
	}
	tokens[0] = end
	if at > 0 {
		f.Read(tokens[:1], doc, at-1)
	}
	copy(tokens[1:], targets)
	row.Spans = append(row.Spans, Span{Start: filled, Len: n})
	row.Docs = append(row.Docs, DocRef{ID: f.ID(doc), Doc: number, Offset: at})
	return n
}

func (r *Row) reset(n int) {
	if cap(r.Tokens) < n || cap(r.Targets) < n {
		r.Tokens, r.Targets = make([]int32, n), make([]int32, n)
	}
	r.Tokens, r.Targets = r.Tokens[:n], r.Targets[:n]
	r.Spans, r.Docs = r.Spans[:0], r.Docs[:0]
}

// pad fills the row up with a span that predicts nothing.
func (r *Row) pad(filled int, end int32) {
	if filled == len(r.Tokens) {
		return
	}
	for i := filled; i < len(r.Tokens); i++ {
		r.Tokens[i], r.Targets[i] = end, -1
	}
	r.Spans = append(r.Spans, Span{Start: filled, Len: len(r.Tokens) - filled})
	r.Docs = append(r.Docs, DocRef{Doc: -1})
}

// RowsOf appends to dst the positions, as Row counts them, at which epoch e
// reads the document, in the order of its text. It answers which training step
// saw a document. A document on the other side of the split has none.
func (o *Order) RowsOf(dst []int64, doc, e int64) []int64 {
	if !o.set.Holds(doc) {
		return dst
	}
	stage := sort.Search(len(o.streams), func(i int) bool { return o.streams[i].first+int64(o.streams[i].docs.n) > doc })
	t := &o.streams[stage]
	if o.packed != nil {
		return o.packedRowsOf(dst, t, doc, e)
	}
	place := t.docs.inverse(doc - t.first)
	mark := place / markEvery
	begin := t.marks[mark]
	for p := mark * markEvery; p < place; p++ {
		begin += o.length(t, p)
	}
	epoch, length := o.epoch(t, e), int64(o.seqLen)
	pos := (begin - epoch.shift + t.tokens) % t.tokens
	first := pos / length
	for left := o.length(t, place); left > 0; {
		row := pos / length
		// A document that goes round the stream may end in its first row.
		if row != first || left == o.length(t, place) {
			dst = append(dst, e*o.Rows()+t.before+epoch.rows.inverse(row))
		}
		step := min((row+1)*length, t.tokens) - pos
		left -= step
		pos = (pos + step) % t.tokens
	}
	return dst
}
