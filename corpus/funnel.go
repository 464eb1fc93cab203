package corpus

import (
	"math"
	"math/bits"

	"github.com/polymath-lm/polymath/corpus/document"
)

// Funnel counts what became of records. Those of parts of a corpus add up,
// in any order.
type Funnel struct {
	// Read is all records, with the bytes of their content; Bad those that no
	// document could be made of.
	Read Count `json:"read"`
	Bad  Count `json:"bad"`
	// Skipped counts records that are sound and hold no document, such as images,
	// by reason. They are not in Read.
	Skipped map[string]int64 `json:"skipped,omitempty"`
	// Kept is the documents that stayed, with the bytes of their text.
	Kept Count `json:"kept"`
	// Reached is by step the documents that came so far, with the bytes of text
	// that they had then.
	Reached map[string]Count `json:"reached,omitempty"`
	// Dropped is by step and rule.
	Dropped map[string]map[string]Count `json:"dropped,omitempty"`
	// Cuts is what was taken out of documents, by step and reason.
	Cuts map[string]map[string]CutCount `json:"cuts,omitempty"`
	// Languages is by language what became of documents; "" is not known.
	Languages map[string]Outcome `json:"languages,omitempty"`
	// Formats is by format what became of documents.
	Formats map[string]Outcome `json:"formats,omitempty"`
	// Length, LanguageScore, Quality and Perplexity are histograms of the documents
	// for which these are known. Bin i of Length counts texts of at least 2^i bytes
	// and less than twice that; of LanguageScore and Quality values from i/20; of
	// Perplexity values from 2^(i/4).
	Length        Histogram `json:"length"`
	LanguageScore Histogram `json:"language_score"`
	Quality       Histogram `json:"quality"`
	Perplexity    Histogram `json:"perplexity"`
}

// Count is a number of documents and of their bytes.
type Count struct {
	Docs  int64 `json:"docs"`
	Bytes int64 `json:"bytes"`
}

// CutCount is what was taken out of documents: from how many, at how many
// places, and how many bytes.
type CutCount struct {
	Docs   int64 `json:"docs"`
	Places int64 `json:"places"`
	Bytes  int64 `json:"bytes"`
}

// Outcome is what stayed and what went.
type Outcome struct {
	Kept    Count `json:"kept"`
	Dropped Count `json:"dropped"`
}

// Histogram counts documents that stayed and that went, by bin.
type Histogram struct {
	Kept    []int64 `json:"kept,omitempty"`
	Dropped []int64 `json:"dropped,omitempty"`
}

// shareBins is the number of bins of values from 0 to 1.
const shareBins = 20

func (c *Count) add(bytes int64) {
	c.Docs++
	c.Bytes += bytes
}

func (c Count) plus(o Count) Count { return Count{c.Docs + o.Docs, c.Bytes + o.Bytes} }

func (c CutCount) plus(o CutCount) CutCount {
	return CutCount{c.Docs + o.Docs, c.Places + o.Places, c.Bytes + o.Bytes}
}

func (o Outcome) plus(p Outcome) Outcome {
	return Outcome{o.Kept.plus(p.Kept), o.Dropped.plus(p.Dropped)}
}

func (h *Histogram) add(kept bool, bin int) {
	counts := &h.Dropped
	if kept {
		counts = &h.Kept
	}
	for len(*counts) <= bin {
		*counts = append(*counts, 0)
	}
	(*counts)[bin]++
}

func (h *Histogram) merge(o Histogram) {
	h.Kept, h.Dropped = sum(h.Kept, o.Kept), sum(h.Dropped, o.Dropped)
}

func sum(a, b []int64) []int64 {
	for len(a) < len(b) {
		a = append(a, 0)
	}
	for i, n := range b {
		a[i] += n
	}
	return a
}

// bad counts a record that no document could be made of.
func (f *Funnel) bad(bytes int64) {
	f.Read.add(bytes)
	f.Bad.add(bytes)
}

