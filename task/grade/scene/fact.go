package scene

import (
	"slices"
	"strconv"
	"strings"
)

// fact is one that a description states.
type fact struct {
	text string
	true bool
	// weak facts count if they are false.
	weak bool
	// names are the things that it names if it is true, in a view, with how many.
	view  *view
	names []phrase
	// there is set where all that it says is that there is something.
	there bool
}

// facts are those of a description by what they say, so that each counts once.
type facts struct {
	list  []*fact
	known map[string]*fact
}

// most of the facts that are kept: nobody states more of a picture in earnest.
const mostFacts = 1000

func (f *facts) add(v *view, key string, one fact) {
	key = v.name + "|" + key
	if f.known[key] != nil || len(f.list) == mostFacts {
		return
	}
	one.view = v
	f.known[key] = &one
	f.list = append(f.list, &one)
}

// present states that there is what the phrases of a sentence speak of. What it names
// twice there must be twice.
func (f *facts) present(v *view, spoken []*phrase) {
	var merged []phrase
	for _, p := range spoken {
		same := slices.IndexFunc(merged, func(q phrase) bool {
			return p.how == some && q.how == some && p.key() == q.key() && !p.impossible && !q.impossible
		})
		if same >= 0 {
			merged[same].n += p.n
		} else {
			merged = append(merged, *p)
		}
	}
	for _, p := range merged {
		f.presence(v, p)
	}
}

func (f *facts) presence(v *view, p phrase) {
	n := len(v.fitting(&p.thing))
	one := fact{text: p.text, names: []phrase{p}}
	name := p.key()
	if p.impossible {
		name = p.text // each is another one
	}
	switch p.how {
	case nothing:
		one.true, one.weak = n == 0, true
		f.add(v, "no "+name, one)
	case atLeast:
		one.true, one.weak = n >= p.n, true
		f.add(v, "least "+strconv.Itoa(p.n)+" "+name, one)
	case atMost:
		one.true, one.weak = n <= p.n, true
		f.add(v, "most "+strconv.Itoa(p.n)+" "+name, one)
	case exact:
		one.true, one.weak = n == p.n, p.n == 0
		f.add(v, "number "+strconv.Itoa(p.n)+" "+name, one)
	default:
		one.true, one.there, one.weak = n >= p.n, true, !p.says()
		f.add(v, "some "+strconv.Itoa(p.n)+" "+name, one)
	}
}

// relate states that the subject is in the relation that waits to another phrase.
func (r *reader) relate(other *phrase) {
	a, b, name := r.subject, other, r.relation
	switch name {
	case "right":
		a, b, name = b, a, "left"
	case "below":
		a, b, name = b, a, "above"
	case "around":
		a, b, name = b, a, "inside"
	case "smaller":
		a, b, name = b, a, "larger"
	}
	holds := a != b && r.pairs(a, b, name)
	r.state(name+" "+a.key()+" "+b.key(), r.subject.text+" "+r.relation+" "+other.text, holds, a, b)
}

// state adds a fact about phrases.
func (r *reader) state(key, text string, holds bool, about ...*phrase) {
	one := fact{text: text, true: holds, weak: r.negated}
	for _, p := range about {
		one.weak = one.weak || !p.says()
	}
	if r.negated {
		one.true, key, text = !holds, "not "+key, "not: "+text
	} else {
		for _, p := range about {
			one.names = append(one.names, *p)
		}
	}
	one.text = text
	for _, p := range about {
		r.used(p)
		if p.impossible {
			key += " " + p.text
		}
	}
	r.facts.add(r.view, key, one)
}

// pairs reports whether a relation holds between what two phrases mean: all of "the
// circle", which names one where there is one, and one at least of "a circle".
func (r *reader) pairs(a, b *phrase, name string) bool {
	first, second := r.view.fitting(&a.thing), r.view.fitting(&b.thing)
	return quantify(first, a.how, func(i int) bool {
		others := slices.DeleteFunc(slices.Clone(second), func(k int) bool { return k == i })
		return quantify(others, b.how, func(k int) bool { return r.view.stands(name, i, k) })
	})
}

