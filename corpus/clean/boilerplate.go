package clean

import (
	"bytes"
	"encoding/binary"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// BoilerplateOptions are those of the step boilerplate_lines.
type BoilerplateOptions struct {
	// MaxWords is how many words a line may have that is taken out.
	MaxWords int `yaml:"max_words" json:"max_words"`
	// Repeats is how often a line of two words or more may stand in a document,
	// and in long ones one of 32 different lines; of those that stand more often
	// the first one stays. 0 lets all stay.
	Repeats int `yaml:"repeats" json:"repeats"`
}

// SetDefaults takes lines of up to 30 words out, and those that stand more than
// three times.
func (o *BoilerplateOptions) SetDefaults() { *o = BoilerplateOptions{MaxWords: 30, Repeats: 3} }

// Check returns a *recipe.ValueError for the first impossible value.
func (o *BoilerplateOptions) Check() error {
	if o.MaxWords < 1 {
		return recipe.Bad("max_words", "is %d; give 1 or more", o.MaxWords)
	}
	if o.Repeats < 0 {
		return recipe.Bad("repeats", "is %d; give 0 or more", o.Repeats)
	}
	return nil
}

const (
	boilerplateName = "boilerplate_lines"
	reasonRepeated  = "repeated"
	fewOfMany       = 32 // different lines for each time that one may stand in a long document
	wordBytes       = 12 // of a word at most, on average, in a line that is looked at
)

// maxLines bounds the memory for the lines of a document: those after it may
// repeat.
const maxLines = 1 << 20

// Boilerplate is the step boilerplate_lines: it takes out lines about cookies,
// scripts, rights, subscriptions and sharing, links to more, and lines that a
// document repeats. Code stays as it is. Goroutines may share it.
type Boilerplate struct{ o BoilerplateOptions }

// NewBoilerplate makes the step.
func NewBoilerplate(o BoilerplateOptions) (*Boilerplate, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	return &Boilerplate{o: o}, nil
}

// Worker returns the step for one goroutine.
func (b *Boilerplate) Worker() document.Step {
	return &boilerplateWorker{o: b.o, seen: make(map[uint64]int32)}
}

type boilerplateWorker struct {
	o     BoilerplateOptions
	seen  map[uint64]int32 // how often a line stands in the text; below 0 once it was kept
	often int              // how often a line may
	lines []lineNote
	lower []byte // the line at hand
}

// lineNote is what is known of a line before lines go.
type lineNote struct {
	reason string // why it goes by itself
	hash   uint64 // of a short line that does not
}

// Name is boilerplate_lines.
func (w *boilerplateWorker) Name() string { return boilerplateName }

// Apply takes lines out of the text.
func (w *boilerplateWorker) Apply(d *document.Document) {
	if d.Format == document.Code {
		return
	}
	text := d.Text()
	w.read(text)
	var out []byte
	changed := false
	number := 0
	for at := 0; at < len(text); {
		line := firstLine(text[at:])
		reason := w.reason(number, line)
		n := len(line)
		number++
		if reason == "" {
			if changed {
				out = append(out, line...)
			}
			at += n
			continue
		}
		if !changed {
			out, changed = append(make([]byte, 0, len(text)), text[:at]...), true
		}
		// The blank line after it would be a second one.
		if next := firstLine(text[at+n:]); isEmpty(next) && (len(out) == 0 || bytes.HasSuffix(out, []byte("\n\n"))) {
			n += len(next)
			number++
		}
		d.Cut(boilerplateName, reason, at, n)
		at += n
	}
	if changed {
		d.SetText(out)
	}
}

func firstLine(text []byte) []byte {
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1]
	}
	return text
}

func isEmpty(line []byte) bool { return len(line) > 0 && len(bytes.TrimSpace(line)) == 0 }

// read judges the lines one by one, and counts those that stay.
func (w *boilerplateWorker) read(text []byte) {
	clear(w.seen)
	w.lines = w.lines[:0]
	for len(text) > 0 && len(w.lines) < maxLines {
		line := firstLine(text)
		text = text[len(line):]
		l := lineNote{reason: w.judge(line)}
		if line = bytes.TrimSpace(line); l.reason == "" && len(line) >= 3 && len(line) <= w.o.MaxWords*wordBytes {
			l.hash = hashLine(line)
			w.seen[l.hash]++
		}
		w.lines = append(w.lines, l)
	}
	w.often = max(w.o.Repeats, len(w.seen)/fewOfMany)
}

// reason returns why the line with that number goes, or "".
func (w *boilerplateWorker) reason(number int, line []byte) string {
	if number >= len(w.lines) {
		return w.judge(line)
	}
	l := w.lines[number]
	if l.reason == "" && w.o.Repeats > 0 && w.again(l.hash, line) {
		return reasonRepeated
	}
	return l.reason
}

func hashLine(line []byte) uint64 {
	h := uint64(len(line))
	for ; len(line) >= 8; line = line[8:] {
		h = (h ^ binary.LittleEndian.Uint64(line)) * 0x9E3779B97F4A7C15
		h ^= h >> 29
	}
	for _, c := range line {
		h = (h ^ uint64(c)) * 0x9E3779B97F4A7C15
	}
	return (h ^ h>>32) | 1
}

// again tells whether a line with that hash stands too often, but for the first
// time.
func (w *boilerplateWorker) again(h uint64, line []byte) bool {
	n := w.seen[h]
	if h == 0 || n >= 0 && (int(n) <= w.often || countWords(line) < 2) {
		return false
	}
	w.seen[h] = -1
	return n < 0
}

// judge returns why a line goes, or "".
func (w *boilerplateWorker) judge(line []byte) string {
	trimmed := bytes.TrimSpace(line)
	if len(trimmed) == 0 || len(trimmed) > w.o.MaxWords*wordBytes {
		return ""
	}
	w.lower = appendLower(w.lower[:0], trimmed)
	words := 0
	small := isLower(trimmed[0]) // the line goes on with a sentence
	for i := range rules {
		r := &rules[i]
		if small && r.opens || !r.found(w.lower) {
			continue
		}
		if words == 0 {
			words = countWords(trimmed)
		}
		if words <= min(r.words, w.o.MaxWords) {
			return r.reason
		}
	}
	return ""
}

// countWords counts the parts of a line between blanks that have a letter, and
// characters of three bytes, which are mostly words of their own or parts of
// longer ones, as a third of one.
func countWords(line []byte) int {
	words, wide, letter := 0, 0, false
	for _, c := range line {
		switch {
		case c == ' ' || c == '\t':
			letter = false
		case c >= 0xE3:
			wide++
			fallthrough
		case !letter && (c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80):
			if !letter {
				words++
			}
			letter = true
		}
	}
	return words + wide/3
}

// appendLower appends s with the letters of ASCII in lower case.
func appendLower(dst, s []byte) []byte {
	for _, c := range s {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}
