package corpus

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/corpus/dedup"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/extract/pdf"
	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/segment"
)

// shared is what the workers have in common.
type shared struct {
	ctx     context.Context
	pdfs    *pdf.Pool
	minhash *dedup.MinHash // nil without near deduplication
	// numBands is the number of band keys of each document.
	numBands int
}

// batch is some records of one source in a row.
type batch struct {
	segment int
	source  *openSource
	items   []item
	bytes   int64
	// end is set on the last batch of a segment: where the next one begins.
	end *Place
}

// largeRecord is from where on the words of a record count, and not its bytes: a
// text of single letters has a word for two bytes, and each takes 40 bytes in all
// that the steps keep of it.
const largeRecord, largeFactor = 4 << 20, 24

// size is what a batch counts against the memory in flight. Two records that may
// take more than all of it are not worked on at the same time.
func (b *batch) size() int64 {
	n := 2 * b.bytes
	for _, i := range b.items {
		if i.record != nil && len(i.record.Content) > largeRecord {
			n += (largeFactor - 2) * int64(len(i.record.Content))
		}
	}
	return n
}

// item is a record, or why there is none, or the end of a file.
type item struct {
	file   *InputFile
	record *reader.Record
	bad    *reader.BadRecord
	skip   string // why the record holds no document
	ended  bool
	stored int64  // about how much of the stored file was read
	failed string // with ended: why the file was not read to its end
}

// result is what became of a batch. Its parts lie end to end.
type result struct {
	batch   *batch
	docs    []outcome // one for each item
	lines   []byte
	texts   []byte
	bands   []uint64
	funnel  Funnel
	samples Samples
}

// outcome is what became of one item.
type outcome struct {
	lines, texts, bands int // how much of the result's is this one's
	content             int64
	fact                fact
	recorded            bool
	bad                 string // why no document can be made of it
	hits                []document.Hit
	pipeline            *pipeline
}

// worker makes documents of records. It is for one goroutine.
type worker struct {
	shared  *shared
	chains  map[*pipeline]*chain
	signer  *dedup.Signer
	doc     document.Document
	lines   int // bytes of the batch before's lines and texts: the next one's are about as long
	texts   int
	segment int     // that of the samples
	seen    Samples // what was found in the segment so far, to know what cannot be a sample
}

func (s *shared) newWorker() *worker {
	w := &worker{shared: s, chains: map[*pipeline]*chain{}, segment: -1}
	if s.minhash != nil {
		w.signer = s.minhash.Worker()
	}
	return w
}

func (w *worker) chain(p *pipeline) *chain {
	c := w.chains[p]
	if c == nil {
		c = p.chain()
		w.chains[p] = c
	}
	return c
}

func (w *worker) work(b *batch) *result {
	if w.segment != b.segment {
		w.segment, w.seen = b.segment, Samples{}
	}
	r := &result{batch: b, docs: make([]outcome, len(b.items)), samples: Samples{}}
	if b.source.full.Load() { // nobody wants it any more
		return r
	}
	r.lines, r.texts = make([]byte, 0, w.lines+w.lines/8), make([]byte, 0, w.texts+w.texts/8)
	for i := range b.items {
		w.item(&b.items[i], &r.docs[i], r)
	}
	w.lines, w.texts = len(r.lines), len(r.texts)
	return r
}

// item works on one record and appends what became of it.
func (w *worker) item(in *item, out *outcome, r *result) {
	lines, texts, bands := len(r.lines), len(r.texts), len(r.bands)
	switch {
	case in.bad != nil:
		w.quarantine(in.bad.Origin, in.bad.Problem, 0, out, r)
	case in.skip != "":
		r.funnel.skip(in.skip)
	case in.record != nil:
		out.content = int64(len(in.record.Content))
		if err := w.record(in.record, out, r); err != nil {
			r.lines, r.texts, r.bands = r.lines[:lines], r.texts[:texts], r.bands[:bands]
			w.fail(in.record.Origin, err, out, r)
		}
		*in.record = reader.Record{Origin: in.record.Origin} // its memory is free from here on
	}
	out.lines, out.texts, out.bands = len(r.lines)-lines, len(r.texts)-texts, len(r.bands)-bands
}

