package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/energy"
	"github.com/polymath-lm/polymath/internal/visible"
)

// page is what the template and the Markdown show. Its texts are visible ones.
type page struct {
	Title, Suite, Date, Policy string
	// Heading is the title with the suite.
	Heading string
	Style   template.CSS
	Script  template.JS
	// Models are the names of the runs, in the order of their colors.
	Models []string
	Facts  []fact
	// NotChecked says why contamination was not looked for; "" if it was.
	NotChecked    string
	Scores        []scoreTable
	Skipped       []pair
	Comparison    *comparison
	Calibration   []calibration
	Long          []long
	Positions     []position
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
	p.Suite, p.Date = visible.Text(strings.ReplaceAll(r.Suite, ",", ", ")), r.Started.UTC().Format("2006-01-02 15:04 UTC")
	p.Heading = p.Title
	if p.Suite != "" {
		p.Heading += ": " + p.Suite
	}
	p.Facts = facts(d.Run)
	if d.Other != nil {
		p.Facts = besides(p.Facts, facts(d.Other))
	}
	p.Facts = slices.DeleteFunc(p.Facts, func(f fact) bool {
		return f.Value == "0" && (f.Name == "cut" || f.Name == "without a verdict" || f.Name == tooLong)
	})
	p.Scores = scoreTables(runs, p.Models)
	for _, t := range r.Tasks {
		if t.Skipped != "" {
			p.Skipped = append(p.Skipped, pair{title(t), visible.Text(t.Skipped)})
		}
	}
	p.Comparison = compared(d.Comparison, runs, p.Models)
	p.Calibration = calibrations(runs, d.Comparison)
	p.Long, p.Positions = longTasks(runs, p.Models, d.Comparison), positions(runs, p.Models)
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
		out[i] = strings.TrimRight(visible.Text(run.Result.Name()), "/")
		if out[i] == "" {
			out[i] = "model"
		}
	}
	if len(out) == 1 {
		return []string{known(out[0])}
	}
	if out[0] == out[1] {
		return []string{known(out[0]) + " (A)", known(out[1]) + " (B)"}
	}
	n := 1 // parts of the path that tell them apart
	for tail(out[0], n) == tail(out[1], n) {
		n++
	}
	return []string{tail(out[0], n), tail(out[1], n)}
}

// known is as much of a path's end as tells models apart: the last part, and those
// before it while the first is a name that many have.
func known(path string) string {
	n := 1
	for part := tail(path, n); part != path && (strings.HasPrefix(part, "model/") || strings.HasPrefix(part, "run/") || part == "model" || part == "run"); part = tail(path, n) {
		n++
	}
	return tail(path, n)
}

// tail is the last n parts of a path.
func tail(path string, n int) string {
	at := len(path)
	for range n {
		if at = strings.LastIndexByte(path[:at], '/'); at < 0 {
			return path
		}
	}
	return path[at+1:]
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

// tooLong is what is said of items that do not fit.
const tooLong = "longer than the window"

// facts are the numbers at the top.
func facts(run *eval.Finished) []fact {
	r := run.Result
	tasks, items, failed, cut, unfit := 0, 0, 0, 0, 0
	meaning := "they count as wrong"
	for _, t := range r.Tasks {
		if t.Skipped == "" {
			tasks++
		}
		if unjudged(&t) {
			meaning = "they count as wrong; a task of no others has no score"
		}
		items, failed, cut, unfit = items+t.NumItems, failed+t.NumErrors, cut+t.NumCut, unfit+t.NumUnfit
	}
	state := "checked"
	if !r.Checked {
		state = "not checked"
	}
	out := []fact{
		{"tasks", count(tasks), ""},
		{"items", count(items), ""},
		{"tokens read", short(r.PromptTokens), ""},
		{"tokens written", short(r.CompletionTokens), ""},
		{"time", duration(r.Took), "of the model's work"},
		{"without a verdict", count(failed), meaning},
		{"cut", count(cut), "did not fit into the window"},
		{tooLong, count(unfit), "not put, and not counted"},
		{"contamination", state, ""},
	}
	if r.Settings.Limit > 0 {
		out[1].Note = "at most " + count(r.Settings.Limit) + " of a task"
	}
	if n := len(r.Tasks) - tasks; n > 0 {
		out[0].Note = count(n) + " not run"
	}
	if n := len(run.Records); n > items {
		out[1].Note = strings.Trim(count(n)+" answers, "+out[1].Note, ", ")
	}
	if r.PromptTokens > 0 && r.CachedTokens > 0 {
		out[2].Note = percent(float64(r.CachedTokens)/float64(r.PromptTokens)) + " from the cache"
	}
	return out
}

// besides puts the facts of a second run beside those of the first.
func besides(a, b []fact) []fact {
	for i := range a {
		if a[i].Value != b[i].Value {
			a[i].Value += " / " + b[i].Value
		}
		if a[i].Note != b[i].Note {
			a[i].Note = strings.Trim(a[i].Note+" / "+b[i].Note, "/ ")
		}
	}
	return a
}

// named reports whether a line of the list has the name.
func named(list []pair, name string) bool {
	return slices.ContainsFunc(list, func(p pair) bool { return p.Name == name })
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
		// The model's own lines say some of it again.
		if !named(c.Model, visible.Text(line.Name)) {
			add(&c.Model, visible.Text(line.Name), line.Value)
		}
	}
	if r.Subject.ContextWindow > 0 && !named(c.Model, "window") {
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
	if s.Blind {
		add(&c.Settings, "images", "withheld")
	}
	if s.Int8 {
		add(&c.Settings, "keys and values", "in 8 bits")
	}
	add(&c.Settings, "judge", s.Judge)
	add(&c.Settings, "tokens read", count(r.PromptTokens)+", "+count(r.CachedTokens)+" of them from the cache")
	add(&c.Settings, "tokens written", count(r.CompletionTokens))
	add(&c.Settings, "time", duration(r.Took))
	if e := r.Energy; e != nil {
		add(&c.Settings, "energy", e.String())
		if e.Known() && e.Right > 0 {
			add(&c.Settings, "energy of a right answer", energy.Text(e.PerRight())+", of "+count(e.Right))
		}
	}
	add(&c.Made, "program", r.Version)
	add(&c.Made, "records.jsonl", r.Records)
	for _, t := range r.Tasks {
		add(&c.Made, visible.Text(t.Task), t.TaskHash)
	}
	return c
}
