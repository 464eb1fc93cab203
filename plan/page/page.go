package page

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/plan"
	"github.com/polymath-lm/polymath/plan/cluster"
	"github.com/polymath-lm/polymath/train/chart"
)

// Data is what a page shows. The page keeps none of it.
type Data struct {
	Report *plan.Report
	// Cluster names the machine of what follows, such as h100x16384.
	Cluster string
	// Step is one simulated training step in Layout, with its events; nil = none.
	Step   *cluster.Step
	Layout cluster.Layout
	// Found are layouts that fit, the cheapest first; none leaves the section out.
	Found []cluster.Found
}

// Write makes the page and puts it, whole or not at all, into a file.
func Write(path string, d *Data) error {
	_, err := atomicfile.WriteBytes(path, []byte(Render(d)))
	return err
}

// Render returns the page.
func Render(d *Data) string {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, newView(d)); err != nil {
		panic(err) // the template and its data are ours
	}
	return b.String()
}

// view is what the template sees.
type view struct {
	Title, Source string
	Style         template.CSS
	Notes         []string
	Facts         []fact
	Charts        []drawing
	Params        []plan.Part
	Sum           plan.Part
	Mixture       string
	Reported      []reported
	Sources       []string // of Reported
	Wide          []drawing
	Layouts       []layout
	Cluster       string
	States        []plan.StateSize
}

// fact is a number at the top.
type fact struct{ Name, Value, Note string }

// drawing is a chart with its heading.
type drawing struct {
	Title, Note string
	SVG         template.HTML
}

func newView(d *Data) *view {
	r := d.Report
	m := r.Model
	v := &view{
		Title: m.Title, Source: m.Source, Style: template.CSS(chart.Style + chart.PageStyle + style), Notes: m.Notes,
		Params: r.Params.Parts, Mixture: r.Params.MixtureText(m), Cluster: d.Cluster, States: r.States,
		Sum: plan.Part{Name: "together", Total: r.Params.Total, Active: r.Params.Active},
	}
	if v.Title == "" {
		v.Title = m.Name
	}
	v.Facts = facts(r)
	v.Reported, v.Sources = compare(r)
	v.Charts = []drawing{paramsChart(r), memoryChart(r), costChart(m, r), cacheChart(m, r), decodeChart(r)}
	if d.Step != nil {
		v.Wide = append(v.Wide, timeline(d))
		v.Charts = append(v.Charts, deviceChart(d.Step))
	}
	if len(d.Found) > 0 {
		v.Charts = append(v.Charts, layoutChart(d.Found))
		v.Layouts = layouts(d.Found)
	}
	return v
}

func facts(r *plan.Report) []fact {
	m, w := r.Model, r.Windows[0]
	list := []fact{
		{"parameters", count(float64(r.Params.Total)), ""},
		{"active", count(float64(r.Params.Active)), fmt.Sprintf("%.1f%% work on a token", 100*float64(r.Params.Active)/float64(r.Params.Total))},
		{"weights in bf16", size(m.WeightBytes(plan.BF16)), ""},
		{"forward, last token", flops(w.Last.Total), "at " + window(w.Tokens)},
		{"keys and values", size(m.KVBytesPerToken(plan.BF16)), "a token, in bf16"},
		{"of a full window", size(m.KVBytes(m.Context, plan.BF16)), window(m.Context) + " tokens"},
	}
	if t := r.Training; t != nil {
		list = append(list, fact{"training", fmt.Sprintf("%.3g FLOP", t.FLOPs), count(t.Tokens) + " tokens"})
	}
	return list
}

// reported is a row of the comparison with what others said; Source counts from 1.
type reported struct {
	What, Theirs, Here, Off, Arithmetic string
	Source                              int
}

func compare(r *plan.Report) (rows []reported, sources []string) {
	for _, c := range r.Reported {
		at := slices.Index(sources, c.Source)
		if at < 0 {
			at, sources = len(sources), append(sources, c.Source)
		}
		rows = append(rows, reported{
			strings.ReplaceAll(string(c.What), "_", " "), count(c.Value), count(c.Computed),
			fmt.Sprintf("%+.1f%%", 100*(c.Computed/c.Value-1)), c.Arithmetic, at + 1,
		})
	}
	return rows, sources
}

// flops writes a number of operations: 599 GFLOP.
func flops(v float64) string {
	text := chart.Number(v)
	if last := text[len(text)-1]; last > '9' {
		return text[:len(text)-1] + " " + string(last) + "FLOP"
	}
	return text + " FLOP"
}

// count writes a number as publications do: 111B, 1.83T.
func count(v float64) string { return strings.Replace(chart.Number(v), "G", "B", 1) }

// size writes bytes with a unit.
func size(v float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for ; v >= 1024 && i < len(units)-1; i++ {
		v /= 1024
	}
	return fmt.Sprintf("%.3g %s", v, units[i])
}

// window writes a length as people do: 128k for 131072.
func window(n int) string {
	if n >= 1024 && n%1024 == 0 {
		return fmt.Sprintf("%dk", n/1024)
	}
	return fmt.Sprint(n)
}
