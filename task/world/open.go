package world

import "github.com/polymath-lm/polymath/internal/random"

// newOpen makes a question on the world; nil where the draw gives none.
func (w *World) newOpen(split Split, r *random.Source) *Question {
	k := random.Pick(r, Kinds)
	q := &Question{Domain: Open, Split: split, Kind: k, Declined: OpenDeclined, Shape: [4]Shape{OneFact, OneFact, Untold, Nobody}[r.Below(4)]}
	if q.Shape == Nobody {
		names := w.unknown[split][k]
		if len(names) == 0 {
			return nil
		}
		q.Subject, q.Attribute = random.Pick(r, names).text, random.Pick(r, attributesOf(k)).name
		q.declined(w, r)
		q.ask(r)
		return q
	}
	subjects := w.asked[split][k]
	if len(subjects) == 0 {
		return nil
	}
	s := random.Pick(r, subjects)
	facts := s.facts()
	q.Subject, q.Tier = s.text, s.tier
	for _, f := range facts {
		q.Source += State(f) + " "
	}
	switch {
	case q.Shape == OneFact && len(facts) > 0:
		f := random.Pick(r, facts)
		q.Attribute = f.Attribute
		q.oneFact(w, r, f)
	case q.Shape == Untold && len(facts) < len(attributesOf(k)):
		q.Attribute = untold(r, k, facts)
		q.declined(w, r)
	default:
		return nil
	}
	q.ask(r)
	return q
}
