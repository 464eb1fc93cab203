package report

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
)

// example is one document.
type example struct {
	Name, Where, ID string
	// Why says what was measured.
	Why           string
	Text          string        // as it is
	Before, After template.HTML // with marks
	// Beside is a document that stayed, to compare with.
	Beside *example
}

// exampleGroup is the documents that a rule dropped.
type exampleGroup struct {
	Step, Rule string
	List       []example
}

// pairRow is two documents that are nearly the same.
type pairRow struct {
	Kept, Gone example
	Alike      string
}

// Bounds of what the page shows.
const (
	maxKept    = 3
	maxEach    = 2 // of a rule
	maxGroups  = 60
	maxCleaned = 3
	maxPairs   = 3
)

// truncated is a length near which a text is the beginning of a longer one.
const truncated = 1400

func (p *page) examples(o *corpus.Overview) {
	for _, s := range o.Samples["kept"] {
		if len(p.Kept) < maxKept {
			p.Kept = append(p.Kept, plain(&s))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(o.Samples)) {
		list := o.Samples[key]
		p.clean(list)
		if key == "kept" || len(p.Dropped) >= maxGroups {
			continue
		}
		step, rule, _ := strings.Cut(key, "/")
		group := exampleGroup{Step: step, Rule: rule}
		for i := range list[:min(len(list), maxEach)] {
			e := plain(&list[i])
			if n := len(p.Kept); n > 0 {
				e.Beside = &p.Kept[(len(p.Dropped)+i)%n]
			}
			group.List = append(group.List, e)
		}
		p.Dropped = append(p.Dropped, group)
	}
}

// clean takes documents of which something was cut.
func (p *page) clean(list []corpus.Sample) {
	for i := range list {
		s := &list[i]
		if s.After == "" || len(p.Cleaned) >= maxCleaned || len(s.Cuts) == 0 {
			continue
		}
		e := plain(s)
		e.Before, e.After = marked(s.Before, s.After, len(s.Before) >= truncated)
		var cuts []string
		for _, c := range s.Cuts {
			cuts = append(cuts, fmt.Sprintf("%s: %s, %s", c.Step, words(c.Reason), times(c.Count)))
		}
		e.Why = strings.Join(cuts, "; ")
		p.Cleaned = append(p.Cleaned, e)
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return count(int64(n)) + " times"
}

func plain(s *corpus.Sample) example {
	text := s.After
	if text == "" {
		text = s.Before
	}
	e := example{Name: s.ID, ID: s.ID, Where: where(s.Origin), Text: visible(text)}
	if s.Drop != nil {
		e.Why = why(s.Drop)
	}
	return e
}

// why says what a rule measured beside its limit.
func why(d *document.Drop) string {
	text := fmt.Sprintf("%s: %s, the limit is %s", words(d.Rule), value(d.Value), value(d.Limit))
	if d.Note != "" {
		text += " (" + d.Note + ")"
	}
	return visible(text)
}

func where(o document.Origin) string {
	return visible(fmt.Sprintf("%s: %s, record %d", o.Source, o.File, o.Record))
}

// pairs shows documents that are nearly the same side by side.
func (p *page) pairs(list []corpus.Pair) {
	for i := range list {
		kept, gone := &list[i].Kept, &list[i].Gone
		var r pairRow
		r.Kept, r.Gone = found(kept), found(gone)
		r.Gone.Before, r.Kept.Before = marked(string(gone.Text), string(kept.Text), false)
		r.Alike = fmt.Sprintf("%s documents are alike", count(int64(list[i].Size)))
		p.Pairs = append(p.Pairs, r)
	}
}

func found(f *corpus.Found) example {
	return example{ID: f.Record.ID, Where: where(f.Record.Origin), Text: visible(string(f.Text))}
}
