package corpus

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/polymath-lm/polymath/corpus/dedup"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/segment"
)

const (
	linesStage      = "lines"
	substringsStage = "substrings"
	repeatsVersion  = 2
)

// remover is one goroutine's part in the removal of what several documents have.
type remover interface {
	// hashes appends what the document has in common with others, in one of the
	// passes before the last; common are those that the pass before found.
	hashes(dst []uint64, pass int, common []uint64, d *document.Document) []uint64
	// Remove takes out what better documents have.
	Remove(d *document.Document, hashes []uint64)
}

type lineRemover struct{ *dedup.LineWorker }

func (r lineRemover) hashes(dst []uint64, _ int, _ []uint64, d *document.Document) []uint64 {
	return r.Hashes(dst, d)
}

type substringRemover struct{ *dedup.SubstringWorker }

func (r substringRemover) hashes(dst []uint64, pass int, common []uint64, d *document.Document) []uint64 {
	if pass == 0 {
		return r.Fingerprints(dst, d)
	}
	return r.Windows(dst, common, d)
}

// lines removes lines or paragraphs that better documents have.
func (b *build) lines(ctx context.Context, v *view) error {
	o := b.recipe.Dedup.Lines
	if o == nil {
		return b.unused(linesStage)
	}
	l, err := dedup.NewLines(*o)
	if err != nil {
		return err
	}
	return b.repeats(ctx, v, linesStage, o, 1, func() remover { return lineRemover{l.Worker()} })
}

// substrings removes passages that better documents have.
func (b *build) substrings(ctx context.Context, v *view) error {
	o := b.recipe.Dedup.Substrings
	if o == nil {
		return b.unused(substringsStage)
	}
	s, err := dedup.NewSubstrings(*o)
	if err != nil {
		return err
	}
	return b.repeats(ctx, v, substringsStage, o, 2, func() remover { return substringRemover{s.Worker()} })
}

// repeats is a stage that edits documents, after that many passes that only look.
func (b *build) repeats(ctx context.Context, v *view, name string, part any, passes int, worker func() remover) error {
	s, done, err := b.stage(name, repeatsVersion, part, v.output)
	if err != nil {
		return err
	}
	e := &edits{stage: name, dir: s.dir}
	if done == nil {
		if err := s.again(); err != nil {
			return err
		}
		b.watch.stage(name)
		if done, err = b.removeRepeats(ctx, v, s, e, passes, worker); err != nil {
			return err
		}
	}
	v.output = done.Output
	v.edits = append(v.edits, e)
	return nil
}

func (b *build) removeRepeats(ctx context.Context, v *view, s *stage, e *edits, passes int, worker func() remover) (*stageDone, error) {
	order, err := b.order(ctx, v, s.dir)
	if err != nil {
		return nil, err
	}
	defer order.Close()
	var marks *dedup.Marks
	for pass := range passes {
		next, err := b.look(ctx, v, s.dir, pass, marks, pass == passes-1, order, worker)
		if marks != nil {
			err = errors.Join(err, marks.Close())
		}
		if err != nil {
			return nil, err
		}
		marks = next
	}
	w := &editWriter{edits: e, number: -1}
	defer w.abort()
	err = b.edit(ctx, v, marks, w, worker)
	if err = errors.Join(err, marks.Close()); err != nil {
		return nil, err
	}
	if err := w.finish(); err != nil {
		return nil, err
	}
	return s.finishFiles(string(w.chain))
}

// text is one document whose repeats are looked for.
type markedText struct {
	segment int
	number  uint32
	record  segment.Record
	text    []byte
	hashes  []uint64
}

// marked calls emit with batches of the documents that stay, or with marks of
// those that are marked.
func (b *build) marked(ctx context.Context, v *view, marks *dedup.Marks, emit func([]markedText) error) error {
	cursor := markCursor{marks: marks}
	var batch []markedText
	size := 0
	for i := range v.segments {
		err := v.each(ctx, i, segment.Parts{Text: true}, func(e *entry) error {
			if !e.stays() {
				return nil
			}
			hashes, ok, err := cursor.of(e.number)
			if err != nil || marks != nil && !ok {
				return err
			}
			batch = append(batch, markedText{i, e.number, *e.record, slices.Clone(e.text), slices.Clone(hashes)})
			if size += len(e.text); size < batchBytes && len(batch) < batchItems {
				return nil
			}
			full := batch
			batch, size = nil, 0
			return emit(full)
		})
		if err != nil {
			return err
		}
	}
	if len(batch) == 0 {
		return nil
	}
	return emit(batch)
}

