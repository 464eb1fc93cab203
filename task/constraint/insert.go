package constraint

import (
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

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
	random.Shuffle(r, places)
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
func (c *composer) amount(a *Constraint, r *random.Source) int {
	more := r.Below(2)
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
	templates := random.Sample(r, mentions, len(mentions))
	next := 0
	mention := func(word string) string {
		next++
		return mentioned(templates[next%len(templates)], word)
	}
	other := func() string { // a word that is not asked for
		for {
			w := random.Pick(r, spareWords)
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
		texts := random.Sample(r, blanks, len(blanks))
		n := c.amount(a, r)
		for i := range max(n, a.Number) {
			s := texts[i%len(texts)]
			if i >= n {
				s = strings.NewReplacer("[", "", "]", "").Replace(s)
			}
			more = append(more, s)
		}
	}
	random.Shuffle(r, more)
	for _, s := range more {
		c.sentence = slices.Insert(c.sentence, r.Below(len(c.sentence)+1), s)
	}
	if a := c.of(Order); a != nil {
		words := slices.Clone(a.Words)
		if c.spoils(Order) {
			words[0], words[1] = words[1], words[0]
		}
		at := 0
		for _, w := range words {
			at = r.Between(at, len(c.sentence))
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
