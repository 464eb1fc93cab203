// Package clean makes the text of documents uniform and takes lines out that
// are not part of it.
package clean

import (
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// UnicodeOptions are those of the step unicode.
type UnicodeOptions struct {
	// Mojibake repairs UTF-8 that was read as Windows-1252 or Latin-1, where that
	// is certain.
	Mojibake bool `yaml:"mojibake" json:"mojibake"`
	// BlankLines is how many empty lines may follow each other.
	BlankLines int `yaml:"blank_lines" json:"blank_lines"`
}

// SetDefaults repairs mojibake and allows two blank lines.
func (o *UnicodeOptions) SetDefaults() { *o = UnicodeOptions{Mojibake: true, BlankLines: 2} }

// Check returns a *recipe.ValueError for the first impossible value.
func (o *UnicodeOptions) Check() error {
	if o.BlankLines < 0 {
		return recipe.Bad("blank_lines", "is %d; give 0 or more", o.BlankLines)
	}
	return nil
}

const unicodeName = "unicode"

// Reasons of its cuts.
const (
	reasonMojibake = "mojibake"
	reasonInvalid  = "invalid_utf8"
	reasonControl  = "control"    // control characters, byte order marks, private use
	reasonHidden   = "zero_width" // characters without width or sign
	reasonNewline  = "newline"    // line ends other than a line feed
	reasonTrailing = "trailing_space"
	reasonBlank    = "blank_lines"
	reasonNFC      = "nfc"
)

// Unicode is the step unicode: text becomes valid UTF-8 in Unicode's
// normalization form C without characters that nobody sees. Code keeps its
// space, its blank lines and its composition. Applying it again changes nothing.
// Goroutines may share it.
type Unicode struct{ o UnicodeOptions }

// NewUnicode makes the step.
func NewUnicode(o UnicodeOptions) (*Unicode, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	return &Unicode{o: o}, nil
}

// Worker returns the step for one goroutine.
func (u *Unicode) Worker() document.Step { return &unicodeWorker{o: u.o} }

type unicodeWorker struct{ o UnicodeOptions }

// Name is unicode.
func (w *unicodeWorker) Name() string { return unicodeName }

// maxPasses bounds the passes over a text. One pass may bring together what the
// next one repairs; texts that are not made for it need two.
const maxPasses = 16

// Apply cleans the text. The places of its cuts are those in the text as it
// came, for nearly all texts; where one pass was not enough, those of the next
// are in the text that it found.
func (w *unicodeWorker) Apply(d *document.Document) {
	code, pages := d.Format == document.Code, d.Format == document.PDF
	for range maxPasses {
		found := survey(d.Text())
		if code {
			found &^= hasTrailing | hasBlank | hasMarks | hasMojibake | hasHidden
		}
		if !w.o.Mojibake {
			found &^= hasMojibake
		}
		if w.o.BlankLines < 2 && !code {
			found |= hasBlank // a survey looks for two
		}
		if found == 0 {
			return
		}
		r := rewriter{d: d, text: d.Text(), code: code, pages: pages, blank: w.o.BlankLines}
		if found&hasMojibake != 0 {
			r.mojibake()
		}
		if found&^(hasMojibake|hasMarks) != 0 {
			r.rewrite()
		}
		if found&hasMarks != 0 {
			r.compose()
		}
		if !r.changed {
			return
		}
		d.SetText(r.text)
	}
}
