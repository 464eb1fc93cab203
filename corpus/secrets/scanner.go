// Package secrets finds keys, tokens and passwords in texts and code. One pass
// looks for the words that stand in or before them; only there a rule's regular
// expression is tried, and what it takes must look random enough, and not like the
// examples of manuals.
package secrets

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/polymath-lm/polymath/corpus/document"
)

// Scanner knows the rules. It does not change, and goroutines may share it; each
// takes a Worker of its own.
type Scanner struct {
	options Options
	keys    *automaton
	lengths []int
	longest int   // of lengths
	rules   []int // of each key; len(rules) is the generic one
	forms   []*regexp.Regexp
}

// New returns the Scanner of o, or what Check says against o.
func New(o Options) (*Scanner, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	s := &Scanner{options: o}
	var keys []string
	add := func(key string, rule int) {
		keys, s.rules, s.lengths = append(keys, key), append(s.rules, rule), append(s.lengths, len(key))
	}
	for i := range rules {
		r := &rules[i]
		s.forms = append(s.forms, regexp.MustCompile(`\A(?:`+r.form+`)`))
		for _, key := range r.keys {
			if !slices.Contains(o.Skip, r.name) {
				add(key, i)
			}
		}
	}
	for _, key := range slices.Concat(generic, services) {
		if !slices.Contains(o.Skip, genericRule) {
			add(key, len(rules))
		}
	}
	s.keys, s.longest = newAutomaton(keys), slices.Max(append(s.lengths, 0))
	return s, nil
}

// Worker returns the step for one goroutine.
func (s *Scanner) Worker() document.Step { return &worker{Scanner: s} }

type worker struct {
	*Scanner
	text  []byte
	hits  [lanes][]hit
	found []secret
}

// secret is a place in the text and the rule that found it.
type secret struct{ start, end, rule int }

// Name is the step as recipes name it.
func (w *worker) Name() string { return StepName }

// Apply replaces the secrets of d, counted by rule, or drops d for the first.
func (w *worker) Apply(d *document.Document) {
	w.text, w.found = d.Text(), w.found[:0]
	w.scan()
	if len(w.found) > 0 {
		w.settle()
		w.act(d)
	}
	w.text = nil
}

// scan tries the rules whose keys are in the text, in the order of their places.
func (w *worker) scan() {
	if w.keys.final == 0 { // there are none
		return
	}
	const block = 64 << 10
	state := uint16(0)
	for from := 0; from < len(w.text); from += block {
		state = w.walk(state, from, min(from+block, len(w.text)))
		for _, hits := range w.hits {
			for _, h := range hits {
				for _, k := range w.keys.keys[h.state-w.keys.final] {
					w.try(w.rules[k], h.end-w.lengths[k], h.end)
				}
			}
		}
	}
}

// settle puts the secrets in order and leaves out those that overlap one before,
// or one in the same place that an earlier rule found.
func (w *worker) settle() {
	slices.SortFunc(w.found, func(a, b secret) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.rule, b.rule), cmp.Compare(b.end, a.end))
	})
	kept := w.found[:0]
	for _, s := range w.found {
		if n := len(kept); n > 0 && s.start < kept[n-1].end {
			continue
		}
		kept = append(kept, s)
	}
	w.found = kept
}

// act does with d what the options say.
func (w *worker) act(d *document.Document) {
	if w.options.Action == ActionDrop {
		d.Drop = &document.Drop{Filter: StepName, Rule: ruleName(w.found[0].rule), Value: float64(len(w.found))}
		return
	}
	out, last := make([]byte, 0, len(w.text)), 0
	for _, s := range w.found {
		out = append(append(out, w.text[last:s.start]...), w.options.Placeholder...)
		last = s.end
		d.Cut(StepName, ruleName(s.rule), s.start, s.end-s.start)
	}
	d.SetText(append(out, w.text[last:]...))
}

func ruleName(rule int) string {
	if rule == len(rules) {
		return genericRule
	}
	return rules[rule].name
}
