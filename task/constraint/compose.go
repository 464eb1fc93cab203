package constraint

import (
	"encoding/json"
	"slices"
	"strings"
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

func (c *composer) random(step uint64) *random { return newRandom(c.seed, step) }

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
		from = &ownBases[r.below(len(ownBases)/2)] // in English
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
	n := r.between(max(least, 3), len(fit))
	order := make([]int, len(fit))
	for i := range order {
		order[i] = i
	}
	shuffle(r, order)
	n = min(max(n+c.spoiledSentences(), 1), len(fit))
	order = order[:n]
	slices.Sort(order)
	for _, i := range order {
		c.sentence = append(c.sentence, fit[i])
	}
	return true
}

// mark puts words in capitals and between stars.
func (c *composer) mark() {
	type place struct{ sentence, word int }
	var places []place
	for i, s := range c.sentence {
		for j, w := range strings.Split(s, " ") {
			if len(w) > 2 && strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "" {
				places = append(places, place{i, j})
			}
		}
	}
	r := c.random(stepMarks)
	shuffle(r, places)
	for _, one := range []struct {
		kind Kind
		how  func(string) string
	}{{Capitals, strings.ToUpper}, {Highlights, func(w string) string { return "*" + w + "*" }}} {
		a := c.of(one.kind)
		if a == nil {
			continue
		}
		n := c.amount(a, r)
		for range min(n, len(places)) {
			p := places[0]
			places = places[1:]
			words := strings.Split(c.sentence[p.sentence], " ")
			words[p.word] = one.how(words[p.word])
			c.sentence[p.sentence] = strings.Join(words, " ")
		}
	}
}

// amount is how many are put in, of what is chosen before it is counted.
func (c *composer) amount(a *Constraint, r *random) int {
	more := r.below(2)
	switch {
	case c.spoils(a.Kind) && a.Relation == Exactly && c.spoil.by%2 == 0:
		return a.Number + 1
	case c.spoils(a.Kind):
		return a.Number - 1
	}
	if a.Relation == AtLeast {
		return a.Number + more
	}
	return a.Number
}

// insert puts sentences with the words that must come between those of the base.
func (c *composer) insert() {
	r := c.random(stepInserts)
	templates := sample(r, mentions, len(mentions))
	next := 0
	mention := func(word string) string {
		next++
		return mentioned(templates[next%len(templates)], word)
	}
	other := func() string { // a word that is not asked for
		for {
			w := pick(r, spareWords)
			if !slices.ContainsFunc(c.list, func(a Constraint) bool { return slices.Contains(a.Words, w) || a.Text == w }) {
				return w
			}
		}
	}
	var more []string
	if a := c.of(Include); a != nil {
		for i, w := range a.Words {
			if c.spoils(Include) && i == len(a.Words)-1 {
				w = other()
			}
			more = append(more, mention(w))
		}
	}
	if a := c.of(Frequency); a != nil {
		n := c.amount(a, r)
		for range n {
			more = append(more, mention(a.Text))
		}
		if n < a.Number {
			more = append(more, mention(other()))
		}
	}
	if a := c.of(Placeholders); a != nil {
		texts := sample(r, blanks, len(blanks))
		n := c.amount(a, r)
		for i := range max(n, a.Number) {
			s := texts[i%len(texts)]
			if i >= n {
				s = strings.NewReplacer("[", "", "]", "").Replace(s)
			}
			more = append(more, s)
		}
	}
	shuffle(r, more)
	for _, s := range more {
		c.sentence = slices.Insert(c.sentence, r.below(len(c.sentence)+1), s)
	}
	if a := c.of(Order); a != nil {
		words := slices.Clone(a.Words)
		if c.spoils(Order) {
			words[0], words[1] = words[1], words[0]
		}
		at := 0
		for _, w := range words {
			at = r.between(at, len(c.sentence))
			c.sentence = slices.Insert(c.sentence, at, mention(w))
			at++
		}
	}
}

func mentioned(template, word string) string {
	if strings.ContainsRune("aeiou", rune(word[0])) {
		template = strings.Replace(template, " a %s", " an %s", 1)
		template = strings.Replace(template, "A %s", "An %s", 1)
	}
	return strings.Replace(template, "%s", word, 1)
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
			text = pick(r, starts)
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
		s := pick(r, fit)
		if c.spoils(LastWord) {
			s = strings.TrimSuffix(s, a.Text+".") + "then."
		}
		c.sentence = append(c.sentence, s)
	}
	if a := c.of(End); a != nil {
		text := a.Text
		for c.spoils(End) && text == a.Text {
			text = pick(r, ends)
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
		text += "\n\n" + mark + " " + pick(c.random(stepOpening), asides)
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
