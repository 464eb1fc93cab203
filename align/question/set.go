package question

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Set is what sources say, and the names that they have. It does not change, and
// goroutines may share it.
type Set struct {
	entries []Entry
	places  []place
	// known are the subjects of all places together, in lower case and without what
	// qualifies them: also those of which nothing is said.
	known map[string]bool
	left  map[string]int
	files int
}

// place is what belongs together: a package, a dictionary, a table, a document.
type place struct {
	kind Kind
	name string
	// short is the name of a package, which is not always the last part of its path.
	short string
	// names are what it has; columns are those of a table.
	names   map[string]bool
	columns []string
}

// Entries are what the sources say, sorted by kind, question, place and name. The
// caller must not change them.
func (s *Set) Entries() []Entry { return s.entries }

// Files is the number of files that something was read of.
func (s *Set) Files() int { return s.files }

// LeftOut counts what was not taken, by reason: "no answer", "long", "repeated",
// "private", "same question".
func (s *Set) LeftOut() map[string]int { return maps.Clone(s.left) }

// Count is the number of entries by kind.
func (s *Set) Count() map[Kind]int {
	n := map[Kind]int{}
	for i := range s.entries {
		n[s.entries[i].Kind]++
	}
	return n
}

// collector makes a Set.
type collector struct {
	set      *Set
	sources  *Sources
	places   map[string]int // by kind and name
	limits   Limits
	asked    map[string]string // the answers to what is asked
	unclear  map[string]bool   // what has several, and may have one
	answered map[string]int
	private  *cleaner
}

// Why something is left out.
const (
	leftNoAnswer = "no answer"
	leftLong     = "long"
	leftRepeated = "repeated"
	leftPrivate  = "private"
	leftSame     = "same question"
	leftUnclear  = "several answers"

	leftNoKey        = "table without a column of names"
	leftNoDictionary = "JSON that is no dictionary"
)

// mostRepeats is how many subjects one answer may have: one that all have says
// nothing of any of them.
const mostRepeats = 3

func newCollector(s *Sources) (*collector, error) {
	private, err := newCleaner()
	if err != nil {
		return nil, err
	}
	return &collector{
		set:     &Set{known: map[string]bool{}, left: map[string]int{}},
		sources: s, places: map[string]int{}, limits: s.Limits,
		asked: map[string]string{}, unclear: map[string]bool{}, answered: map[string]int{}, private: private,
	}, nil
}

// place returns the one of that name, made where it is not there.
func (c *collector) place(kind Kind, name string) *place {
	key := placeKey(kind, name)
	i, ok := c.places[key]
	if !ok {
		i = len(c.set.places)
		c.places[key] = i
		c.set.places = append(c.set.places, place{kind: kind, name: name, names: map[string]bool{}})
	}
	return &c.set.places[i]
}

// name notes that a place has a subject.
func (c *collector) name(p *place, name string) {
	p.names[name] = true
	if p.kind == Symbol {
		name = name[strings.LastIndexByte(name, '.')+1:]
	}
	c.set.known[strings.ToLower(name)] = true
}

func (c *collector) leave(why string) { c.set.left[why]++ }

// add takes an entry, or counts why not.
func (c *collector) add(e Entry) {
	e.Subject, e.Text, e.Passage = strings.TrimSpace(e.Subject), strings.TrimSpace(e.Text), strings.TrimSpace(e.Passage)
	if e.Subject == "" || e.Text == "" {
		c.leave(leftNoAnswer)
		return
	}
	if length(e.Text) > c.limits.Answer || length(e.Subject) > c.limits.Subject {
		c.leave(leftLong)
		return
	}
	if length(e.Passage) > c.limits.Passage || !strings.Contains(e.Passage, e.Text) {
		e.Passage = ""
	}
	key := e.question()
	if before, ok := c.asked[key]; ok {
		if c.leave(leftSame); before != e.Text {
			c.unclear[key] = true
		}
		return
	}
	c.asked[key] = e.Text
	if e.Kind != Row && e.Ask != AskWhere {
		if c.answered[e.Text]++; c.answered[e.Text] > mostRepeats {
			c.leave(leftRepeated)
			return
		}
	}
	if c.private.finds(e.Subject + "\n" + e.Attribute + ": " + e.Text) {
		c.leave(leftPrivate)
		return
	}
	if e.Passage != "" && c.private.finds(e.Passage) {
		e.Passage = ""
	}
	c.set.entries = append(c.set.entries, e)
}

// place returns the one of that name, nil if there is none.
func (s *Set) place(kind Kind, name string) *place {
	i, ok := slices.BinarySearchFunc(s.places, placeKey(kind, name), func(p place, key string) int {
		return strings.Compare(placeKey(p.kind, p.name), key)
	})
	if !ok {
		return nil
	}
	return &s.places[i]
}

func placeKey(kind Kind, name string) string { return string(kind) + "\x00" + name }

// done returns the set, in order.
func (c *collector) done() *Set {
	c.set.entries = slices.DeleteFunc(c.set.entries, func(e Entry) bool {
		several := (e.Kind == Row || e.Kind == Heading) && c.unclear[e.question()]
		if several {
			c.leave(leftUnclear)
		}
		return several
	})
	c.qualify()
	slices.SortFunc(c.set.entries, func(a, b Entry) int { return compare(&a, &b) })
	slices.SortFunc(c.set.places, func(a, b place) int {
		return strings.Compare(placeKey(a.kind, a.name), placeKey(b.kind, b.name))
	})
	return c.set
}

// reasons lists what was left out, for an error.
func (s *Set) reasons() string {
	var list []string
	for _, why := range slices.Sorted(maps.Keys(s.left)) {
		list = append(list, fmt.Sprintf("%s %d", why, s.left[why]))
	}
	if list == nil {
		return ""
	}
	return "; left out: " + strings.Join(list, ", ")
}
