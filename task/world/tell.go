package world

import (
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// teller writes texts that tell facts.
type teller struct {
	r *random.Source
	// told are the ways to tell an attribute that may be used.
	told func(*attribute) []string
}

// opens reports whether a way to tell something begins with the subject, so that it may
// be a pronoun, and that another statement of it may follow.
func opens(template string) bool { return strings.HasPrefix(template, "{S} ") }

// about tells facts of one subject in sentences of one fact or two, the first with its
// name, others half of the time with a pronoun where it is clear who is meant.
func (t *teller) about(n *name, facts []Fact) string {
	var list []string
	clear := false // the last sentence names nobody else
	for len(facts) > 0 {
		template := random.Pick(t.r, t.told(byName[facts[0].Attribute]))
		who := n.text
		if clear && opens(template) && t.r.Coin() {
			who = n.pronoun()
		}
		text, used := fill(template, who, facts[0].Value), 1
		if len(facts) > 1 && opens(template) && t.r.Below(3) == 0 {
			if more := t.predicate(facts[1]); more != "" {
				text, used = text+" and "+more, 2
			}
		}
		clear = !slices.ContainsFunc(facts[:used], func(f Fact) bool { return byName[f.Attribute].of != "" })
		list, facts = append(list, sentence(text)), facts[used:]
	}
	return strings.Join(list, " ")
}

// predicate tells a fact without its subject; "" where no way to do so may be used.
func (t *teller) predicate(f Fact) string {
	ways := slices.DeleteFunc(slices.Clone(t.told(byName[f.Attribute])), func(s string) bool { return !opens(s) })
	if len(ways) == 0 {
		return ""
	}
	return fill(strings.TrimPrefix(random.Pick(t.r, ways), "{S} "), "", f.Value)
}

// answerAbout tells facts as answers do: each in a sentence, in its first form.
func answerAbout(n *name, facts []Fact) string {
	var list []string
	for i, f := range facts {
		template, who := byName[f.Attribute].told[0], n.text
		if i > 0 && byName[facts[i-1].Attribute].of == "" {
			who = n.pronoun()
		}
		list = append(list, sentence(fill(template, who, f.Value)))
	}
	return strings.Join(list, " ")
}

// document is a text of a world's corpus: all that is told of one subject, in some order
// and in any of the forms, the test's too.
func (w *World) document(r *random.Source, s *subject) string {
	facts := s.facts()
	random.Shuffle(r, facts)
	t := teller{r, func(a *attribute) []string { return a.told }}
	return t.about(&s.name, facts)
}

// facts are those of a subject, in the order of its attributes.
func (s *subject) facts() []Fact {
	var list []Fact
	for _, a := range attributesOf(s.kind) {
		if v, ok := s.values[a.name]; ok {
			list = append(list, Fact{s.text, a.name, v})
		}
	}
	return list
}

// Each gives the texts of the world's corpus to yield, in an order at random, until that
// has an error, which it returns. A text tells all facts of a subject, in other words
// each time, and there are as many of it as its tier says. The same seed gives the same
// texts.
func (w *World) Each(seed uint64, yield func(text string) error) error {
	var order []*subject
	for _, k := range Kinds {
		for i := range w.subjects[k] {
			s := &w.subjects[k][i]
			for range s.tier.Times() {
				order = append(order, s)
			}
		}
	}
	r := random.At(seed, 2)
	random.Shuffle(r, order)
	for _, s := range order {
		if text := w.document(r, s); text != "" {
			if err := yield(text); err != nil {
				return err
			}
		}
	}
	return nil
}
