package align

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/train/chart"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// maxSamples bounds the answers on the page: the latest.
const maxSamples = 40

// pageData is what the template shows.
type pageData struct {
	checkpoint.PageFrame
	State          string
	Facts, Sources []fact
	HeldOut        *heldOut // nil before there is a measurement
	Charts         []figure
	Samples, Skips []Record
	Recipe         string
}

type fact struct{ Name, Value, Note string }

type figure struct {
	Title string
	SVG   template.HTML
}

// savePage writes run.html. The page stands alone: no script, no reference to
// anything outside it.
func (r *Run) savePage() error {
	if r.journal == nil {
		return nil
	}
	var b bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&b, "page", newPage(r.info(), r.journal.Records(), false)); err != nil {
		return err
	}
	_, err := atomicfile.WriteBytes(filepath.Join(r.options.RunDir, pageFile), b.Bytes())
	return err
}

// newPage prepares the page of a run.
func newPage(info *runInfo, records []Record, live bool) *pageData {
	p := &pageData{State: "not begun", PageFrame: checkpoint.PageFrame{
		Title: info.Recipe.Name, Style: template.CSS(chart.Style + chart.PageStyle), Live: live, NumRecords: len(records),
	}}
	if p.Title == "" {
		p.Title = cmp.Or(info.Recipe.Method, "alignment") + " run"
	}
	p.summarize(info, records)
	p.draw(records)
	for _, r := range slices.Backward(records) {
		switch {
		case r.Kind == KindSample && len(p.Samples) < maxSamples:
			p.Samples = append(p.Samples, r)
		case r.Kind == KindSkip:
			p.Skips = append(p.Skips, r)
		}
	}
	if text, err := yaml.Marshal(info.Recipe); err == nil {
		p.Recipe = string(text)
	}
	p.Sources = []fact{
		{"recipe", info.Hashes.Recipe, ""},
		{"data", info.Hashes.Data, ""},
		{"tokenizer", info.Hashes.Tokenizer, ""},
		{"model", info.Hashes.Parent, ""},
		{"reference", info.Hashes.Reference, ""},
		{"reward models and critic", info.Hashes.Judges, ""},
		{"CPU path", info.CPU, ""},
		{"program", info.Version, ""},
	}
	p.Sources = slices.DeleteFunc(p.Sources, func(f fact) bool { return f.Value == "" })
	return p
}

// summarize fills the facts at the top, and what the first and the last measurement
// say.
func (p *pageData) summarize(info *runInfo, records []Record) {
	var step, first, last *Record
	for i := range records {
		switch r := &records[i]; r.Kind {
		case KindStep:
			step = r
		case KindEval:
			last = r
			if first == nil {
				first = r
			}
		}
	}
	p.add("pairs or prompts", fmt.Sprint(info.Items), fmt.Sprintf("and %d held out", info.HeldOut))
	p.add("parameters", chart.Number(float64(info.Parameters)), chart.Number(float64(info.Trained))+" trained")
	if last != nil {
		p.HeldOut = newHeldOut(first, last)
	}
	if step == nil {
		return
	}
	if p.State = "running or interrupted"; step.Step >= info.Steps {
		p.State = "finished"
	}
	p.add("step", fmt.Sprint(step.Step), fmt.Sprintf("of %d", info.Steps))
	if t := step.Timing; t != nil && step.Step < info.Steps {
		p.add("to go", time.Duration(t.ETA*float64(time.Second)).Round(time.Second).String(), "at this rate")
	}
}

func (p *pageData) add(name, value, note string) {
	p.Facts = append(p.Facts, fact{name, value, note})
}

// draw draws a curve for every measure, of the steps and of what is held out
// together, and for the time that the phases take.
func (p *pageData) draw(records []Record) {
	steps, evals := map[string]*chart.Series{}, map[string]*chart.Series{}
	names := map[string]bool{}
	for i := range records {
		r := &records[i]
		into, name := steps, "step"
		if r.Kind == KindEval {
			into, name = evals, "held out"
		}
		for measure, v := range r.numbers() {
			names[measure] = true
			addPoint(into, measure, name, r.Step, v)
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(names), headlinesFirst) {
		var list []chart.Series
		for _, of := range []map[string]*chart.Series{steps, evals} {
			if s := of[name]; s != nil {
				list = append(list, *s)
			}
		}
		p.figure(name, chart.Line{Series: list, Robust: true})
	}
}

// numbers are what a record measured, and the seconds of its step and its phases.
func (r *Record) numbers() Measures {
	if r.Timing == nil {
		return r.Values
	}
	all := Measures{"seconds": r.Timing.Seconds}
	maps.Copy(all, r.Values)
	for phase, t := range r.Timing.Phases {
		all["seconds/"+phase] = t.Seconds
	}
	return all
}

func addPoint(to map[string]*chart.Series, key, name string, step int, v float64) {
	s := to[key]
	if s == nil {
		s = &chart.Series{Name: name}
		to[key] = s
	}
	s.X, s.Y = append(s.X, float64(step)), append(s.Y, v)
}

func (p *pageData) figure(title string, l chart.Line) {
	l.Title, l.X = title, "step"
	p.Charts = append(p.Charts, figure{title, template.HTML(l.SVG())})
}

var pageTemplate = checkpoint.NewPageTemplate(`<header><h1>{{.Title}}</h1><span class="state">{{.State}}</span></header>
<dl class="facts">{{range .Facts}}<div><dt>{{.Name}}</dt><dd>{{.Value}}{{with .Note}}<small>{{.}}</small>{{end}}</dd></div>{{end}}</dl>
{{with .HeldOut}}<section><h2>Held out <span class="note">with 95% intervals where there are such</span></h2>
<table><tr><th>measure</th>{{if .Before}}<th>after step {{.First}}</th>{{end}}<th>after step {{.Last}}</th></tr>
{{$before := .Before}}{{range .Rows}}<tr><td>{{.Name}}</td>{{if $before}}<td>{{.Before}}</td>{{end}}<td>{{.Now}}</td></tr>{{end}}</table></section>{{end}}
<div class="grid">{{range .Charts}}<section><h2>{{.Title}}</h2>{{.SVG}}</section>{{end}}</div>
{{if .Samples}}<section><h2>Answers <span class="note">prompt in color, the latest first</span></h2>
{{range .Samples}}<div class="sample"><span class="note">step {{.Step}}{{range $name, $value := .Sample.Values}}, {{$name}} {{printf "%.4g" $value}}{{end}}</span><pre><b>{{.Sample.Prompt}}</b>
{{.Sample.Answer}}</pre></div>{{end}}</section>{{end}}
{{if .Skips}}<section><h2>Updates left out <span class="note">the weights stayed as they were</span></h2><table>{{range .Skips}}<tr><th>step {{.Step}}</th><td>{{.Skip.Reason}}</td></tr>{{end}}</table></section>{{end}}
<section><h2>Recipe <span class="note">with all defaults filled in</span></h2><details><summary>show</summary><pre>{{.Recipe}}</pre></details></section>
<section><h2>Made from <span class="note">SHA-256</span></h2><table>{{range .Sources}}<tr><th>{{.Name}}</th><td class="hash">{{.Value}}</td></tr>{{end}}</table></section>`)
