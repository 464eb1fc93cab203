package world

import (
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// closedWorld is how many subjects the worlds of texts have.
const closedWorld = 12

// newClosed makes a question on a text of its own small world. The same arguments give
// the same one.
func newClosed(split Split, r *random.Source) *Question {
	w := newWorld(r.Uint64(), closedWorld, func(k Kind, number int) []name {
		return random.Sample(r, splitNames[split][k], number)
	})
	k := random.Pick(r, Kinds)
	subjects := random.Sample(r, w.subjects[k], 2)
	s := &subjects[0]
	facts := s.facts()
	if len(facts) < 2 {
		return newClosed(split, r) // of another one more is told
	}
	random.Shuffle(r, facts)
	most := min(4, len(facts), len(attributesOf(k))-1) // something is left that is not told
	facts = facts[:r.Between(2, most)]
	q := &Question{Domain: Closed, Split: split, Kind: k, Subject: s.text, Declined: ClosedDeclined}
	q.Passage = closedPassage(r, split, s, facts, &subjects[1])
	q.Source = q.Passage
	switch r.Below(3) {
	case 0:
		f := random.Pick(r, facts)
		q.Shape, q.Attribute = OneFact, f.Attribute
		q.oneFact(w, r, f)
		q.Beside = State(otherFact(facts, f.Attribute))
	case 1:
		q.Shape = About
		q.about(w, r, s, facts)
		q.Beside = answerAbout(&s.name, facts[:1])
	default:
		q.Shape, q.Attribute = Untold, untold(r, k, facts)
		q.declined(w, r)
		q.Beside = State(facts[0])
	}
	q.ask(r)
	return q
}

// otherFact is the first fact of another attribute; of two facts there is one.
func otherFact(facts []Fact, attribute string) Fact {
	return facts[slices.IndexFunc(facts, func(f Fact) bool { return f.Attribute != attribute })]
}

// closedPassage tells facts of a subject, and before or behind them of another one.
func closedPassage(r *random.Source, split Split, s *subject, facts []Fact, other *subject) string {
	t := teller{r, split.told}
	passage := t.about(&s.name, facts)
	more := other.facts()
	random.Shuffle(r, more)
	if len(more) > 2 {
		more = more[:2]
	}
	if r.Below(4) == 0 || len(more) == 0 {
		return passage
	}
	texts := []string{passage, t.about(&other.name, more)}
	random.Shuffle(r, texts)
	return strings.Join(texts, " ")
}

func factOf(facts []Fact, attribute string) Fact {
	for _, f := range facts {
		if f.Attribute == attribute {
			return f
		}
	}
	return Fact{}
}

// untold draws an attribute that none of the facts tells.
func untold(r *random.Source, k Kind, facts []Fact) string {
	for {
		if a := random.Pick(r, attributesOf(k)); factOf(facts, a.name) == (Fact{}) {
			return a.name
		}
	}
}

// oneFact fills in the answers to a question for a fact.
func (q *Question) oneFact(w *World, r *random.Source, f Fact) {
	q.Answer = State(f)
	f.Value = w.otherValue(r, byName[f.Attribute], f.Subject, f.Value)
	q.Wrong = State(f)
	q.Unsupported = []string{q.Wrong}
}

// declined fills in the answers to a question that has none.
func (q *Question) declined(w *World, r *random.Source) {
	q.Answer = q.Declined
	q.Wrong = State(Fact{q.Subject, q.Attribute, w.value(r, byName[q.Attribute], q.Subject)})
	q.Unsupported = []string{q.Wrong}
}

// about fills in the answers to a question for all that is told: the wrong one tells
// one or two things more.
func (q *Question) about(w *World, r *random.Source, s *subject, facts []Fact) {
	q.Answer = answerAbout(&s.name, facts)
	all := append([]Fact(nil), facts...)
	for range min(r.Between(1, 2), len(attributesOf(s.kind))-len(facts)) {
		a := byName[untold(r, s.kind, all)]
		all = append(all, Fact{s.text, a.name, w.value(r, a, s.text)})
	}
	q.Wrong = answerAbout(&s.name, all)
	list := strings.SplitAfter(q.Wrong, ". ")
	for _, text := range list[len(facts):] {
		q.Unsupported = append(q.Unsupported, strings.TrimSpace(text))
	}
}
