package report

import (
	"fmt"
	"html/template"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/visible"
)

// page is what the template and the Markdown show. Its texts are visible ones.
type page struct {
	Title, State, Policy string
	Style                template.CSS
	Script               template.JS
	// Models are the names of the runs, in the order of their colors.
	Models []string
	Facts  []fact
	// NotChecked says why contamination was not looked for; "" if it was.
	NotChecked    string
	Scores        []scoreTable
	Skipped       []pair
	Comparison    *comparison
	Calibration   []calibration
	Sections      []sections
	Metrics       []metrics
	Exams         []examRow
	Benchmarks    []examRow
	Contamination []contamination
	Cards         []card
	Items         *packed
}

type fact struct{ Name, Value, Note string }

type pair struct{ Name, Value string }

// card is what there is to say of one run.
type card struct {
	Title                 string
	Model, Settings, Made []pair
}

// newPage gathers what the page shows, without the items.
func newPage(d *Data) *page {
	runs := runsOf(d)
	p := &page{Models: names(d), NotChecked: notChecked(d.Run.Result)}
	p.Title = p.Models[0]
	if len(runs) > 1 {
		p.Title += " and " + p.Models[1]
	}
	r := d.Run.Result
	p.State = strings.TrimSpace(visible.Text(r.Suite) + r.Started.UTC().Format(" · 2006-01-02 15:04 UTC"))
	p.Facts = facts(r, len(d.Run.Records))
	p.Scores = scoreTables(runs, p.Models)
	for _, t := range r.Tasks {
		if t.Skipped != "" {
			p.Skipped = append(p.Skipped, pair{title(t), visible.Text(t.Skipped)})
		}
	}
	p.Comparison = compared(d.Comparison, p.Models)
	p.Calibration = calibrations(runs)
	p.Sections, p.Metrics = allSections(runs), allMetrics(runs)
	p.exams(runs)
	p.Contamination = contaminations(runs, p.Models)
	for i, run := range runs {
		p.Cards = append(p.Cards, newCard(p.Models[i], run.Result))
	}
	return p
}

func runsOf(d *Data) []*eval.Finished {
	if d.Other == nil {
		return []*eval.Finished{d.Run}
	}
	return []*eval.Finished{d.Run, d.Other}
}

// names are the models' names, told apart where they are the same.
func names(d *Data) []string {
	runs := runsOf(d)
	out := make([]string, len(runs))
	for i, run := range runs {
		out[i] = visible.Text(run.Result.Subject.Name)
		if out[i] == "" {
			out[i] = "model"
		}
	}
	if len(out) == 1 {
		return out
	}
	if a, b := filepath.Base(out[0]), filepath.Base(out[1]); a != b {
		return []string{a, b}
	}
	if out[0] == out[1] {
		return []string{out[0] + " (A)", out[1] + " (B)"}
	}
	return out
}

// title is what a task is called on the page.
func title(t eval.TaskResult) string {
	if t.Title != "" {
		return visible.Text(t.Title)
	}
	return visible.Text(t.Task)
}

func notChecked(r *eval.Result) string {
	switch {
	case r.Checked:
		return ""
	case r.NotChecked == "":
		return "nobody looked"
	}
	return visible.Text(r.NotChecked)
}

func facts(r *eval.Result, numRecords int) []fact {
	tasks, items, failed, cut := 0, 0, 0, 0
	for _, t := range r.Tasks {
		if t.Skipped == "" {
			tasks++
		}
		items, failed, cut = items+t.NumItems, failed+t.NumErrors, cut+t.NumCut
	}
	out := []fact{{"tasks", count(tasks), ""}, {"items", count(items), ""}}
	if numRecords > items {
		out[1].Note = count(numRecords) + " answers"
	}
	if n := len(r.Tasks) - tasks; n > 0 {
		out[0].Note = count(n) + " not run"
	}
	read := fact{"tokens read", short(r.PromptTokens), ""}
	if r.PromptTokens > 0 && r.CachedTokens > 0 {
		read.Note = percent(float64(r.CachedTokens)/float64(r.PromptTokens)) + " from the cache"
	}
	out = append(out, read, fact{"tokens written", short(r.CompletionTokens), ""}, fact{"time", duration(r.Took), "of the model's work"})
	if failed > 0 {
		out = append(out, fact{"without a verdict", count(failed), "they count as wrong"})
	}
	if cut > 0 {
		out = append(out, fact{"cut", count(cut), "did not fit into the window"})
	}
	state := fact{"contamination", "checked", ""}
	if !r.Checked {
		state.Value = "not checked"
	}
	return append(out, state)
}

func newCard(name string, r *eval.Result) card {
	c := card{Title: name}
	add := func(to *[]pair, name, value string) {
		if value != "" {
			*to = append(*to, pair{name, visible.Text(value)})
		}
	}
	add(&c.Model, "name", r.Subject.Name)
	add(&c.Model, "fingerprint", r.Subject.Fingerprint)
	for _, line := range r.Subject.Card {
		add(&c.Model, visible.Text(line.Name), line.Value)
	}
	if r.Subject.ContextWindow > 0 {
		add(&c.Model, "window", count(r.Subject.ContextWindow)+" tokens")
	}
	if r.Subject.Deterministic {
		add(&c.Model, "repeatable", "the same request gives the same answer")
	} else {
		add(&c.Model, "repeatable", "no: the same request may give another answer")
	}
	s := r.Settings
	add(&c.Settings, "seed", fmt.Sprint(s.Seed))
	add(&c.Settings, "items of a task", map[bool]string{true: "all", false: "at most " + count(s.Limit) + ", the same in every run"}[s.Limit == 0])
	add(&c.Settings, "solved examples", map[bool]string{true: "each task's own", false: count(s.Shots)}[s.Shots < 0])
	add(&c.Settings, "answers of an item", map[bool]string{true: "each task's own", false: count(s.Samples)}[s.Samples == 0])
	add(&c.Settings, "put as", map[bool]string{true: "conversations", false: "texts to go on with"}[s.Chat])
	add(&c.Settings, "judge", s.Judge)
	add(&c.Settings, "tokens read", count(r.PromptTokens)+", "+count(r.CachedTokens)+" of them from the cache")
	add(&c.Settings, "tokens written", count(r.CompletionTokens))
	add(&c.Settings, "time", duration(r.Took))
	add(&c.Made, "program", r.Version)
	add(&c.Made, "records.jsonl", r.Records)
	for _, t := range r.Tasks {
		add(&c.Made, visible.Text(t.Task), t.TaskHash)
	}
	return c
}
