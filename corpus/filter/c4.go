package filter

import (
	"bytes"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// C4Options are the rules of step c4, those of Raffel and others, "Exploring the
// Limits of Transfer Learning" (JMLR 21, 2020), section 2.2, and of its code. It
// takes lines and citations out of a document, or drops it, as it does one of more
// than 16 Mi words. A rule with limit 0 or false is off.
type C4Options struct {
	// MaxWordLength takes out lines with a longer word, in characters between
	// spaces.
	MaxWordLength int `yaml:"max_word_length" json:"max_word_length"`
	// Citations takes marks such as [12] and [edit] out of lines.
	Citations bool `yaml:"citations" json:"citations"`
	// Punctuation takes out lines that end with neither . ? ! nor a quote, or with
	// an ellipsis. In documents of other languages than English all marks that end
	// a sentence do.
	Punctuation bool `yaml:"terminal_punctuation" json:"terminal_punctuation"`
	// MinLineWords takes out lines with fewer words between spaces, in languages
	// that have them.
	MinLineWords int `yaml:"min_line_words" json:"min_line_words"`
	// LoremIpsum drops a document in which one of the lines left says so.
	LoremIpsum bool `yaml:"lorem_ipsum" json:"lorem_ipsum"`
	// JavaScript takes out lines that name it, Policy those about cookies and terms
	// of use.
	JavaScript bool `yaml:"javascript" json:"javascript"`
	// CurlyBracket drops a document in which one of the lines left has a {.
	CurlyBracket bool `yaml:"curly_bracket" json:"curly_bracket"`
	Policy       bool `yaml:"policy" json:"policy"`
	// MinSentences is the least number of sentences in the lines left.
	MinSentences int `yaml:"min_sentences" json:"min_sentences"`
	// BadWords are files of phrases, one a line, none of which may be in the text
	// as it came. None are given at first.
	BadWords []string `yaml:"bad_words" json:"bad_words"`
}

// SetDefaults sets the published rules.
func (o *C4Options) SetDefaults() {
	*o = C4Options{
		MaxWordLength: 1000, Citations: true, Punctuation: true, MinLineWords: 3, LoremIpsum: true, JavaScript: true,
		CurlyBracket: true, Policy: true, MinSentences: 5,
	}
}

// Check returns a *recipe.ValueError for the first impossible value.
func (o *C4Options) Check() error {
	for i, name := range o.BadWords {
		if name == "" {
			return recipe.Bad("bad_words", "entry %d is empty; it names a file", i+1)
		}
	}
	return checkCounts(number{"max_word_length", float64(o.MaxWordLength)},
		number{"min_line_words", float64(o.MinLineWords)}, number{"min_sentences", float64(o.MinSentences)})
}

// Files returns the files that the step reads.
func (o *C4Options) Files() []string { return o.BadWords }

const c4Name = "c4"

// C4 is the step c4. Goroutines may share it.
type C4 struct {
	o   C4Options
	bad *phrases
}

// NewC4 makes the step and reads its lists.
func NewC4(o C4Options) (*C4, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	bad, err := readPhrases("bad_words", o.BadWords)
	if err != nil {
		return nil, err
	}
	return &C4{o: o, bad: bad}, nil
}

// Worker returns the step for one goroutine.
func (c *C4) Worker() document.Step { return &c4{o: &c.o, bad: c.bad} }

// c4 is the work on one document.
type c4 struct {
	o   *C4Options
	bad *phrases

	out       []byte // the lines left
	newline   bool   // the last of them had a newline
	end       int    // behind it
	cuts      []cut
	sentences int
	look      lookout
	// foreign and unspaced say so of the document's language.
	foreign, unspaced bool

	list words.List // of a line without its citations
	line []byte     // it
}

// cut is a place that is taken out, for one reason.
type cut struct {
	reason string
	at, n  int
}

func (c *c4) Name() string { return c4Name }

func (c *c4) Apply(d *document.Document) {
	text, list := d.Text(), d.Words().Words
	if len(list) >= words.Most { // those of the last lines are not known
		drop(d, c4Name, "max_words", float64(len(list)), words.Most)
		return
	}
	if n, phrase := c.bad.count(text, list, 1); n > 0 {
		drop(d, c4Name, "bad_words", float64(n), 0)
		d.Drop.Note = phrase
		return
	}
	c.out, c.cuts, c.sentences, c.newline = c.out[:0], c.cuts[:0], 0, false
	c.foreign, c.unspaced = foreign(d), unspaced(d)
	c.look.begin(text, list)
	at := 0 // in list
	for l := linesOf(text); l.scan(); {
		from := at
		for at < len(list) && int(list[at].Start) < l.end {
			at++
		}
		if rule := c.take(&l, list[from:at]); rule != "" {
			drop(d, c4Name, rule, 1, 0)
			return
		}
	}
	if under(d, c4Name, "min_sentences", float64(c.sentences), float64(c.o.MinSentences)) {
		return
	}
	out := trim(c.out)
	if bytes.Equal(out, text) {
		return
	}
	if c.newline && len(c.out) > 0 {
		c.cuts = append(c.cuts, cut{"space", c.end - 1, 1}) // that of the last line
	}
	for _, x := range c.cuts {
		d.Cut(c4Name, x.reason, x.at, x.n)
	}
	d.SetText(bytes.Clone(out))
}

// take takes one line with its words over, or cuts it out. It returns the rule by
// which the document is dropped for this line, or "".
func (c *c4) take(l *lines, list []words.Word) string {
	var start, end int
	if len(list) > 0 {
		start, end = int(list[0].Start), int(list[len(list)-1].End)
	} else {
		start, end = l.start, l.start
	}
	cuts := len(c.cuts)
	reason, drops, line := c.judge(l, start, end, list)
	if drops {
		return reason
	}
	if reason != "" {
		c.cuts = append(c.cuts[:cuts], cut{reason, l.start, l.next - l.start})
		return ""
	}
	if start > l.start {
		c.cuts = append(c.cuts, cut{"space", l.start, start - l.start})
	}
	c.newline = l.next > l.end
	if more := l.next - end; more > 1 || more == 1 && !c.newline {
		if c.newline {
			more-- // one byte is the newline that stays
		}
		c.cuts = append(c.cuts, cut{"space", end, more})
	}
	c.end = l.next
	if len(c.out) > 0 {
		c.out = append(c.out, '\n')
	}
	c.out = append(c.out, line...)
	return ""
}

// judge returns why a line is cut out, or why it drops the document; "" if it
// stays, and what of it stays.
func (c *c4) judge(l *lines, start, end int, list []words.Word) (reason string, drops bool, line []byte) {
	line = l.text[start:end]
	if c.o.MaxWordLength > 0 && len(line) > c.o.MaxWordLength && longest(list) > c.o.MaxWordLength {
		return "max_word_length", false, nil
	}
	cited := false
	if c.o.Citations {
		line, cited = c.uncite(line, start)
	}
	if c.o.Punctuation && !closed(line) && !(c.foreign && len(line) > 0 && line[len(line)-1] >= utf8.RuneSelf && endsSentence(line)) {
		if len(list) == 0 {
			return "blank", false, nil
		}
		return "terminal_punctuation", false, nil
	}
	if c.o.MinLineWords > 0 && !c.unspaced && !spaced(list, c.o.MinLineWords) {
		return "min_line_words", false, nil
	}
	found := c.look.in(line, start, cited)
	switch {
	case c.o.LoremIpsum && found&loremIpsum != 0:
		return "lorem_ipsum", true, nil
	case c.o.JavaScript && found&javaScript != 0:
		return "javascript", false, nil
	case c.o.CurlyBracket && bytes.IndexByte(line, '{') >= 0:
		return "curly_bracket", true, nil
	case c.o.Policy && found&policy != 0:
		return "policy", false, nil
	case c.sentences >= c.o.MinSentences:
	case cited:
		c.list.Split(line)
		c.sentences += words.Sentences(line, c.list.Words)
	default:
		c.sentences += words.Sentences(l.text, list)
	}
	return "", false, line
}

// closed reports whether a line ends as a sentence does, and not with an
// ellipsis.
func closed(line []byte) bool {
	if len(line) == 0 {
		return false
	}
	switch line[len(line)-1] {
	case '.':
		return !bytes.HasSuffix(line, []byte("..."))
	case '?', '!', '"', '\'':
		return true
	}
	return false
}

// longest returns the length of the longest of the words between spaces.
func longest(list []words.Word) int {
	high, n := 0, 0
	for i := range list {
		if i > 0 && list[i-1].End != list[i].Start {
			n = 0
		}
		n += int(list[i].Runes)
		high = max(high, n)
	}
	return high
}

// spaced reports whether there are at least so many words between spaces.
func spaced(list []words.Word, least int) bool {
	n := 0
	for i := range list {
		if i == 0 || list[i-1].End != list[i].Start {
			if n++; n >= least {
				return true
			}
		}
	}
	return n >= least
}
