package scene

import (
	"slices"

	"github.com/polymath-lm/polymath/picture/draw"
)

// panelNames are how boxes are told apart.
var panelNames = map[string]int{"left": 0, "first": 0, "middle": 1, "center": 1, "second": 1, "right": 2, "third": 2, "last": 2}

// reader goes through a description and states its facts.
type reader struct {
	shown *draw.Facts
	whole *view
	facts *facts

	view *view
	// subject is what the sentence is about, last what it or the one before spoke of
	// first; spoken is the phrases of this sentence that have no part in a fact yet.
	subject, last *phrase
	spoken        []*phrase
	before        []*phrase // the phrases of the sentence, in order
	relation      string    // that waits for what it is to
	negated       bool
	inverted      bool     // the relation stands before its subject
	ends          []phrase // of between
	front         []string // sides that stand before what is there
	compared      *phrase  // of "more circles than squares"
	fewer         bool
}

func (r *reader) sentence(words []word) {
	r.view = r.whole
	words = r.panelOf(words)
	r.subject, r.spoken, r.before, r.front, r.compared = nil, nil, nil, nil, nil
	r.endRelation()
	for i := 0; i < len(words); {
		w := words[i]
		if (w.kind == more) && r.startsComparison(words, i) {
			i++
			continue
		}
		if phrases, next, ok := phraseAt(words, i); ok {
			for k := range phrases {
				before := word{kind: join}
				if k == 0 && i > 0 {
					before = words[i-1]
				}
				r.phrase(phrases[k], before)
			}
			i = next
			continue
		}
		i = r.word(words, i)
	}
	r.close()
}

// panelOf chooses the box that a sentence names, and leaves its name out.
func (r *reader) panelOf(words []word) []word {
	if len(r.shown.Panels) == 0 {
		return words
	}
	for i := 1; i < len(words); i++ {
		at, ok := panelNames[words[i-1].text]
		if ok && (words[i].text == "box" || words[i].text == "panel") && at < len(r.shown.Panels) {
			r.view = r.whole.panel(r.shown, at)
			from := i - 1
			if from > 0 && words[from-1].kind == definite {
				from--
			}
			return append(slices.Clone(words[:from]), words[i+1:]...)
		}
	}
	return words
}

// startsComparison takes "more circles than squares" on.
func (r *reader) startsComparison(words []word, i int) bool {
	for _, w := range words[i:] {
		if w.kind == than {
			r.fewer = words[i].name == "fewer"
			r.compared = &phrase{how: nothing} // filled by the phrase that follows
			return true
		}
	}
	return false
}

// word takes a word on that begins no phrase, and returns the place of the next.
func (r *reader) word(words []word, i int) int {
	switch w := words[i]; w.kind {
	case pronoun:
		switch {
		case r.subject == nil:
			r.subject = r.last
		case r.relation != "" && r.last != nil && r.last != r.subject: // "left of it"
			r.relate(r.last)
			r.endRelation()
		}
	case not, none:
		r.negated = true
	case turn:
		r.close()
		r.subject, r.before = nil, nil
	case relation, comparing:
		r.startRelation(w.name)
	case holding:
		if r.subject != nil {
			r.startRelation("around")
		}
	case in:
		if phrases, _, ok := phraseAt(words, i+1); ok && phrases[0].shape != "" {
			r.startRelation("inside")
		}
	case neutral:
		if i > 0 && words[i-1].kind == definite { // "and the background is white"
			r.subject = nil
		}
	case size, paint:
		if r.subject != nil && (i+1 == len(words) || words[i+1].kind != neutral) {
			r.attribute(w)
		}
	case side:
		return r.sides(words, i)
	}
	return i + 1
}

// sides takes "the upper left corner" on: where the subject is, or what follows.
func (r *reader) sides(words []word, i int) int {
	var names []string
	for ; i < len(words) && words[i].kind == side; i++ {
		names = append(names, words[i].name)
	}
	if r.subject == nil || leads(words, i) {
		r.front, r.subject = names, nil
		return i
	}
	r.place(names)
	return i
}

// leads reports whether it is said from words[i] on what there is at a place: "in the
// upper left corner of the picture is a star".
func leads(words []word, i int) bool {
	for ; i < len(words); i++ {
		switch words[i].kind {
		case is, there, holding:
			_, _, ok := phraseAt(words, i+1)
			return ok || words[i].kind == is && i+1 < len(words) && words[i+1].kind == there
		case neutral, definite:
		default:
			return false
		}
	}
	return false
}

// startRelation waits for what the subject is in relation to.
func (r *reader) startRelation(name string) {
	r.relation, r.inverted, r.ends = name, r.subject == nil, nil
}

func (r *reader) endRelation() { r.relation, r.negated, r.inverted, r.ends = "", false, false, nil }

// phrase takes a phrase on; before is the word that it follows.
func (r *reader) phrase(p phrase, before word) {
	if r.compared != nil {
		r.comparison(p)
		return
	}
	if len(r.front) > 0 && r.relation == "" {
		p.sides = append(slices.Clone(p.sides), r.front...)
	}
	if r.negated && r.relation == "" && p.how != nothing {
		p.how, r.negated = nothing, false // "there is not a star"
	}
	q := &p
	r.before = append(r.before, q)
	switch {
	case r.relation != "" && r.inverted && len(r.ends) == 0 && r.relation != "between":
		r.ends = []phrase{p}
	case r.relation != "" && r.inverted && len(r.ends) > 0: // "inside the ring is a star"
		r.subject, r.inverted = q, false
		r.speak(q)
		r.relate(&r.ends[0])
		r.endRelation()
	case r.relation == "between":
		if r.ends = append(r.ends, p); len(r.ends) == 2 && r.subject != nil {
			r.middle()
			r.endRelation()
		}
	case r.relation != "" && r.subject != nil:
		r.speak(q)
		r.relate(q)
		r.endRelation()
	case before.kind == is && r.subject != nil: // "the largest object is a star"
		r.same(q)
	default:
		r.subject = q
		if len(r.before) == 1 || before.kind != join {
			r.last = q
		}
		r.speak(q)
	}
}

// speak remembers that a phrase says that there is something, unless it becomes part of
// another fact.
func (r *reader) speak(p *phrase) { r.spoken = append(r.spoken, p) }

// used says that a phrase has its part in a fact: "the circle is red" does not also
// state that there is a circle.
func (r *reader) used(p *phrase) {
	if p.how == those || p.how == every {
		r.spoken = slices.DeleteFunc(r.spoken, func(q *phrase) bool { return q == p })
	}
}

// close states what the sentence says that there is.
func (r *reader) close() {
	if n := len(r.before); r.relation != "" && r.subject != nil && n > 1 { // "a ring with a star inside"
		r.relate(r.before[n-2])
	}
	r.endRelation()
	r.facts.present(r.view, r.spoken)
	r.spoken = nil
}
