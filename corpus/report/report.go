// Package report shows a corpus as one HTML page: what became of its documents,
// in numbers, drawings and examples. The page stands alone: it has no script and
// no reference to anything outside it.
package report

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/visible"
	"github.com/polymath-lm/polymath/train/chart"
)

// Name is the file that a build leaves in its directory.
const Name = "report.html"

// Write writes the page of a corpus to a file.
func Write(ctx context.Context, path string, c *corpus.Corpus) error {
	in := contents{manifest: &c.Manifest}
	var err error
	if in.overview, err = c.Overview(""); err != nil {
		return err
	}
	if in.asked, err = c.Asked(); err != nil {
		return err
	}
	if in.pairs, err = c.Pairs(ctx, maxPairs); err != nil {
		return err
	}
	if in.bad, in.seen, err = c.Quarantine(ctx, ""); err != nil {
		return err
	}
	text, err := newPage(&in).render()
	if err != nil {
		return err
	}
	_, err = atomicfile.WriteBytes(path, text)
	return err
}

func (p *page) render() ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, p)
	return []byte(visible.Text(b.String())), err // names that turn the direction of the page too
}

// page is what the template shows.
type page struct {
	Title      string
	Style      template.CSS
	Facts      []fact
	Stages     []row
	Sources    []sourceRow
	Rules      []ruleRow
	Charts     []figure
	Languages  []row
	Formats    []row
	Cuts       []cutRow
	Mixture    []stageMix
	Short      []string
	Evaluation []evaluationRow
	Bad        []badRow
	BadSeen    string
	Skipped    []row
	Dropped    []exampleGroup
	Cleaned    []example
	Pairs      []pairRow
	Recipe     string
	Chain      []fact
}

type fact struct{ Name, Value, Note string }

// row is a bar with its name and numbers.
type row struct {
	Name, Note    string
	Bar           template.HTML
	Value, Detail string
}

type figure struct {
	Title, Note string
	SVG         template.HTML
}

type ruleRow struct {
	Step, Rule         template.HTML
	Docs, Bytes, Share string
}

type cutRow struct {
	Step, Reason        template.HTML
	Docs, Places, Bytes string
}

type badRow struct{ Reason, Count, Where string }

type evaluationRow struct {
	Pipeline, Set, Items, Touched, Documents, Rules string
	Found                                           bool
}

// contents is what a page is made of.
type contents struct {
	manifest *corpus.Manifest
	overview *corpus.Overview
	asked    []map[string]float64
	pairs    []corpus.Pair
	bad      []corpus.BadReason
	seen     int64 // unreadable records that bad tells of
}

// newPage gathers what the page shows.
func newPage(in *contents) *page {
	m, o := in.manifest, in.overview
	p := &page{Title: m.Name, Style: template.CSS(chart.Style)}
	if p.Title == "" {
		p.Title = "corpus"
	}
	p.facts(m, o)
	p.stages(o)
	p.charts(m, o)
	p.Languages = outcomes(o.Funnel.Languages, 16)
	p.Formats = outcomes(o.Funnel.Formats, 16)
	p.cuts(o)
	p.sources(m)
	p.mixture(m, in.asked)
	p.evaluation(m)
	p.examples(m, o)
	p.pairs(in.pairs)
	p.quarantine(in.bad, in.seen, o)
	p.chain(m)
	return p
}

func (p *page) facts(m *corpus.Manifest, o *corpus.Overview) {
	add := func(name, value, note string) { p.Facts = append(p.Facts, fact{name, value, note}) }
	var stored int64
	for i := range m.Sources {
		stored += m.Sources[i].FileBytes
	}
	add("files", count(o.Files), size(stored))
	add("records", count(o.Funnel.Read.Docs), size(o.Funnel.Read.Bytes)+" of content")
	add("passed the filters", percent(o.Funnel.Kept.Docs, o.Funnel.Read.Docs), count(o.Funnel.Kept.Docs)+" documents")
	add("left", count(o.Left.Docs), size(o.Left.Bytes)+" of text")
	add("tokens", short(m.Tokens), "in "+count(m.ShardDocs)+" documents of the shards")
	if o.Left.Bytes > 0 && m.Tokens > 0 && o.Left.Docs == m.ShardDocs {
		add("bytes per token", fmt.Sprintf("%.2f", float64(o.Left.Bytes)/float64(m.Tokens)), "")
	}
	if n := o.Funnel.Bad.Docs; n > 0 {
		add("unreadable", count(n), percent(n, o.Funnel.Read.Docs)+" of the records")
	}
}

