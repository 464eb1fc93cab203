package corpus

import (
	"fmt"
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/polymath-lm/polymath/corpus/decontaminate"
	"github.com/polymath-lm/polymath/corpus/dedup"
	"github.com/polymath-lm/polymath/corpus/segment"
)

// collector writes what the workers made, in order, into segments.
type collector struct {
	dir     string
	sources []*openSource
	writer  *segment.Writer
	sum     *Summary // of the segment being written
	next    *Summary // what the next one begins with
	facts   []byte   // of the segment
	tallies map[*pipeline]*decontaminate.Tally
	open    map[int]*reading // files not read to their end, by index
	totals  []Funnel         // by source
	files   []int64          // files read, by source
	failed  []int64          // and those that failed
	example string           // why the last bad record is bad

	source int   // where the next segment begins
	place  Place // in the source

	minhash   *dedup.NearOptions // that of the band keys
	observe   func(*result)
	committed func(*Summary)
}

// reading is an input file as far as it was collected.
type reading struct {
	input    *InputFile
	contents contents
}

// maxDocuments bounds the documents of a corpus: their numbers are kept in 32
// bits.
const maxDocuments = math.MaxUint32 - 1

func (c *collector) begin(source int) error {
	w, err := segment.Create(c.dir, c.next.Number)
	if err != nil {
		return err
	}
	c.writer, c.sum = w, c.next
	c.sum.Source, c.sum.Samples = source, Samples{}
	c.tallies, c.facts = map[*pipeline]*decontaminate.Tally{}, c.facts[:0]
	return nil
}

// abort gives the segment up that is being written.
func (c *collector) abort() {
	if c.writer != nil {
		c.writer.Abort()
	}
}

// collect adds a batch to the segment.
func (c *collector) collect(r *result) error {
	src := r.batch.source
	if src.full.Load() {
		return nil
	}
	if c.writer == nil {
		if err := c.begin(r.batch.source.index); err != nil {
			return err
		}
	}
	lines, texts, bands := r.lines, r.texts, r.bands
	for i := range r.docs {
		out := &r.docs[i]
		if err := c.item(&r.batch.items[i], out, lines[:out.lines], texts[:out.texts], bands[:out.bands]); err != nil {
			return err
		}
		lines, texts, bands = lines[out.lines:], texts[out.texts:], bands[out.bands:]
	}
	c.sum.Funnel.Merge(&r.funnel)
	c.totals[r.batch.source.index].Merge(&r.funnel)
	c.sum.Samples.Merge(r.samples)
	if c.observe != nil {
		c.observe(r)
	}
	switch sample := int64(src.spec.Sample); {
	case sample > 0 && c.totals[src.index].Kept.Bytes >= sample:
		src.full.Store(true)
		c.leave()
		return c.commit(Place{Last: src.index == len(c.sources)-1, File: len(src.files)})
	case r.batch.end == nil:
		return nil
	}
	return c.commit(*r.batch.end)
}

// leave takes the file that is open to those that were read: no more is wanted.
func (c *collector) leave() {
	for _, file := range c.open {
		done := *file.input
		done.Contents, done.Left = file.contents.String(), true
		c.sum.Read = append(c.sum.Read, done)
		c.files[c.sum.Source]++
	}
	clear(c.open)
}

func (c *collector) item(it *item, out *outcome, line, text []byte, bands []uint64) error {
	file := c.open[it.file.Index]
	if file == nil {
		file = &reading{it.file, newContents()}
		c.open[it.file.Index] = file
	}
	if it.ended {
		return c.ended(it, file)
	}
	if !out.recorded {
		return nil
	}
	if c.sum.First+c.sum.Records >= maxDocuments {
		return fmt.Errorf("more than %d documents are too many for one corpus; divide the sources", int64(maxDocuments))
	}
	if out.bad != "" {
		c.example = out.bad
	}
	c.sum.Records++
	file.input.Records++
	file.input.Bytes += out.content
	c.facts = out.fact.appendTo(c.facts)
	if out.bad == "" {
		file.contents.Write(out.fact.id[:])
	}
	if out.fact.kept() {
		c.sum.Kept++
		file.input.Kept++
		c.sum.TextBytes += int64(len(text))
	}
	if len(out.hits) > 0 {
		c.tally(out.pipeline).Add(out.hits)
	}
	return c.writer.Add(line, text, bands)
}

