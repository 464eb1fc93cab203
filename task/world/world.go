// Package world makes worlds of which every fact is known: people, places and ships
// with names made of parts, told in plain sentences that are read back exactly. So
// what an answer makes up can be counted and need not be guessed: in the closed domain,
// where a text is given, by Supported; in the open one, where the model has read a
// world's corpus, by the world itself, which knows its facts and the names that do not
// exist. Everything is a function of a seed.
//
// Names and forms decide whether training may see a question: see Split.
package world

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/random"
)

// Fact is that an attribute of a subject has a value. A subject has one value of an
// attribute at most. Names of ships begin with "the ".
type Fact struct {
	Subject, Attribute, Value string
}

// Kind is what a subject is.
type Kind string

// The kinds of subjects.
const (
	Person Kind = "person"
	Place  Kind = "place"
	Ship   Kind = "ship"
)

// Kinds are all kinds.
var Kinds = []Kind{Person, Place, Ship}

// Tier is how often a subject's facts are told in the corpus of its world.
type Tier string

// The tiers. A third of the subjects of each kind is in each.
const (
	Often     Tier = "often"
	Sometimes Tier = "sometimes"
	Rarely    Tier = "rarely"
)

// Tiers are all tiers.
var Tiers = []Tier{Often, Sometimes, Rarely}

// Times is how often a fact of the tier is told in one corpus.
func (t Tier) Times() int {
	switch t {
	case Often:
		return 32
	case Sometimes:
		return 8
	}
	return 1
}

// Smallest and Largest bound the size of a world.
const (
	Smallest = 9
	Largest  = 600
)

// subject is one of a world.
type subject struct {
	name
	tier   Tier
	values map[string]string // by attribute; one without is told by nobody
}

// World is subjects with their facts. It does not change after New, and goroutines may
// share it.
type World struct {
	subjects map[Kind][]subject
	missing  map[Kind][]name // names that nobody has; nil in a world of one text
	facts    []Fact
	tiers    map[string]Tier
	// asked and unknown are subjects and missing by who is asked for them.
	asked   map[Split]map[Kind][]*subject
	unknown map[Split]map[Kind][]name
}

// New makes a world of so many subjects: half of them are people, and places and ships
// are a quarter each, of all names in equal parts. An eighth of what could be told of
// them is told by nobody. The same arguments give the same world. It is an error if the
// size is not from Smallest to Largest.
func New(seed uint64, size int) (*World, error) {
	if size < Smallest || size > Largest {
		return nil, fmt.Errorf("a world of %d subjects: it has %d to %d", size, Smallest, Largest)
	}
	r := random.At(seed, 0)
	missing := map[Kind][]name{}
	w := newWorld(seed, size, func(k Kind, number int) []name {
		all := allNames(k)
		random.Shuffle(r, all)
		missing[k] = all[number:]
		return all[:number]
	})
	w.missing = missing
	w.ask()
	return w, nil
}

// newWorld makes a world of the names that are given for each kind.
func newWorld(seed uint64, size int, names func(k Kind, number int) []name) *World {
	w := &World{subjects: map[Kind][]subject{}, tiers: map[string]Tier{}}
	number := map[Kind]int{Place: size / 4, Ship: size / 4}
	number[Person] = size - 2*(size/4)
	for _, k := range Kinds {
		for i, n := range names(k, number[k]) {
			w.subjects[k] = append(w.subjects[k], subject{name: n, tier: Tiers[i%len(Tiers)], values: map[string]string{}})
			w.tiers[n.text] = Tiers[i%len(Tiers)]
		}
	}
	r := random.At(seed, 1)
	for _, k := range Kinds {
		for i := range w.subjects[k] {
			w.fill(r, &w.subjects[k][i])
		}
	}
	return w
}

// ask sorts subjects and names that are missing by split.
func (w *World) ask() {
	w.asked, w.unknown = map[Split]map[Kind][]*subject{}, map[Split]map[Kind][]name{}
	for _, s := range Splits {
		w.asked[s], w.unknown[s] = map[Kind][]*subject{}, map[Kind][]name{}
	}
	for _, k := range Kinds {
		for i := range w.subjects[k] {
			s := &w.subjects[k][i]
			w.asked[s.split][k] = append(w.asked[s.split][k], s)
		}
		for _, n := range w.missing[k] {
			w.unknown[n.split][k] = append(w.unknown[n.split][k], n)
		}
	}
}

// fill gives a subject its values.
func (w *World) fill(r *random.Source, s *subject) {
	for _, a := range attributesOf(s.kind) {
		value := w.value(r, a, s.text)
		if r.Below(8) == 0 {
			continue // nobody tells it
		}
		s.values[a.name] = value
		w.facts = append(w.facts, Fact{s.text, a.name, value})
	}
}

// value draws a value of an attribute of a subject, which is not the subject itself.
func (w *World) value(r *random.Source, a *attribute, of string) string {
	if a.of == "" {
		return random.Pick(r, a.values)
	}
	for {
		if v := random.Pick(r, w.subjects[a.of]).text; v != of {
			return v
		}
	}
}

// otherValue draws a value that is not this one.
func (w *World) otherValue(r *random.Source, a *attribute, of, than string) string {
	for {
		if v := w.value(r, a, of); v != than {
			return v
		}
	}
}

// Facts returns all facts that are told, by kind and subject. The caller owns the list.
func (w *World) Facts() []Fact { return append([]Fact(nil), w.facts...) }

// Names returns the names of a kind that exist. The caller owns the list.
func (w *World) Names(k Kind) []string {
	list := make([]string, len(w.subjects[k]))
	for i := range list {
		list[i] = w.subjects[k][i].text
	}
	return list
}

// Missing returns the names of a kind that can be made of the same parts and that
// nobody has. The caller owns the list.
func (w *World) Missing(k Kind) []string {
	list := make([]string, len(w.missing[k]))
	for i := range list {
		list[i] = w.missing[k][i].text
	}
	return list
}

// Tier returns how often the facts of a name are told; "" where nobody has it.
func (w *World) Tier(name string) Tier { return w.tiers[name] }

// Attributes returns the attributes of a kind. The caller owns the list.
func Attributes(k Kind) []string {
	var list []string
	for _, a := range attributesOf(k) {
		list = append(list, a.name)
	}
	return list
}