// stages draws the funnel.
func (p *page) stages(o *corpus.Overview) {
	all := o.Funnel.Read.Docs
	share := func(n int64) float64 { return float64(n) / float64(max(all, 1)) }
	p.Stages = append(p.Stages, row{Name: "read", Bar: bar(part{share(all), "f1"}), Value: count(all)})
	for _, s := range o.Stages {
		p.Stages = append(p.Stages, row{
			Name: corpus.StageWords(s.Name), Bar: bar(part{share(s.After), "f1"}, part{share(s.Dropped.Docs), "f2"}),
			Value: count(s.After), Detail: loss(s.Dropped.Docs, s.After+s.Dropped.Docs),
		})
		for _, r := range s.Rules {
			p.Rules = append(p.Rules, ruleRow{soft(s.Name), soft(r.Rule), count(r.Docs), size(r.Bytes), percent(r.Docs, all)})
		}
	}
	p.Stages = append(p.Stages, row{Name: "left", Bar: bar(part{share(o.Left.Docs), "f3"}), Value: count(o.Left.Docs), Detail: percent(o.Left.Docs, all) + " of all"})
}

// loss says how many went, of so many that came.
func loss(n, of int64) string {
	if n == 0 {
		return "none went"
	}
	return "−" + count(n) + " (" + percent(n, of) + ")"
}

// charts draws the histograms.
func (p *page) charts(m *corpus.Manifest, o *corpus.Overview) {
	add := func(title, note string, c columns) {
		c.title = title
		if svg := c.svg(); svg != "" {
			p.Charts = append(p.Charts, figure{title, note, svg})
		}
	}
	f := &o.Funnel
	lengths := func(i int) string { return power(i) }
	add("Length", "bytes of text", columns{kept: f.Length.Kept, went: f.Length.Dropped, labels: every(f.Length, 3, lengths), axis: "bytes"})
	shares := func(i int) string { return fmt.Sprintf("%.1f", float64(i)/20) }
	add("Sureness of the language", "", columns{kept: f.LanguageScore.Kept, went: f.LanguageScore.Dropped, labels: every(f.LanguageScore, 4, shares), axis: "score"})
	add("Quality", "score of the classifier", columns{kept: f.Quality.Kept, went: f.Quality.Dropped, labels: every(f.Quality, 4, shares), axis: "score"})
	perplexity := func(i int) string { return short(1 << (i / 4)) }
	add("Perplexity", "per token", columns{kept: f.Perplexity.Kept, went: f.Perplexity.Dropped, labels: every(f.Perplexity, 8, perplexity), axis: "perplexity"})
	sizes := func(list []int64) columns {
		c := columns{axis: "documents that are alike", alone: true}
		for i := 1; i < len(list); i++ { // bin 0 is of one document: no duplicate
			c.kept = append(c.kept, list[i])
			label := between(i)
			if few := len(list) <= 7; !few && i%3 != 1 {
				label = ""
			} else if !few {
				label = power(i) // what is between has no room
			}
			c.labels = append(c.labels, label)
		}
		return c
	}
	add("Exact duplicates", "documents that went, by how many are the same", sizes(trim(m.Clusters.Exact)))
	add("Near duplicates", "documents that went, by how many are nearly the same", sizes(trim(m.Clusters.Near)))
}

// trim leaves out bins at the end that count nothing.
func trim(v []int64) []int64 {
	for len(v) > 0 && v[len(v)-1] == 0 {
		v = v[:len(v)-1]
	}
	return v
}

// every labels each step-th bin of a histogram.
func every(h corpus.Histogram, step int, label func(i int) string) []string {
	labels := make([]string, max(len(h.Kept), len(h.Dropped)))
	for i := 0; i < len(labels); i += step {
		labels[i] = label(i)
	}
	return labels
}

// outcomes draws what stayed and went by a name, the largest first.
func outcomes(by map[string]corpus.Outcome, most int) []row {
	docs := func(o corpus.Outcome) int64 { return o.Kept.Docs + o.Dropped.Docs }
	names := slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		return cmp.Or(cmp.Compare(docs(by[b]), docs(by[a])), strings.Compare(a, b))
	})
	if len(names) == 0 {
		return nil
	}
	largest := float64(max(docs(by[names[0]]), 1))
	var rows []row
	var others corpus.Outcome
	for i, name := range names {
		o := by[name]
		if i >= most {
			others.Kept.Docs += o.Kept.Docs
			others.Dropped.Docs += o.Dropped.Docs
			continue
		}
		rows = append(rows, outcome(name, o, largest))
	}
	if docs(others) > 0 {
		rows = append(rows, outcome(fmt.Sprintf("%d others", len(names)-most), others, largest))
	}
	return rows
}

func outcome(name string, o corpus.Outcome, largest float64) row {
	if name == "" {
		name = "not known"
	}
	return row{
		Name: name, Bar: bar(part{float64(o.Kept.Docs) / largest, "f1"}, part{float64(o.Dropped.Docs) / largest, "f2"}),
		Value: count(o.Kept.Docs + o.Dropped.Docs), Detail: percent(o.Kept.Docs, o.Kept.Docs+o.Dropped.Docs) + " kept",
	}
}

func (p *page) cuts(o *corpus.Overview) {
	for _, step := range slices.Sorted(maps.Keys(o.Cuts)) {
		for _, reason := range slices.Sorted(maps.Keys(o.Cuts[step])) {
			c := o.Cuts[step][reason]
			p.Cuts = append(p.Cuts, cutRow{soft(step), soft(reason), count(c.Docs), count(c.Places), size(c.Bytes)})
		}
	}
}
