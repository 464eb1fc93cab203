package filter

import (
	"bytes"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// FineWebOptions are the rules of step fineweb, those of Penedo and others, "The
// FineWeb Datasets" (arXiv:2406.17557), section 3.6. A rule with limit 0 is off.
type FineWebOptions struct {
	// MinPunctuated is the least share of lines that end with a mark that ends a
	// sentence; with AllowUnpunctuated a document without any such line stays.
	MinPunctuated     float64 `yaml:"min_punctuated_lines" json:"min_punctuated_lines"`
	AllowUnpunctuated bool    `yaml:"allow_unpunctuated" json:"allow_unpunctuated"`
	// MaxShortLines bounds the share of lines of at most ShortLine characters.
	MaxShortLines float64 `yaml:"max_short_lines" json:"max_short_lines"`
	ShortLine     int     `yaml:"short_line" json:"short_line"`
	// MaxRepeated bounds the share of characters in lines that came before.
	MaxRepeated float64 `yaml:"max_repeated_characters" json:"max_repeated_characters"`
	// MaxNewlines bounds how many ends of lines there are for each word.
	MaxNewlines float64 `yaml:"max_newlines" json:"max_newlines"`
}

// SetDefaults sets the published limits.
func (o *FineWebOptions) SetDefaults() {
	*o = FineWebOptions{MinPunctuated: 0.12, MaxShortLines: 0.67, ShortLine: 30, MaxRepeated: 0.01, MaxNewlines: 0.3}
}

// Check returns a *recipe.ValueError for the first impossible value.
func (o *FineWebOptions) Check() error {
	if o.ShortLine < 0 {
		return recipe.Bad("short_line", "is %d; it is 0 or more characters", o.ShortLine)
	}
	if err := checkCounts(number{"max_newlines", o.MaxNewlines}); err != nil {
		return err
	}
	return checkRatios(number{"min_punctuated_lines", o.MinPunctuated},
		number{"max_short_lines", o.MaxShortLines}, number{"max_repeated_characters", o.MaxRepeated})
}

const fineWebName = "fineweb"

// FineWeb is the step fineweb. Goroutines may share it.
type FineWeb struct{ o FineWebOptions }

// NewFineWeb makes the step.
func NewFineWeb(o FineWebOptions) (*FineWeb, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	return &FineWeb{o: o}, nil
}

// Worker returns the step for one goroutine.
func (f *FineWeb) Worker() document.Step { return &fineWeb{o: &f.o} }

type fineWeb struct {
	o     *FineWebOptions
	lines seen
}

func (f *fineWeb) Name() string { return fineWebName }

func (f *fineWeb) Apply(d *document.Document) {
	text := d.Text()
	newlines := bytes.Count(text, []byte("\n"))
	defer f.lines.release()
	n, punctuated, short, repeated := f.count(text, newlines)
	if n == 0 {
		drop(d, fineWebName, "empty", 0, 1)
		return
	}
	share := ratio(punctuated, n)
	if !(punctuated == 0 && f.o.AllowUnpunctuated) && under(d, fineWebName, "min_punctuated_lines", share, f.o.MinPunctuated) {
		return
	}
	if over(d, fineWebName, "max_short_lines", ratio(short, n), f.o.MaxShortLines) {
		return
	}
	if repeated > 0 && over(d, fineWebName, "max_repeated_characters", ratio(repeated, chars(text)-newlines), f.o.MaxRepeated) {
		return
	}
	over(d, fineWebName, "max_newlines", ratio(newlines, len(d.Words().Words)), f.o.MaxNewlines)
}

// count counts the lines that are not blank, those that end with a mark, those
// that are short, and the characters of those that came before.
func (f *fineWeb) count(text []byte, newlines int) (n, punctuated, short, repeated int) {
	f.lines.reset(newlines + 1)
	for len(text) > 0 {
		line := text
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		if len(trimLeft(line)) == 0 {
			continue
		}
		n++
		if endsSentence(line) {
			punctuated++
		}
		if len(line) <= f.o.ShortLine || len(line) <= utf8.UTFMax*f.o.ShortLine && chars(line) <= f.o.ShortLine {
			short++
		}
		if f.lines.add(hash(line)) {
			repeated += chars(line)
		}
	}
	return n, punctuated, short, repeated
}

// endsSentence reports whether the last character of a line ends a sentence.
func endsSentence(line []byte) bool {
	c := line[len(line)-1]
	if c < utf8.RuneSelf {
		return c == '.' || c == '!' || c == '?'
	}
	r, _ := utf8.DecodeLastRune(line)
	return terminal(r)
}
