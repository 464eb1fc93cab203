package report

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/internal/visible"
)

// sourceRow is one source.
type sourceRow struct {
	row
	Legend  []fact
	Files   string
	Dropped []ruleRow
}

// sources draws what became of each source.
func (p *page) sources(m *corpus.Manifest) {
	for i := range m.Sources {
		s := &m.Sources[i]
		all := s.Funnel.Read.Docs
		share := func(n int64) float64 { return float64(n) / float64(max(all, 1)) }
		var twice, rest int64
		for reason, n := range s.After.Gone {
			if reason == "exact" || reason == "near" {
				twice += n.Docs
			} else {
				rest += n.Docs
			}
		}
		dropped := all - s.Funnel.Bad.Docs - s.Funnel.Kept.Docs + rest
		r := sourceRow{Files: count(s.Files) + " files, " + size(s.FileBytes)}
		if s.Failed > 0 {
			r.Files += ", " + count(s.Failed) + " not read to their end"
		}
		r.row = row{
			Name: s.Name, Value: count(all), Detail: percent(s.After.Left.Docs, all) + " left, " + size(s.After.Left.Bytes) + " of text",
			Bar: bar(part{share(s.After.Left.Docs), "f3"}, part{share(dropped), "f2"}, part{share(twice), "f4"}, part{share(s.Funnel.Bad.Docs), "bad"}),
		}
		r.Legend = []fact{
			{Name: "left", Value: count(s.After.Left.Docs)},
			{Name: "dropped", Value: count(dropped)},
			{Name: "twice", Value: count(twice)},
			{Name: "unreadable", Value: count(s.Funnel.Bad.Docs)},
		}
		for _, step := range slices.Sorted(maps.Keys(s.Funnel.Dropped)) {
			for _, rule := range slices.Sorted(maps.Keys(s.Funnel.Dropped[step])) {
				n := s.Funnel.Dropped[step][rule]
				r.Dropped = append(r.Dropped, ruleRow{soft(step), soft(rule), count(n.Docs), size(n.Bytes), percent(n.Docs, all)})
			}
		}
		p.Sources = append(p.Sources, r)
	}
}

// stageMix is what training reads in one stage.
type stageMix struct {
	Name, Tokens string
	Rows         []mixRow
}

type mixRow struct {
	Name                                 string
	Bar                                  template.HTML
	Asked, Got, Tokens, Docs, Text, Read string
}

// mixture shows what was asked for and what the shards hold.
func (p *page) mixture(m *corpus.Manifest, asked []map[string]float64) {
	if m.Plan == nil {
		return
	}
	p.Short = m.Plan.Short
	for s, name := range m.Plan.Stages {
		var all int64
		for i := range m.Plan.Sources {
			all += cell(m.Mixed.Tokens, s, i)
		}
		stage := stageMix{Name: name, Tokens: short(all)}
		for i, src := range m.Plan.Sources {
			tokens := cell(m.Mixed.Tokens, s, i)
			if tokens == 0 && s < len(asked) && asked[s] != nil && asked[s][src.Name] == 0 {
				continue // it is not of this stage
			}
			r := mixRow{
				Name: src.Name, Got: percent(tokens, all), Tokens: short(tokens), Docs: count(cell(m.Mixed.Docs, s, i)), Text: size(src.Bytes),
				Bar:  bar(part{float64(tokens) / float64(max(all, 1)), "f1"}),
				Read: "–", Asked: "by size",
			}
			if copies := copiesIn(m, s, i); src.Docs > 0 {
				r.Read = fmt.Sprintf("%.2f×", copies)
			}
			if s < len(asked) && asked[s] != nil {
				r.Asked = fmt.Sprintf("%.1f%%", 100*asked[s][src.Name])
			}
			stage.Rows = append(stage.Rows, r)
		}
		p.Mixture = append(p.Mixture, stage)
	}
}

func cell(table [][]int64, s, i int) int64 {
	if s < len(table) && i < len(table[s]) {
		return table[s][i]
	}
	return 0
}

// copiesIn is how often documents of a source are read in a stage, on average.
func copiesIn(m *corpus.Manifest, s, i int) float64 {
	if s >= len(m.Plan.Copies) || i >= len(m.Plan.Copies[s]) {
		return 0
	}
	n := m.Plan.Copies[s][i]
	if s > 0 {
		n -= m.Plan.Copies[s-1][i]
	}
	return float64(n) / (1 << 32)
}

// evaluation shows which items of evaluation sets were found.
func (p *page) evaluation(m *corpus.Manifest) {
	for _, pipeline := range slices.Sorted(maps.Keys(m.Evaluation)) {
		for _, r := range m.Evaluation[pipeline] {
			var rules []string
			for _, name := range slices.Sorted(maps.Keys(r.Rules)) {
				rules = append(rules, fmt.Sprintf("%s %s of %s", name, count(int64(r.Rules[name].Touched)), count(int64(r.Rules[name].Checkable))))
			}
			p.Evaluation = append(p.Evaluation, evaluationRow{
				Pipeline: pipeline, Set: r.Set, Items: count(int64(r.Items)), Touched: count(int64(r.Touched)), Documents: count(r.Documents),
				Rules: strings.Join(rules, ", "), Found: r.Touched > 0,
			})
		}
	}
}

// quarantine shows why records could not be read.
func (p *page) quarantine(reasons []corpus.BadReason, seen int64, o *corpus.Overview) {
	const most = 20
	if seen < o.Funnel.Bad.Docs {
		p.BadSeen = fmt.Sprintf("of the first %s of them", count(seen))
	}
	for _, r := range reasons[:min(len(reasons), most)] {
		p.Bad = append(p.Bad, badRow{visible.Text(r.Reason), count(r.Count), visible.Text(fmt.Sprintf("%s, record %d", r.Origin.File, r.Origin.Record))})
	}
	for _, reason := range slices.Sorted(maps.Keys(o.Funnel.Skipped)) {
		p.Skipped = append(p.Skipped, row{Name: reason, Value: count(o.Funnel.Skipped[reason])})
	}
}

// chain lists the recipe and the hashes that the shards hang on.
func (p *page) chain(m *corpus.Manifest) {
	if text, err := yaml.JSONToYAML(m.Recipe); err == nil {
		p.Recipe = string(text)
	} else {
		p.Recipe = string(m.Recipe)
	}
	p.Chain = []fact{
		{"recipe", m.RecipeHash, ""},
		{"list of input files", m.Files, ""},
		{fmt.Sprintf("%d segments", m.Segments), m.Ingest, ""},
		{"after deduplication", m.Deduplicated, ""},
		{"tokenizer", m.Tokenizer, ""},
		{"shards", m.Shards, ""},
		{"program", m.Program, ""},
	}
	p.Chain = slices.DeleteFunc(p.Chain, func(f fact) bool { return f.Value == "" })
}
