package report

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/visible"
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
	maxEach    = 2 // of a rule
	maxGroups  = 60
	maxCleaned = 5
	maxPairs   = 3
)

// truncated is a length near which a text is the beginning of a longer one.
const truncated = 1400

func (p *page) examples(m *corpus.Manifest, o *corpus.Overview) {
	stayed := map[string][]example{} // by source
	for i := range m.Sources {
		for j := range m.Sources[i].Samples[kept] {
			stayed[m.Sources[i].Name] = append(stayed[m.Sources[i].Name], plain(&m.Sources[i].Samples[kept][j]))
		}
	}
	others := o.Samples[kept] // for sources of which nothing stayed
	for _, key := range slices.Sorted(maps.Keys(o.Samples)) {
		if key == kept || len(p.Dropped) >= maxGroups {
			continue
		}
		list := o.Samples[key]
		step, rule, _ := strings.Cut(key, "/")
		group := exampleGroup{Step: step, Rule: rule}
		for i := range list[:min(len(list), maxEach)] {
			e := plain(&list[i])
			if beside := stayed[list[i].Origin.Source]; len(beside) > 0 {
				e.Beside = &beside[(len(p.Dropped)+i)%len(beside)]
			} else if len(others) > 0 {
				k := plain(&others[i%len(others)])
				e.Beside = &k
			}
			group.List = append(group.List, e)
		}
		p.Dropped = append(p.Dropped, group)
	}
	p.cleaned(m)
}

// kept is the key of the samples that stayed.
const kept = "kept"

// cleaned shows the documents of which the most different things were cut, one of
// each source.
func (p *page) cleaned(m *corpus.Manifest) {
	var best []*corpus.Sample
	for i := range m.Sources {
		var most *corpus.Sample
		for _, key := range slices.Sorted(maps.Keys(m.Sources[i].Samples)) {
			list := m.Sources[i].Samples[key]
			for j := range list {
				if s := &list[j]; s.After != "" && (most == nil || len(s.Cuts) > len(most.Cuts)) {
					most = s
				}
			}
		}
		if most != nil && len(most.Cuts) > 0 {
			best = append(best, most)
		}
	}
	slices.SortStableFunc(best, func(a, b *corpus.Sample) int { return cmp.Compare(len(b.Cuts), len(a.Cuts)) })
	for _, s := range best[:min(len(best), maxCleaned)] {
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
	e := example{Name: s.ID, ID: s.ID, Where: where(s.Origin), Text: visible.Text(text)}
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
	return visible.Text(text)
}

func where(o document.Origin) string {
	return visible.Text(fmt.Sprintf("%s: %s, record %d", o.Source, o.File, o.Record))
}

// pairs shows documents that are nearly the same side by side.
func (p *page) pairs(list []corpus.Pair) {
	for i := range list {
		stays, gone := &list[i].Kept, &list[i].Gone
		var r pairRow
		r.Kept, r.Gone = found(stays), found(gone)
		r.Gone.Before, r.Kept.Before = marked(string(gone.Text), string(stays.Text), false)
		r.Alike = fmt.Sprintf("%s documents are alike", count(int64(list[i].Size)))
		p.Pairs = append(p.Pairs, r)
	}
}

func found(f *corpus.Found) example {
	return example{ID: f.Record.ID, Where: where(f.Record.Origin), Text: visible.Text(string(f.Text))}
}