// quantify reports whether something holds for all of a list that is not empty, or for
// one of it.
func quantify(list []int, how determiner, holds func(int) bool) bool {
	if how == those || how == every || how == exact {
		return len(list) > 0 && !slices.ContainsFunc(list, func(i int) bool { return !holds(i) })
	}
	return slices.ContainsFunc(list, holds)
}

// middle states that the subject is between two others.
func (r *reader) middle() {
	a, b, c := r.subject, &r.ends[0], &r.ends[1]
	second, third := r.view.fitting(&b.thing), r.view.fitting(&c.thing)
	holds := quantify(r.view.fitting(&a.thing), a.how, func(i int) bool {
		return quantify(second, b.how, func(k int) bool {
			return quantify(third, c.how, func(m int) bool { return i != k && k != m && i != m && r.view.between(i, k, m) })
		})
	})
	ends := []string{b.key(), c.key()}
	slices.Sort(ends)
	r.state("between "+a.key()+" "+strings.Join(ends, " "), a.text+" between "+b.text+" and "+c.text, holds, a, b, c)
}

// same states that the subject is what a phrase says. "The red circle is a circle" states
// no more than that there is one.
func (r *reader) same(p *phrase) {
	a := r.subject
	if !r.negated && a.implies(&p.thing) {
		return
	}
	of := r.view.fitting(&p.thing)
	holds := quantify(r.view.fitting(&a.thing), a.how, func(i int) bool { return slices.Contains(of, i) })
	named := *p
	named.how, named.n = some, 1
	r.state("same "+a.key()+" "+p.key(), a.text+" is "+p.text, holds, &named)
	r.used(a)
}

// attribute states that the subject has a color or size, and takes it for such a one
// from then on.
func (r *reader) attribute(w word) { r.narrow(w.text, func(t *thing) { t.add(w) }) }

// place states where the subject is.
func (r *reader) place(sides []string) {
	r.narrow(strings.Join(sides, " "), func(t *thing) { t.sides = append(slices.Clone(t.sides), sides...) })
}

func (r *reader) narrow(text string, change func(*thing)) {
	was := *r.subject
	now := was
	change(&now.thing)
	if !r.negated && was.implies(&now.thing) && !now.impossible {
		return // "the red circle is red"
	}
	now.text = was.text + " " + text
	fit, all := r.view.fitting(&now.thing), r.view.fitting(&was.thing)
	holds := len(fit) > 0
	switch was.how {
	case those, every:
		holds = holds && len(fit) == len(all)
	case exact:
		holds = len(fit) == was.n
	}
	negated := r.negated
	r.state("is "+was.key()+" "+now.key(), now.text, holds, &now)
	r.negated = false
	r.used(r.subject)
	if negated || !holds {
		return
	}
	if was.how == some {
		r.subject.thing, r.subject.text = now.thing, now.text
	} else {
		r.subject = &now
	}
	if r.last != nil && r.last.text == was.text {
		r.last = r.subject
	}
}

// comparison states that there are more of one kind than of another. There are more objects
// than hearts in every picture, and more of something than of what is not there.
func (r *reader) comparison(p phrase) {
	if r.compared.how == nothing {
		p.how = some
		r.compared = &p
		return
	}
	a, b := r.compared, &p
	if r.fewer {
		a, b = b, a
	}
	holds := len(r.view.fitting(&a.thing)) > len(r.view.fitting(&b.thing))
	r.compared = nil
	one := fact{text: "more " + a.text + " than " + b.text, true: holds}
	one.weak = !a.says() || !b.says() || len(r.view.fitting(&b.thing)) == 0
	r.facts.add(r.view, "more "+a.key()+" "+b.key(), one)
}
