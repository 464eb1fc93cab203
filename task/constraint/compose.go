package constraint

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// composer makes an answer of the base's sentences. What it draws at one step does not
// depend on the others, so that an answer that breaks a constraint is otherwise like one
// that meets it.
type composer struct {
	base     *Base
	list     []Constraint
	seed     uint64
	spoil    spoil
	sentence []string // of the answer, in turn
}

// spoil says which constraint an answer is to break, and how much of it.
type spoil struct {
	kind Kind
	by   int
}

// Steps that draw.
const (
	stepSentences uint64 = iota
	stepMarks
	stepInserts
	stepOpening
	stepLayout
	stepSpoil
)

func (c *composer) random(step uint64) *random.Source { return random.At(c.seed, step) }

// of is the constraint of a kind, nil if there is none.
func (c *composer) of(k Kind) *Constraint {
	for i := range c.list {
		if c.list[i].Kind == k {
			return &c.list[i]
		}
	}
	return nil
}

// spoils reports whether the constraint is to be broken.
func (c *composer) spoils(k Kind) bool { return c.spoil.kind == k }

// compose makes an answer for the item's constraints, but for what is counted in it. It
// is empty if the base has too few sentences that fit.
func (it *Item) compose(seed uint64, s spoil) string {
	c := &composer{base: it.base, list: it.Constraints, seed: seed, spoil: s}
	if !c.choose() {
		return ""
	}
	c.spoilSentences()
	c.mark()
	c.insert()
	c.openAndClose()
	text := c.lay()
	if text == "" {
		return ""
	}
	return c.finish(text)
}

// choose takes sentences of the base, in their order.
func (c *composer) choose() bool {
	r := c.random(stepSentences)
	from := c.base
	if c.spoils(Language) {
		from = &ownBases[r.Below(len(ownBases)/2)] // in English
	}
	var fit []string
	for _, s := range from.Sentences {
		free := true
		for _, k := range []Kind{Avoid, Without} {
			if a := c.of(k); a != nil {
				ok, _ := a.Check(s)
				free = free && ok
			}
		}
		if free {
			fit = append(fit, s)
		}
	}
	least := 2
	for _, k := range []Kind{Bullets, Numbered, Sections, ParagraphWord} {
		if a := c.of(k); a != nil {
			least = a.Number
		}
	}
	if len(fit) < max(least, 3) {
		return false
	}
	n := r.Between(max(least, 3), len(fit))
	order := make([]int, len(fit))
	for i := range order {
		order[i] = i
	}
	random.Shuffle(r, order)
	n = min(max(n+c.spoiledSentences(), 1), len(fit))
	order = order[:n]
	slices.Sort(order)
	for _, i := range order {
		c.sentence = append(c.sentence, fit[i])
	}
	return true
}

// openAndClose puts the first and the last sentence.
func (c *composer) openAndClose() {
	r := c.random(stepOpening)
	if a := c.of(FirstWord); a != nil {
		s := opener(a.Text)
		if c.spoils(FirstWord) {
			s = "Indeed" + s[len(a.Text):]
		}
		c.sentence = slices.Insert(c.sentence, 0, s)
	}
	if a := c.of(Start); a != nil {
		text := a.Text
		for c.spoils(Start) && text == a.Text {
			text = random.Pick(r, starts)
		}
		c.sentence[0] = text + " " + c.sentence[0]
	}
	if a := c.of(LastWord); a != nil {
		var fit []string
		for _, s := range closers {
			if ok, _ := a.Check(s); ok {
				fit = append(fit, s)
			}
		}
		s := random.Pick(r, fit)
		if c.spoils(LastWord) {
			s = strings.TrimSuffix(s, a.Text+".") + "then."
		}
		c.sentence = append(c.sentence, s)
	}
	if a := c.of(End); a != nil {
		text := a.Text
		for c.spoils(End) && text == a.Text {
			text = random.Pick(r, ends)
		}
		c.sentence = append(c.sentence, text)
	}
}

// opener is the sentence that a word begins.
func opener(word string) string {
	for _, s := range openers {
		if wordsOf(s)[0] == word {
			return s
		}
	}
	return capitalized(word) + "."
}

// finish puts around the text what is around it.
func (c *composer) finish(text string) string {
	if c.of(Title) != nil {
		title := "<<" + c.base.title() + ">>"
		if c.spoils(Title) {
			title = c.base.title()
		}
		text = title + "\n\n" + text
	}
	if a := c.of(Postscript); a != nil {
		mark := a.Text
		if c.spoils(Postscript) {
			mark = "Also" + mark[len(mark)-1:]
		}
		text += "\n\n" + mark + " " + random.Pick(c.random(stepOpening), asides)
	}
	if a := c.of(Repeat); a != nil {
		request := a.Text
		if c.spoils(Repeat) {
			_, rest, _ := strings.Cut(request, " ")
			request = strings.TrimSpace("Answer " + rest)
		}
		text = request + "\n\n" + text
	}
	if c.of(Quoted) != nil {
		text = `"` + text
		if !c.spoils(Quoted) {
			text += `"`
		}
	}
	if c.spoils(Paragraphs) {
		text = c.parted(text)
	}
	switch {
	case c.of(Lower) != nil && !c.spoils(Lower):
		return strings.ToLower(text)
	case c.of(Upper) != nil && !c.spoils(Upper):
		return strings.ToUpper(text)
	}
	return text
}

// object writes a JSON object.
func object(keys, values []string) string {
	var b strings.Builder
	b.WriteString("{")
	for i, key := range keys {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n  " + quoted(key) + ": " + quoted(values[i]))
	}
	b.WriteString("\n}")
	return b.String()
}

func quoted(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text can always be written, and to memory
	return strings.TrimSuffix(b.String(), "\n")
}