func (c *collector) tally(p *pipeline) *decontaminate.Tally {
	t := c.tallies[p]
	if t == nil {
		t = p.evaluation.NewTally()
		c.tallies[p] = t
	}
	return t
}

// ended takes a file to those that were read.
func (c *collector) ended(it *item, file *reading) error {
	delete(c.open, it.file.Index)
	done := *file.input
	done.Contents, done.Failed = file.contents.String(), it.failed
	c.sum.Read = append(c.sum.Read, done)
	c.files[c.sum.Source]++
	if it.failed == "" {
		return nil
	}
	c.failed[c.sum.Source]++
	c.example = fmt.Sprintf("%s: %s", it.file.Path, it.failed)
	line, err := failedLine(c.sources[c.sum.Source].spec.Name, it, done.Records)
	if err != nil {
		return err
	}
	c.sum.Records++
	c.facts = (&fact{}).appendTo(c.facts)
	c.sum.Funnel.bad(0)
	c.totals[c.sum.Source].bad(0)
	return c.writer.Add(line, nil, nil)
}

// commit ends the segment and makes it last.
func (c *collector) commit(end Place) error {
	if err := c.tolerate(end); err != nil {
		return err
	}
	hashes, err := c.writer.Commit()
	c.writer = nil
	if err != nil {
		return err
	}
	s := c.sum
	s.Files, s.End, s.MinHash = hashes, end, c.minhash
	if s.Facts, err = writeFacts(c.dir, s.Number, c.facts); err != nil {
		return err
	}
	if s.Tallies, err = storeTallies(c.tallies); err != nil {
		return err
	}
	for _, file := range c.open { // at most one: files are read one after the other
		open := *file.input
		if open.Contents, err = file.contents.state(); err != nil {
			return err
		}
		s.Open = &open
	}
	if err := s.write(c.dir); err != nil {
		return err
	}
	c.next = &Summary{Number: s.Number + 1, Before: s.hash, First: s.First + s.Records}
	if c.committed != nil {
		c.committed(s)
	}
	return nil
}

func storeTallies(tallies map[*pipeline]*decontaminate.Tally) (map[string]jsontext.Value, error) {
	stored := map[string]jsontext.Value{}
	for p, t := range tallies {
		text, err := marshal(t)
		if err != nil {
			return nil, err
		}
		stored[p.name] = text
	}
	return stored, nil
}

// enough is the number of records after which a source may be given up before
// its end.
const enough = 1000

// tolerate reports an error if too much of the source cannot be read.
func (c *collector) tolerate(end Place) error {
	at := c.sum.Source
	spec := c.sources[at].spec
	over := end.File >= len(c.sources[at].files)
	reason := spec.tooMany(&c.totals[at], c.files[at], c.failed[at], over)
	if reason == "" {
		return nil
	}
	return &TooManyBad{Source: spec.Name, Problem: reason, MaxBad: spec.MaxBad, Example: c.example}
}

// tooMany says what is wrong if too much of a source cannot be read, and else "".
// over says that it was read to its end.
func (s *Source) tooMany(f *Funnel, files, failed int64, over bool) string {
	switch {
	case !over && f.Read.Docs < enough:
	case float64(f.Bad.Docs) > s.MaxBad*float64(f.Read.Docs):
		return fmt.Sprintf("%d of %d records cannot be read", f.Bad.Docs, f.Read.Docs)
	case over && float64(failed) > s.MaxBad*float64(files):
		return fmt.Sprintf("%d of %d files cannot be read to their end", failed, files)
	}
	return ""
}