// markCursor finds the marks of documents, which are asked for in order.
type markCursor struct {
	marks  *dedup.Marks
	doc    uint32
	hashes []uint64
	read   bool // doc and hashes are the next ones
	over   bool
}

func (c *markCursor) of(number uint32) (hashes []uint64, ok bool, err error) {
	for c.marks != nil && !c.over {
		if !c.read {
			c.doc, c.hashes, err = c.marks.Next()
			if errors.Is(err, io.EOF) {
				c.over = true
				return nil, false, nil
			}
			if err != nil {
				return nil, false, err
			}
			c.read = true
		}
		switch {
		case c.doc > number:
			return nil, false, nil
		case c.doc == number:
			c.read = false
			return c.hashes, true, nil
		}
		c.read = false
	}
	return nil, false, nil
}

func sizeOf(batch []markedText) int64 {
	var n int64
	for i := range batch {
		n += int64(len(batch[i].text)) + int64(8*len(batch[i].hashes))
	}
	return 2 * n
}

// look is one pass that only looks.
func (b *build) look(ctx context.Context, v *view, dir string, pass int, marks *dedup.Marks, last bool, order *dedup.Order, worker func() remover) (*dedup.Marks, error) {
	found, err := dedup.NewRepeats(dir, b.memory(4))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	work := flow[[]markedText, []markedText]{
		threads: b.threads, memory: b.memory(4), size: sizeOf,
		worker: func() func([]markedText) []markedText {
			w, d := worker(), &document.Document{}
			return func(batch []markedText) []markedText {
				for i := range batch {
					d.Reset(batch[i].text)
					batch[i].hashes = w.hashes(nil, pass, batch[i].hashes, d)
					batch[i].text = nil
				}
				return batch
			}
		},
		collect: func(batch []markedText) error {
			for i := range batch {
				if err := found.Add(batch[i].number, batch[i].hashes); err != nil {
					return err
				}
				b.watch.share(int64(batch[i].segment), int64(len(v.segments)))
			}
			return nil
		},
	}
	err = work.run(ctx, func(ctx context.Context, emit func([]markedText) error) error { return b.marked(ctx, v, marks, emit) })
	if err != nil {
		return nil, err
	}
	if last {
		return found.Later(ctx, order)
	}
	return found.Shared(ctx)
}

// edited is a document after the removal; nil if nothing was removed.
type edited struct {
	segment int
	number  uint32
	doc     *document.Document
	content int64
}

// edit is the last pass, which changes the marked documents.
func (b *build) edit(ctx context.Context, v *view, marks *dedup.Marks, w *editWriter, worker func() remover) error {
	work := flow[[]markedText, []edited]{
		threads: b.threads, memory: b.memory(4), size: sizeOf,
		worker: func() func([]markedText) []edited {
			r := worker()
			return func(batch []markedText) []edited { return removeFrom(r, batch) }
		},
		collect: func(batch []edited) error {
			for _, e := range batch {
				if err := w.add(e.segment, e.number, e.doc, e.content); err != nil {
					return err
				}
			}
			return nil
		},
	}
	return work.run(ctx, func(ctx context.Context, emit func([]markedText) error) error { return b.marked(ctx, v, marks, emit) })
}

func removeFrom(r remover, batch []markedText) []edited {
	var out []edited
	for i := range batch {
		d := documentOf(&batch[i].record, batch[i].text)
		cuts := len(d.Cuts)
		r.Remove(d, batch[i].hashes)
		if d.Drop == nil && len(d.Cuts) == cuts {
			continue
		}
		d.SetText(slices.Clone(d.Text())) // the worker's memory is used again
		out = append(out, edited{batch[i].segment, batch[i].number, d, batch[i].record.Bytes})
	}
	return out
}

// documentOf is the document that a record describes.
func documentOf(r *segment.Record, text []byte) *document.Document {
	d := &document.Document{}
	d.Reset(text)
	d.ID, _ = document.ParseID(r.ID) // ingest wrote it
	d.Origin, d.Format, d.Meta = r.Origin, r.Format, r.Meta
	d.Language, d.LanguageScore, d.Quality, d.Perplexity = r.Language, r.LanguageScore, r.Quality, r.Perplexity
	d.Cuts, d.Hits = r.Cuts, r.Hits
	return d
}
