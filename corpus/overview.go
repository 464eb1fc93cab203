package corpus

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// Overview is what became of the documents of a corpus, or of one of its sources.
type Overview struct {
	// Source is the name of the source; "" is all.
	Source string `json:"source,omitempty"`
	Files  int64  `json:"files"`
	Failed int64  `json:"failed_files,omitzero"`
	// Funnel adds up those of the sources, and Samples are of all of them.
	Funnel  Funnel  `json:"funnel"`
	Samples Samples `json:"-"`
	// Stages are where documents went, in the order of the recipe.
	Stages []StageLoss `json:"stages"`
	// Cuts is what was taken out of documents, of the later stages too.
	Cuts map[string]map[string]CutCount `json:"cuts,omitempty"`
	// Left is what the shards are made of.
	Left Count `json:"left"`
}

// StageLoss is the documents that went at one stage.
type StageLoss struct {
	// Name is "unreadable", a step of the recipe, "exact", "near", "lines" or
	// "substrings".
	Name    string `json:"name"`
	Dropped Count  `json:"dropped"`
	// Rules are the rules that were broken, the most frequent first.
	Rules []RuleLoss `json:"rules,omitempty"`
	// After is the number of documents that are left.
	After int64 `json:"after"`
}

// RuleLoss is the documents that broke one rule.
type RuleLoss struct {
	Rule string `json:"rule"`
	Count
}

// Unreadable is the name of the stage of records that could not be read.
const Unreadable = "unreadable"

// Overview sums up what became of a source, or with "" of all.
func (c *Corpus) Overview(source string) (*Overview, error) {
	o := &Overview{Source: source, Samples: Samples{}}
	gone := map[string]Count{}
	known := source == ""
	for i := range c.Manifest.Sources {
		s := &c.Manifest.Sources[i]
		if source != "" && s.Name != source {
			continue
		}
		known = true
		o.Files += s.Files
		o.Failed += s.Failed
		o.Funnel.Merge(&s.Funnel)
		o.Samples.Merge(s.Samples)
		o.Left = o.Left.plus(s.After.Left)
		for reason, n := range s.After.Gone {
			gone[reason] = gone[reason].plus(n)
		}
		for step, reasons := range s.After.Cuts {
			for reason, n := range reasons {
				o.Cuts = plusIn(o.Cuts, step, reason, n)
			}
		}
	}
	if !known {
		return nil, c.noSource(source)
	}
	for step, reasons := range o.Funnel.Cuts {
		for reason, n := range reasons {
			o.Cuts = plusIn(o.Cuts, step, reason, n)
		}
	}
	o.stages(c.stepOrder(), gone)
	return o, nil
}

func (c *Corpus) noSource(name string) error {
	var names []string
	for i := range c.Manifest.Sources {
		names = append(names, c.Manifest.Sources[i].Name)
	}
	hint := "there are " + strings.Join(names, ", ")
	if near := recipe.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return fmt.Errorf("%s has no source %q; %s", c.dir, name, hint)
}

// stepOrder is the place of each step in the recipe's pipelines.
func (c *Corpus) stepOrder() map[string]int {
	order := map[string]int{extractStep: 0}
	r, err := c.Recipe()
	if err != nil {
		return order // it is of another version: the order of names has to do
	}
	all := r.allPipelines()
	for _, name := range r.usedPipelines() {
		for i := range all[name] {
			step, _, err := all[name][i].chosen()
			if err == nil && order[step] < i+1 {
				order[step] = i + 1
			}
		}
	}
	return order
}

// stages fills in Stages.
func (o *Overview) stages(order map[string]int, gone map[string]Count) {
	left := o.Funnel.Read.Docs
	add := func(name string, dropped Count, rules []RuleLoss) {
		left -= dropped.Docs
		o.Stages = append(o.Stages, StageLoss{Name: name, Dropped: dropped, Rules: rules, After: left})
	}
	if o.Funnel.Bad.Docs > 0 {
		add(Unreadable, o.Funnel.Bad, nil)
	}
	steps := slices.SortedFunc(maps.Keys(o.Funnel.Reached), func(a, b string) int {
		return cmp.Or(cmp.Compare(order[a], order[b]), strings.Compare(a, b))
	})
	for step := range o.Funnel.Dropped {
		if _, ok := o.Funnel.Reached[step]; !ok {
			steps = slices.Insert(steps, 0, step)
		}
	}
	for _, step := range steps {
		var all Count
		var rules []RuleLoss
		for rule, n := range o.Funnel.Dropped[step] {
			all = all.plus(n)
			rules = append(rules, RuleLoss{rule, n})
		}
		slices.SortFunc(rules, func(a, b RuleLoss) int {
			return cmp.Or(cmp.Compare(b.Docs, a.Docs), strings.Compare(a.Rule, b.Rule))
		})
		add(step, all, rules)
	}
	for _, reason := range []string{goneExact, goneNear, linesStage, substringsStage} {
		if n, ok := gone[reason]; ok {
			add(reason, n, nil)
		}
	}
}

// StageWords says in words what happens at a stage of an Overview.
func StageWords(name string) string {
	switch name {
	case Unreadable:
		return "unreadable"
	case extractStep:
		return "no text in it"
	case goneExact:
		return "the same as another"
	case goneNear:
		return "nearly the same as another"
	case linesStage, substringsStage:
		return "too little left by " + name
	}
	return name
}

// Asked is by stage of the mixture the share of its text that the recipe asks for
// of each source; nil for a stage that takes sources by their size.
func (c *Corpus) Asked() ([]map[string]float64, error) {
	r, err := c.Recipe()
	if err != nil || c.Manifest.Plan == nil {
		return nil, err
	}
	own := map[string]float64{}
	for i := range r.Sources {
		own[r.Sources[i].Name] = r.Sources[i].Weight
	}
	asked := make([]map[string]float64, len(c.Manifest.Plan.Stages))
	for i := range asked {
		weights := own
		if i < len(r.Mixture.Stages) && r.Mixture.Stages[i].Weights != nil {
			weights = r.Mixture.Stages[i].Weights
		}
		sum := 0.0
		for _, w := range weights {
			sum += w
		}
		if sum == 0 {
			continue
		}
		asked[i] = map[string]float64{}
		for name := range own {
			asked[i][name] = weights[name] / sum
		}
	}
	return asked, nil
}