// skip counts a record that holds no document.
func (f *Funnel) skip(reason string) {
	if f.Skipped == nil {
		f.Skipped = map[string]int64{}
	}
	f.Skipped[reason]++
}

// reach counts a document before a step.
func (f *Funnel) reach(step string, bytes int64) {
	if f.Reached == nil {
		f.Reached = map[string]Count{}
	}
	c := f.Reached[step]
	c.add(bytes)
	f.Reached[step] = c
}

// document counts a document at the end of its way, whose content had that many
// bytes.
func (f *Funnel) document(d *document.Document, content int64) {
	f.Read.add(content)
	text := int64(len(d.Text()))
	kept := d.Drop == nil
	outcome := Outcome{}
	if kept {
		f.Kept.add(text)
		outcome.Kept.add(text)
	} else {
		outcome.Dropped.add(text)
		f.Dropped = plusIn(f.Dropped, d.Drop.Filter, d.Drop.Rule, Count{1, text})
	}
	f.Languages = plusAt(f.Languages, d.Language, outcome)
	f.Formats = plusAt(f.Formats, string(d.Format), outcome)
	f.cuts(d.Cuts)
	f.measures(d, kept)
}

func (f *Funnel) cuts(cuts []document.Cut) {
	for _, c := range cuts {
		f.Cuts = plusIn(f.Cuts, c.Step, c.Reason, CutCount{1, int64(c.Count), c.Bytes})
	}
}

func (f *Funnel) measures(d *document.Document, kept bool) {
	f.Length.add(kept, max(bits.Len(uint(len(d.Text())))-1, 0))
	if d.LanguageScore > 0 {
		f.LanguageScore.add(kept, shareBin(d.LanguageScore))
	}
	if d.Quality > 0 {
		f.Quality.add(kept, shareBin(d.Quality))
	}
	if d.Perplexity > 0 {
		f.Perplexity.add(kept, int(min(max(4*math.Log2(float64(d.Perplexity)), 0), 127)))
	}
}

func shareBin(v float32) int { return int(min(max(v*shareBins, 0), shareBins-1)) }

// adds is a count that adds up.
type adds[T any] interface{ plus(T) T }

func plusAt[T adds[T]](m map[string]T, key string, v T) map[string]T {
	if m == nil {
		m = map[string]T{}
	}
	m[key] = m[key].plus(v)
	return m
}

func plusIn[T adds[T]](m map[string]map[string]T, a, b string, v T) map[string]map[string]T {
	if m == nil {
		m = map[string]map[string]T{}
	}
	m[a] = plusAt(m[a], b, v)
	return m
}

// Merge adds the counts of o.
func (f *Funnel) Merge(o *Funnel) {
	f.Read, f.Bad, f.Kept = f.Read.plus(o.Read), f.Bad.plus(o.Bad), f.Kept.plus(o.Kept)
	for reason, n := range o.Skipped {
		if f.Skipped == nil {
			f.Skipped = map[string]int64{}
		}
		f.Skipped[reason] += n
	}
	for step, c := range o.Reached {
		f.Reached = plusAt(f.Reached, step, c)
	}
	for step, rules := range o.Dropped {
		for rule, c := range rules {
			f.Dropped = plusIn(f.Dropped, step, rule, c)
		}
	}
	for step, reasons := range o.Cuts {
		for reason, c := range reasons {
			f.Cuts = plusIn(f.Cuts, step, reason, c)
		}
	}
	for key, c := range o.Languages {
		f.Languages = plusAt(f.Languages, key, c)
	}
	for key, c := range o.Formats {
		f.Formats = plusAt(f.Formats, key, c)
	}
	f.Length.merge(o.Length)
	f.LanguageScore.merge(o.LanguageScore)
	f.Quality.merge(o.Quality)
	f.Perplexity.merge(o.Perplexity)
}