func (w *worker) fail(origin document.Origin, err error, out *outcome, r *result) {
	*out = outcome{content: out.content} // nothing of a document stays
	var bad *reader.BadRecord
	var skipped *reader.Skipped
	switch {
	case errors.As(err, &skipped):
		r.funnel.skip(skipped.Reason)
	case errors.As(err, &bad):
		w.quarantine(origin, bad.Problem, out.content, out, r)
	default:
		w.quarantine(origin, err.Error(), out.content, out, r)
	}
}

// quarantine notes a record of which no document can be made.
func (w *worker) quarantine(origin document.Origin, reason string, content int64, out *outcome, r *result) {
	const longest = 500 // what a damaged file holds shall not get in here at length
	rec := segment.Record{ID: document.FormatID(document.ID{}), Origin: origin, Bytes: content, Bad: reason[:min(len(reason), longest)]}
	line, err := rec.AppendLine(r.lines)
	if err != nil { // the name of the file is no text
		rec.Origin.File, rec.Bad = fmt.Sprintf("%q", origin.File), fmt.Sprintf("%q", rec.Bad)
		line, _ = rec.AppendLine(r.lines)
	}
	r.lines, out.recorded = line, true
	out.bad = fmt.Sprintf("%s, record %d: %s", rec.Origin.File, origin.Record, rec.Bad)
	r.funnel.bad(content)
}

// record makes a document of a record. After an error nothing of it may be used.
func (w *worker) record(in *reader.Record, out *outcome, r *result) (err error) {
	src := r.batch.source
	var c *chain
	defer func() {
		if p := recover(); p != nil {
			if c != nil {
				delete(w.chains, c.pipeline) // its memory may be in disorder
			}
			err = fmt.Errorf("a bug in the program: %v", p)
		}
	}()
	if err := in.Resolve(); err != nil {
		return err
	}
	content := int64(len(in.Content))
	text, found, drop, err := w.text(w.shared.ctx, in)
	if err != nil {
		return err
	}
	d := &w.doc
	d.Reset(text)
	d.Name(in.Content)
	d.Origin, d.Format, d.Drop = in.Origin, in.Format, drop
	src.spec.describe(d, in, found)
	c = w.chain(src.pipeline(d.Format))
	if d.Drop == nil {
		c.apply(d, &r.funnel)
	}
	c.concealMeta(d)
	rec := segment.NewRecord(d, content)
	lines, err := rec.AppendLine(r.lines)
	if err != nil {
		return err
	}
	r.lines, out.recorded, out.fact, out.content, out.pipeline = lines, true, factOf(&rec), content, c.pipeline
	out.hits = slices.Clone(d.Hits)
	if d.Drop == nil {
		r.texts = append(r.texts, d.Text()...)
		w.sign(d, r)
	}
	w.sample(c, text, r)
	r.funnel.document(d, content) // last: what fails before is counted as bad
	if len(text) > largeText {
		w.doc = document.Document{} // its list of words takes several times the text
	}
	return nil
}

// largeText is the length of texts whose memory is not kept for the next.
const largeText = 4 << 20

// sign appends the document's band keys: zeros for one of too few words.
func (w *worker) sign(d *document.Document, r *result) {
	if w.signer == nil {
		return
	}
	n := len(r.bands)
	r.bands = w.signer.Bands(r.bands, d.Words())
	for len(r.bands) < n+w.shared.numBands {
		r.bands = append(r.bands, 0)
	}
}

// sample keeps the document as an example if its id is low enough. before is
// its text before the first step.
func (w *worker) sample(c *chain, before []byte, r *result) {
	key := sampleKey(&w.doc)
	if !w.seen.wants(key, w.doc.ID) {
		return
	}
	s := newSample(&w.doc, before, c.conceal)
	w.seen.add(key, s)
	r.samples.add(key, s)
}
