package decontaminate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/bits"

	"github.com/polymath-lm/polymath/corpus/document"
)

// Tally counts hits over documents. Adding and merging in any order, over any
// parts of a corpus, gives the same, as long as each document is added once. One
// goroutine uses a Tally at a time. Its JSON holds all of it.
type Tally struct {
	// Print is the fingerprint of the T that the hits are of.
	Print []byte `json:"print"`
	// Sets are in the order of the recipe.
	Sets []SetTally `json:"sets"`
	// Documents is how many documents had a hit of any set.
	Documents int64 `json:"documents"`
}

// SetTally is the hits of one set.
type SetTally struct {
	Name  string `json:"name"`
	Items int    `json:"items"`
	// Checkable is how many items are long enough for some rule; ByRule for each.
	Checkable int            `json:"checkable"`
	ByRule    map[string]int `json:"by_rule"`
	// Documents is how many documents had a hit of this set.
	Documents int64 `json:"documents"`
	// Touched has, for each rule, a bit for each item that a document had.
	Touched map[string][]byte `json:"touched"`
}

// Report is what a corpus holds of one set.
type Report struct {
	Set string `json:"set"`
	// Items is how many the set has; those in TooShort no rule could look for.
	Items     int `json:"items"`
	Checkable int `json:"checkable"`
	TooShort  int `json:"too_short"`
	// Touched is how many items some document holds by any rule.
	Touched int `json:"touched"`
	// Rules says the same for each rule.
	Rules map[string]RuleReport `json:"rules"`
	// Documents is how many documents hold an item of the set.
	Documents int64 `json:"documents"`
}

// RuleReport is the part of a Report for one rule.
type RuleReport struct {
	Checkable int `json:"checkable"`
	Touched   int `json:"touched"`
}

// NewTally returns a tally of no documents.
func (t *T) NewTally() *Tally {
	tally := &Tally{Print: t.print[:]}
	for _, s := range t.sets {
		touched := map[string][]byte{}
		for _, rule := range []string{t.substring, t.ngram} {
			if rule != "" {
				touched[rule] = make([]byte, (s.items+7)/8)
			}
		}
		tally.Sets = append(tally.Sets, SetTally{
			Name: s.name, Items: s.items, Checkable: s.anyRule, ByRule: maps.Clone(s.byRule), Touched: touched,
		})
	}
	return tally
}

// Add counts the hits of one document, in the order of Find. Hits of a set, an item or a rule that the
// tally does not have are an error.
func (t *Tally) Add(hits []document.Hit) error {
	last, s := "", (*SetTally)(nil)
	for _, hit := range hits {
		if s == nil || hit.Set != last {
			if last, s = hit.Set, t.set(hit.Set); s == nil {
				return fmt.Errorf("decontaminate: a hit of set %q, which this tally does not have", hit.Set)
			}
			s.Documents++
		}
		touched := s.Touched[hit.Rule]
		if hit.Item < 0 || hit.Item >= s.Items || hit.Item/8 >= len(touched) {
			return fmt.Errorf("decontaminate: a hit of item %d of set %q by rule %q, which this tally does not have", hit.Item, hit.Set, hit.Rule)
		}
		touched[hit.Item/8] |= 1 << (hit.Item % 8)
	}
	if len(hits) > 0 {
		t.Documents++
	}
	return nil
}

func (t *Tally) set(name string) *SetTally {
	for i := range t.Sets {
		if t.Sets[i].Name == name {
			return &t.Sets[i]
		}
	}
	return nil
}

// Merge adds what o counted. Tallies of different sets or rules do not add up.
func (t *Tally) Merge(o *Tally) error {
	if string(t.Print) != string(o.Print) || len(t.Sets) != len(o.Sets) {
		return errors.New("decontaminate: tallies of different evaluation sets cannot be added")
	}
	for i := range t.Sets {
		for rule, bits := range o.Sets[i].Touched {
			if len(t.Sets[i].Touched[rule]) != len(bits) {
				return errors.New("decontaminate: tallies of different rules cannot be added")
			}
		}
	}
	for i := range t.Sets {
		for rule, bits := range o.Sets[i].Touched {
			mine := t.Sets[i].Touched[rule]
			for k, b := range bits {
				mine[k] |= b
			}
		}
		t.Sets[i].Documents += o.Sets[i].Documents
	}
	t.Documents += o.Documents
	return nil
}

// Reports returns what each set's items touched. A set of which no item could be
// looked for is an error: nothing says that the corpus is free of it.
func (t *Tally) Reports() ([]Report, error) {
	if len(t.Sets) == 0 {
		return nil, errors.New("decontaminate: no evaluation set was loaded")
	}
	var reports []Report
	for i := range t.Sets {
		s := &t.Sets[i]
		if s.Items == 0 || s.Checkable == 0 {
			return nil, fmt.Errorf("decontaminate: of evaluation set %q no item was looked for", s.Name)
		}
		r := Report{
			Set: s.Name, Items: s.Items, Checkable: s.Checkable, TooShort: s.Items - s.Checkable,
			Rules: map[string]RuleReport{}, Documents: s.Documents,
		}
		any := make([]byte, (s.Items+7)/8)
		for rule, touched := range s.Touched {
			r.Rules[rule] = RuleReport{Checkable: s.ByRule[rule], Touched: ones(touched)}
			for k, b := range touched {
				any[k] |= b
			}
		}
		r.Touched = ones(any)
		reports = append(reports, r)
	}
	return reports, nil
}

func ones(set []byte) (n int) {
	for _, b := range set {
		n += bits.OnesCount8(b)
	}
	return n
}

// UnmarshalJSON reads what json.Marshal wrote, and refuses what does not fit
// together.
func (t *Tally) UnmarshalJSON(source []byte) error {
	type plain Tally
	var p plain
	if err := json.Unmarshal(source, &p); err != nil {
		return err
	}
	for _, s := range p.Sets {
		for rule, touched := range s.Touched {
			if s.Items < 0 || len(touched) != (s.Items+7)/8 {
				return fmt.Errorf("decontaminate: the tally of set %q has %d bytes for %d items by rule %q", s.Name, len(touched), s.Items, rule)
			}
		}
	}
	*t = Tally(p)
	return nil
}
