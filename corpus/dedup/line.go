package dedup

import (
	"bytes"
	"slices"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// Units of Lines.
const (
	UnitLines      = "lines"
	UnitParagraphs = "paragraphs"
)

// linesStep is the name of the step in cuts and drops, whatever the unit.
const linesStep = "lines"

// LineOptions say which repeated lines or paragraphs go.
type LineOptions struct {
	// Unit is "lines" or "paragraphs", which empty lines separate.
	Unit string `yaml:"unit" json:"unit"`
	// MinLength is that of the shortest unit that goes, in letters and digits.
	MinLength int `yaml:"min_length" json:"min_length"`
	// MaxRemoved is the share of a text's bytes that may go; a document that loses
	// more is dropped. 1 drops only those that lose everything.
	MaxRemoved float64 `yaml:"max_removed" json:"max_removed"`
}

// SetDefaults sets lines of 40 letters at least, and that a document goes which
// loses more than four fifths.
func (o *LineOptions) SetDefaults() {
	*o = LineOptions{Unit: UnitLines, MinLength: 40, MaxRemoved: 0.8}
}

// Check returns a *recipe.ValueError for the first value that cannot be.
func (o *LineOptions) Check() error {
	switch {
	case o.Unit != UnitLines && o.Unit != UnitParagraphs:
		return recipe.Bad("unit", "%q; give %s or %s", o.Unit, UnitLines, UnitParagraphs)
	case o.MinLength < 1:
		return recipe.Bad("min_length", "%d letters; give at least 1", o.MinLength)
	}
	return checkShare(o.MaxRemoved)
}

func checkShare(x float64) error {
	if !(x >= 0 && x <= 1) {
		return recipe.Bad("max_removed", "a share of %v; give 0 to 1", x)
	}
	return nil
}

// Lines compares lines or paragraphs: those that several documents have stay in
// the best-ranked one alone. Units are equal if their words are (see wordKey);
// a unit that one document has several times counts once, and stays or goes as a
// whole. Goroutines may share it.
//
// First the Hashes of every document go into Repeats; then Remove is called for
// the documents of Later.
type Lines struct{ opt LineOptions }

// NewLines returns the errors of Check.
func NewLines(o LineOptions) (*Lines, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	return &Lines{opt: o}, nil
}

// Worker returns a LineWorker, one for each goroutine.
func (l *Lines) Worker() *LineWorker {
	return &LineWorker{opt: l.opt, cutter: cutter{step: linesStep, maxRemoved: l.opt.MaxRemoved}}
}

// LineWorker works on one document at a time.
type LineWorker struct {
	opt    LineOptions
	cutter cutter
}

// Hashes appends those of the document's units that are long enough.
func (w *LineWorker) Hashes(dst []uint64, d *document.Document) []uint64 {
	w.units(d, func(hash uint64, _ span) { dst = append(dst, hash) })
	return dst
}

// Remove takes the units with these hashes, which ascend, out of the text; see
// cutter for what else happens.
func (w *LineWorker) Remove(d *document.Document, hashes []uint64) {
	w.units(d, func(hash uint64, s span) {
		if _, found := slices.BinarySearch(hashes, hash); found {
			w.cutter.add(s)
		}
	})
	w.cutter.cut(d)
}

// units calls visit for each unit that is long enough.
func (w *LineWorker) units(d *document.Document, visit func(hash uint64, s span)) {
	text, list := d.Text(), d.Words().Words
	at := 0 // of the list
	for start := 0; start < len(text); {
		end := w.end(text, start)
		hash, length := uint64(base), 0
		for ; at < len(list) && int(list[at].Start) < end; at++ {
			if key := wordKey(text, &list[at]); key != 0 {
				hash = mix(hash + key)
				length += int(list[at].Runes)
			}
		}
		if length >= w.opt.MinLength {
			visit(hash, span{start, end})
		}
		start = end
	}
}

// end returns where the unit ends that begins at start, with its line end and,
// for a paragraph, with the empty lines after it.
func (w *LineWorker) end(text []byte, start int) int {
	end := lineEnd(text, start)
	if w.opt.Unit == UnitLines {
		return end
	}
	for end < len(text) && !blank(text[start:end]) {
		start, end = end, lineEnd(text, end)
	}
	for end < len(text) {
		next := lineEnd(text, end)
		if !blank(text[end:next]) {
			break
		}
		end = next
	}
	return end
}

func blank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }

func lineEnd(text []byte, start int) int {
	if i := bytes.IndexByte(text[start:], '\n'); i >= 0 {
		return start + i + 1
	}
	return len(text)
}
