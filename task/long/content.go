package long

import (
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// content is what a text holds besides its filler, and what is asked about it.
type content struct {
	needles   []needle
	questions []Question
	// filler, if any, is what the text consists of in place of prose.
	filler func() string
}

// maker makes the content of a kind.
type maker struct {
	r     *random.Source
	split Split
	// depths are those of Options.
	depths []float64
	// room is how many tokens the statements may take, and count counts them.
	room  int
	count func(string) int
	content
	numbers, names map[string]bool // those that are in use
}

// makers make what is asked; an error wraps ErrShort.
var makers = map[Kind]func(*maker) error{
	Passkey: (*maker).passkey, KeyValue: (*maker).keyValue, MultiNeedle: (*maker).multiNeedle, Reversed: (*maker).reversed, Variables: (*maker).variables,
	Counting: (*maker).counting, Distractors: (*maker).distractors, Documents: (*maker).documents,
}

// maker begins the content of a text, of which the statements may take so many tokens.
func (o *Options) maker(r *random.Source, room int) *maker {
	return &maker{r: r, split: o.Split, room: room, count: o.count, numbers: map[string]bool{}, names: map[string]bool{}}
}

// make adds what a kind asks about at depths.
func (m *maker) make(kind Kind, depths []float64) error {
	m.depths = depths
	return makers[kind](m)
}

// filler is what stands between the statements.
func (o *Options) filler(seed uint64, c *content) func() string {
	r := random.At(seed, ofText)
	switch {
	case c.filler != nil:
		return c.filler
	case strings.TrimSpace(o.Text) != "":
		return given(r, o.Text)
	}
	return prose(r)
}

// afford is how many statements like this one there may be, at most so many; fewer than
// least are an error.
func (m *maker) afford(like string, least, most int) (int, error) {
	n := m.room / max(m.count(" "+like), 1)
	if n < least {
		return 0, fmt.Errorf("%w: it has room for %d statements of the %d that are asked about", ErrShort, n, least)
	}
	return min(n, most), nil
}

// add puts a statement at a depth and returns its number.
func (m *maker) add(at float64, text string) int {
	m.needles = append(m.needles, needle{at: at, text: capital(text)})
	return len(m.needles) - 1
}

// put adds a question on a statement, with its answer as it is said in training.
func (m *maker) put(text, said string, number int, after float64, answers ...string) {
	m.questions = append(m.questions, Question{Text: text, Answers: answers, said: said, needle: number, after: after})
}

// anywhere is a depth at random.
func (m *maker) anywhere() float64 { return unit(m.r) }

// unit is a number from 0 up to 1.
func unit(r *random.Source) float64 { return float64(r.Below(1<<20)) / (1 << 20) }

// later is a depth at random behind another.
func (m *maker) later(than float64) float64 { return than + (1-than)*unit(m.r) }

// say fills a wording: each name is followed by what stands for it.
func say(wording string, names ...string) string {
	return strings.NewReplacer(names...).Replace(wording)
}
