package corpus

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/source"
)

// Plan is what a build will take.
type Plan struct {
	Sources []PlannedSource `json:"sources"`
	// Stored is the bytes of all files of known size, and Unknown the number of the
	// others.
	Stored  int64 `json:"stored"`
	Unknown int   `json:"unknown"`
	// Content, Text and Seconds are estimated from the beginnings of some of each
	// source's files: the bytes of all records, of the text that stays, and the time of
	// the reading with this many threads.
	Content int64   `json:"content"`
	Text    int64   `json:"text"`
	Seconds float64 `json:"seconds"`
	Threads int     `json:"threads"`
}

// PlannedSource is one source of a plan.
type PlannedSource struct {
	Name   string `json:"name"`
	Files  int    `json:"files"`
	Stored int64  `json:"stored"`
	// First is the path of the first file, and Pipelines the names of the steps by
	// the pipeline that the sample's documents went through.
	First     string              `json:"first"`
	Pipelines map[string][]string `json:"pipelines"`
	// Sample is what became of the records that were tried, with the stored bytes
	// and the time that they took on one thread.
	Sample Funnel `json:"sample"`
	// Faults are the first of the different reasons why records, or files, of the
	// sample could not be read, each with the place.
	Faults        []string `json:"faults,omitempty"`
	SampleStored  int64    `json:"sample_stored"`
	SampleSeconds float64  `json:"sample_seconds"`
}

// Bounds of what is tried of each source.
const (
	trialFiles   = 8
	trialBytes   = 1 << 20 // of each file
	trialRecords = 500     // of each file
	trialTime    = 2 * time.Second
	trialFaults  = 3
)

// NewPlan checks all that a recipe names, and tries a little of each source. It
// writes nothing.
func NewPlan(ctx context.Context, r *Recipe, o Options) (*Plan, error) {
	p, err := newPlan(ctx, r, &o)
	return p, r.locate(err)
}

func newPlan(ctx context.Context, r *Recipe, o *Options) (*Plan, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	b := &build{recipe: r, o: o, threads: r.threads()}
	if err := b.checkTokenizer(); err != nil {
		return nil, err
	}
	lists, err := listSources(ctx, r, b.notice)
	if err != nil {
		return nil, err
	}
	pipelines, err := r.readyPipelines(o)
	if err != nil {
		return nil, err
	}
	shared, err := b.newShared(ctx, r.Dedup.MinHash)
	if err != nil {
		return nil, err
	}
	defer shared.pdfs.Close()
	p := &Plan{Threads: b.threads}
	for i := range r.Sources {
		spec := &r.Sources[i]
		src := &openSource{index: i, spec: spec, files: lists[i], out: r.Out, named: pipelines[spec.Pipeline], byFormat: pipelines}
		planned, err := trySource(ctx, shared, src)
		if err != nil {
			return nil, err
		}
		p.add(planned, src.files, int64(spec.Sample))
	}
	return p, nil
}

// add counts a source of which sample bytes of text are enough; 0 takes all.
func (p *Plan) add(s *PlannedSource, files []source.File, sample int64) {
	p.Sources = append(p.Sources, *s)
	p.Stored += s.Stored
	for _, f := range files {
		if f.Size < 0 {
			p.Unknown++
		}
	}
	if s.SampleStored > 0 {
		times := float64(s.Stored) / float64(s.SampleStored)
		if text := times * float64(s.Sample.Kept.Bytes); sample > 0 && text > float64(sample) {
			times *= float64(sample) / text
		}
		p.Content += int64(times * float64(s.Sample.Read.Bytes))
		p.Text += int64(times * float64(s.Sample.Kept.Bytes))
		p.Seconds += times * s.SampleSeconds / float64(p.Threads)
	}
}

// trySource takes some records of a source through its steps.
func trySource(ctx context.Context, shared *shared, src *openSource) (*PlannedSource, error) {
	first, _ := src.files[0].Shown()
	s := &PlannedSource{Name: src.spec.Name, First: first, Pipelines: map[string][]string{}}
	s.Files, s.Stored = sourceFiles(src.files)
	w := shared.newWorker()
	begun := time.Now()
	b := &batch{source: src}
	for i := range min(len(src.files), trialFiles) {
		at := i * len(src.files) / min(len(src.files), trialFiles) // spread over the source
		stored, err := firstRecords(ctx, b, src.files[at], begun.Add(trialTime))
		if err != nil {
			return nil, err
		}
		s.SampleStored += stored
	}
	r := w.work(b)
	s.SampleSeconds, s.Sample, s.Faults = time.Since(begun).Seconds(), r.funnel, r.faults()
	for p := range w.chains {
		names := []string{}
		for _, step := range p.steps {
			names = append(names, step.name)
		}
		s.Pipelines[p.name] = names
	}
	return s, nil
}

// firstRecords adds the beginning of a file to b, and returns how many stored
// bytes it is.
func firstRecords(ctx context.Context, b *batch, file source.File, end time.Time) (stored int64, err error) {
	r, err := openReader(ctx, file, b.source.reading(), reader.Position{})
	path, name := file.Shown()
	input := &InputFile{Name: name, Path: path}
	if err != nil {
		b.unread(input, err) // so does the build
		return 0, context.Cause(ctx)
	}
	defer r.Close()
	size := int64(0)
	for n := 0; size < trialBytes && n < trialRecords && time.Now().Before(end); n++ {
		record, err := r.Next()
		var bad *reader.BadRecord
		var skipped *reader.Skipped
		switch {
		case err == nil:
			b.items = append(b.items, item{file: input, record: record})
			size += int64(len(record.Content))
		case errors.As(err, &bad):
			b.items = append(b.items, item{file: input, bad: bad})
		case errors.As(err, &skipped):
			b.items = append(b.items, item{file: input, skip: skipped.Reason})
		default: // the end, or a damaged file
			if !errors.Is(err, io.EOF) {
				b.unread(input, err)
			}
			return max(file.Size, 0), context.Cause(ctx)
		}
	}
	return storedAt(r.Position()), context.Cause(ctx)
}

// unread notes that a file could not be read, or not to its end.
func (b *batch) unread(file *InputFile, err error) {
	if b.source.spec.Mixed && errors.Is(err, reader.ErrFormat) {
		b.items = append(b.items, item{file: file, skip: otherFormat})
		return
	}
	origin := document.Origin{Source: b.source.spec.Name, File: file.Path}
	b.items = append(b.items, item{file: file, bad: &reader.BadRecord{Origin: origin, Problem: strings.TrimPrefix(err.Error(), file.Path+": ")}})
}

// faults returns the first of the different reasons why no documents could be made.
func (r *result) faults() []string {
	var faults []string
	seen := map[string]bool{}
	for i := range r.docs {
		_, reason, _ := strings.Cut(r.docs[i].bad, ": ")
		if reason = withoutNumbers(reason); reason == "" || seen[reason] || len(faults) == trialFaults {
			continue
		}
		seen[reason] = true
		faults = append(faults, r.docs[i].bad)
	}
	return faults
}
