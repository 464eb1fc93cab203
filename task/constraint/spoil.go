package constraint

import (
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// Broken returns an answer that breaks one constraint and meets all others, and which
// one that is. It is as like Item.Answer as can be: a word exchanged, an item without its
// mark, a number that is off by little. Which constraint it is follows from the seed and
// the index; ok is false where no such answer is found.
func (it *Item) Broken(seed, index uint64) (answer string, which int, ok bool) {
	r := random.At(seed, index)
	order := make([]int, len(it.Constraints))
	for i := range order {
		order[i] = i
	}
	random.Shuffle(r, order)
	for _, which := range order {
		if answer, ok := it.breaking(which, r); ok {
			return answer, which, true
		}
	}
	return "", 0, false
}

// breaking tries ever more of the same, then other sentences.
func (it *Item) breaking(which int, r *random.Source) (string, bool) {
	const steps, seeds = 24, 8
	k := it.Constraints[which].Kind
	for try := range seeds {
		seed := it.seed
		if try > 0 {
			seed = r.Uint64()
		}
		for by := 1; by <= steps; by++ {
			answer := it.compose(seed, spoil{k, by})
			if answer != "" && answer != it.Answer && it.breaksOnly(which, answer) {
				return answer, true
			}
		}
	}
	return "", false
}

// breaksOnly reports whether an answer meets all constraints but this one.
func (it *Item) breaksOnly(which int, answer string) bool {
	for i := range it.Constraints {
		if ok, _ := check(it.Constraints, i, answer); ok == (i == which) {
			return false
		}
	}
	return true
}

// beyond reports whether a number is exceeded and not fallen short of.
func (c *composer) beyond(a *Constraint) bool {
	return a.Relation == AtMost || a.Relation != AtLeast && c.seed%2 == 0
}

// spoiledSentences is how many more sentences of the base there are, or fewer, where that
// is what breaks the constraint: tried before sentences are changed.
func (c *composer) spoiledSentences() int {
	const most = 4
	a := c.of(c.spoil.kind)
	if a == nil || a.Kind != Words && a.Kind != Sentences && a.Kind != Letter || c.spoil.by > most {
		return 0
	}
	if c.beyond(a) {
		return c.spoil.by
	}
	return -c.spoil.by
}

// spoilSentences changes sentences of the base where the constraint that is to be broken
// is about them.
func (c *composer) spoilSentences() {
	a := c.of(c.spoil.kind)
	if a == nil || c.spoiledSentences() != 0 {
		return
	}
	r := c.random(stepSpoil)
	for i := range c.spoil.by {
		at := r.Below(len(c.sentence))
		s := &c.sentence[at]
		switch a.Kind {
		case Words:
			*s = spoiledLength(r, *s, c.beyond(a))
		case Sentences:
			c.spoilEnds(r, c.beyond(a))
		case Letter:
			more := c.beyond(a)
			*s = exchanged(r, *s, func(old, now string) bool {
				before, after := strings.Count(old, a.Text), strings.Count(now, a.Text)
				return after > before == more && after != before
			})
		case Avoid:
			w := a.Words[r.Below(len(a.Words))]
			*s = exchanged(r, *s, func(_, now string) bool { return now == w }, w)
		case Without:
			if i == 0 {
				*s = signed(r, *s, a.Text)
			}
		}
	}
}

// inner is the place of a word of small letters that is neither first nor last, -1 if
// there is none.
func inner(r *random.Source, words []string) int {
	var places []int
	for i := 1; i < len(words)-1; i++ {
		if strings.Trim(words[i], "abcdefghijklmnopqrstuvwxyz") == "" {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		return -1
	}
	return random.Pick(r, places)
}

// spoiledLength puts a word in or takes one out.
func spoiledLength(r *random.Source, s string, longer bool) string {
	words := strings.Split(s, " ")
	at := inner(r, words)
	switch {
	case at < 0:
		return s
	case longer:
		words[at] = random.Pick(r, []string{"really", "indeed", "always", "often"}) + " " + words[at]
	default:
		words = append(words[:at:at], words[at+1:]...)
	}
	return strings.Join(words, " ")
}

// spoilEnds makes two sentences of one, or one of two.
func (c *composer) spoilEnds(r *random.Source, more bool) {
	at := r.Below(len(c.sentence))
	if more {
		words := strings.Split(c.sentence[at], " ")
		if i := inner(r, words); i > 0 {
			words[i] += "."
			c.sentence[at] = strings.Join(words, " ")
		}
		return
	}
	if last := len(c.sentence) - 1; last > 0 {
		at = r.Below(last)
		first := strings.TrimRight(c.sentence[at], ".!?。")
		c.sentence[at] = first + "; " + c.sentence[at+1]
		c.sentence = append(c.sentence[:at+1:at+1], c.sentence[at+2:]...)
	}
}

// exchanged puts a spare word, or one of these, for one of the sentence, if one fits.
func exchanged(r *random.Source, s string, fits func(old, now string) bool, these ...string) string {
	if these == nil {
		these = spareWords
	}
	words := strings.Split(s, " ")
	at := inner(r, words)
	if at < 0 {
		return s
	}
	for range 8 {
		if now := random.Pick(r, these); fits(words[at], now) {
			words[at] = now
			break
		}
	}
	return strings.Join(words, " ")
}

// signed puts a sign at a word.
func signed(r *random.Source, s, sign string) string {
	words := strings.Split(s, " ")
	at := r.Below(len(words))
	if sign == "(" {
		words[at] = sign + words[at]
	} else if at < len(words)-1 {
		words[at] += sign
	} else {
		words[at] = strings.TrimRight(words[at], ".!?。") + sign
	}
	return strings.Join(words, " ")
}

// parted joins two paragraphs or makes two of one.
func (c *composer) parted(text string) string {
	r := c.random(stepSpoil + uint64(c.spoil.by))
	old, now := "\n\n", "\n"
	if a := c.of(Paragraphs); a.Relation == AtMost || a.Relation != AtLeast && c.spoil.by%2 == 0 {
		old, now = ". ", ".\n\n"
		if c.base.Language == "japanese" {
			old, now = "。", "。\n\n"
		}
	}
	n := strings.Count(text, old)
	if n == 0 {
		return text
	}
	parts := strings.SplitN(text, old, r.Below(n)+2)
	last := len(parts) - 1
	return strings.Join(parts[:last], old) + now + parts[last]
}
