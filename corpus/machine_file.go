package corpus

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/polymath-lm/polymath/corpus/decontaminate"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/segment"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// fileReading is one file on its way through a FileWorker.
type fileReading struct {
	worker   *worker
	spec     *Source
	emit     func(*Made) error
	numBands int
	place    PlaceOf // of the next document
	report   Report
	tallies  map[*pipeline]*decontaminate.Tally
	made     Made
}

// batch takes some records through the steps.
func (f *fileReading) batch(b *batch) error {
	r := f.worker.work(b)
	f.report.Funnel.Merge(&r.funnel)
	lines, texts, bands := r.lines, r.texts, r.bands
	for i := range r.docs {
		out := &r.docs[i]
		if err := f.item(&b.items[i], out, lines[:out.lines], texts[:out.texts], bands[:out.bands]); err != nil {
			return err
		}
		lines, texts, bands = lines[out.lines:], texts[out.texts:], bands[out.bands:]
	}
	return nil
}

func (f *fileReading) item(it *item, out *outcome, line, text []byte, bands []uint64) error {
	if it.ended {
		return f.ended(it)
	}
	if !out.recorded {
		return nil
	}
	if out.bad != "" {
		f.report.Example = out.bad
	}
	if len(out.hits) > 0 {
		if err := f.tally(out.pipeline).Add(out.hits); err != nil {
			return err
		}
	}
	if empty(bands) {
		bands = nil
	}
	return f.give(&out.fact, line, text, bands)
}

// give hands a document over and goes on to the next place.
func (f *fileReading) give(fact *fact, line, text []byte, bands []uint64) error {
	rank := rankOf(f.place.Source, fact)
	f.made = Made{
		Rank: f.place.append(rank.AppendKey(f.made.Rank[:0])), Line: line,
		Text: fact.text, Content: text, Bands: bands,
	}
	f.place.Record++
	return f.emit(&f.made)
}

func (f *fileReading) tally(p *pipeline) *decontaminate.Tally {
	if f.tallies == nil {
		f.tallies = map[*pipeline]*decontaminate.Tally{}
	}
	if f.tallies[p] == nil {
		f.tallies[p] = p.evaluation.NewTally()
	}
	return f.tallies[p]
}

// ended counts the file, and makes a record of why it was not read to its end.
func (f *fileReading) ended(it *item) error {
	f.report.Files++
	if it.failed == "" {
		return nil
	}
	f.report.Failed++
	f.report.Example = fmt.Sprintf("%s: %s", it.file.Path, it.failed)
	f.report.Funnel.bad(0)
	line, err := failedLine(f.spec.Name, it, f.place.Record)
	if err != nil {
		return err
	}
	return f.give(&fact{}, line, nil, nil)
}

// store puts the tallies into the report.
func (f *fileReading) store() (err error) {
	f.report.Tallies, err = storeTallies(f.tallies)
	return err
}

// failedLine is the record of a file that was not read to its end.
func failedLine(source string, it *item, records int64) ([]byte, error) {
	rec := segment.Record{
		ID: document.FormatID(document.ID{}), Bad: it.failed,
		Origin: document.Origin{Source: source, File: it.file.Path, Record: records, Offset: -1},
	}
	return rec.AppendLine(nil)
}

// Report is what became of the records of some files of a source.
type Report struct {
	// Source is its index in the recipe.
	Source int `json:"source"`
	// Files were read, and Failed of them not to their end.
	Files  int64 `json:"files"`
	Failed int64 `json:"failed"`
	// Example is a reason why something could not be read.
	Example string `json:"example,omitempty"`
	Funnel  Funnel `json:"funnel"`
	// Tallies are by the pipeline whose decontamination they belong to.
	Tallies map[string]jsontext.Value `json:"tallies,omitempty"`
}

// Merge adds another report on the same source. The order does not matter.
func (r *Report) Merge(o *Report) error {
	r.Files += o.Files
	r.Failed += o.Failed
	r.Example = max(r.Example, o.Example)
	r.Funnel.Merge(&o.Funnel)
	tallies := map[string]*decontaminate.Tally{}
	for _, t := range []map[string]jsontext.Value{r.Tallies, o.Tallies} {
		if err := addTallies(tallies, &Summary{Tallies: t}); err != nil {
			return err
		}
	}
	for name, t := range tallies {
		text, err := marshal(t)
		if err != nil {
			return recipe.Below(name, err)
		}
		if r.Tallies == nil {
			r.Tallies = map[string]jsontext.Value{}
		}
		r.Tallies[name] = text
	}
	return nil
}

// Check returns a *TooManyBad if too much of the source could not be read, of
// which this is the report on all its files.
func (r *Report) Check(of *Recipe) error {
	spec := &of.Sources[r.Source]
	reason := spec.tooMany(&r.Funnel, r.Files, r.Failed, true)
	if reason == "" {
		return nil
	}
	return &TooManyBad{Source: spec.Name, Problem: reason, MaxBad: spec.MaxBad, Example: r.Example}
}
