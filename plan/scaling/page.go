package scaling

import (
	"bytes"
	"fmt"
	"html/template"
	"math"
	"time"

	"github.com/polymath-lm/polymath/train/chart"
)

// Page is the prediction as an HTML page that stands alone: the runs, the fit with its
// interval, the run to come, and what it came to where outcome is not nil.
func (p *Prediction) Page(outcome *Outcome) ([]byte, error) {
	d := pageData{Prediction: p, Outcome: outcome, Style: template.CSS(chart.Style + chart.PageStyle), Name: p.Target.Name}
	if d.Name == "" {
		d.Name = fmt.Sprintf("a run of %.3g FLOP", p.Target.FLOPs)
	}
	d.Chart = template.HTML(p.drawing(outcome).SVG())
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, d)
	return b.Bytes(), err
}

// drawing is the fit as a chart.
func (p *Prediction) drawing(outcome *Outcome) chart.Trend {
	c := chart.Trend{Title: "held-out loss by compute", X: "FLOP", Y: "nats per token", LogX: true, LogY: true}
	for _, at := range p.Compute.Curve {
		c.Line.X, c.Line.Y = append(c.Line.X, at.FLOPs), append(c.Line.Y, at.Value)
		c.Line.Low, c.Line.High = append(c.Line.Low, at.Low), append(c.Line.High, at.High)
	}
	runs := chart.Points{Name: "runs"}
	for _, b := range p.Basis {
		runs.X, runs.Y = append(runs.X, b.FLOPs), append(runs.Y, b.Loss)
	}
	foretold := chart.Points{
		Name: "foretold, 95% interval", X: []float64{p.Target.FLOPs}, Y: []float64{p.Compute.Loss.Value},
		Low: []float64{p.Compute.Loss.Low}, High: []float64{p.Compute.Loss.High},
	}
	c.Points = []chart.Points{runs, foretold}
	if outcome != nil {
		c.Points = append(c.Points, chart.Points{Name: "measured", X: []float64{p.Target.FLOPs}, Y: []float64{outcome.Loss}})
	}
	return c
}

type pageData struct {
	*Prediction
	Outcome *Outcome
	Name    string
	Style   template.CSS
	Chart   template.HTML
}

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"loss":    func(v float64) string { return fmt.Sprintf("%.4f", v) },
	"number":  func(v any) string { return chart.Number(asFloat(v)) },
	"flops":   func(v float64) string { return fmt.Sprintf("%.3g", v) },
	"percent": func(v float64) string { return fmt.Sprintf("%.2f%%", 100*v) },
	"date":    func(t time.Time) string { return t.Format("2 January 2006, 15:04:05 UTC") },
	"deref":   func(v *float64) float64 { return *v },
}).Parse(pageText))

func asFloat(v any) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	return math.NaN()
}

const pageText = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Prediction of {{.Name}}</title>
<style>{{.Style}}.numbers td,.numbers th{text-align:right;width:auto}.numbers td:first-child,.numbers th:first-child{text-align:left}.wide{overflow-x:auto}.plot{max-width:900px}</style>
</head>
<body>
<main>
<header><h1>Prediction of {{.Name}}</h1><span class="state">made {{date .Made}}</span></header>
<dl class="facts">
<div><dt>foretold</dt><dd>{{loss .Compute.Loss.Value}}<small>nats per token, held out</small></dd></div>
<div><dt>95% interval</dt><dd>{{loss .Compute.Loss.Low}} to {{loss .Compute.Loss.High}}<small>if the law holds</small></dd></div>
{{with .Outcome}}<div><dt>measured</dt><dd>{{loss .Loss}}<small>{{if .Inside}}inside{{else}}outside{{end}} the interval</small></dd></div>
<div><dt>off by</dt><dd>{{percent .Error}}<small>foretold less measured</small></dd></div>{{end}}
<div><dt>compute</dt><dd>{{flops .Target.FLOPs}}<small>FLOP</small></dd></div>
{{if .Target.Parameters}}<div><dt>parameters</dt><dd>{{number .Target.Parameters}}<small>{{number .Target.Active}} active</small></dd></div>
<div><dt>tokens</dt><dd>{{number .Target.Tokens}}</dd></div>{{end}}
</dl>
<section><h2>Held-out loss by compute</h2><div class="plot">{{.Chart}}</div></section>
<section><h2>Laws</h2><table>
<tr><th>L(C) = a C^b + c</th><td>a {{.Compute.Law.A}}, b {{.Compute.Law.B}}, c {{.Compute.Law.C}}; the runs are off by {{percent .Compute.Law.Spread}}{{if .NoFloor}}; they show no floor, and the interval knows of none{{end}}</td></tr>
{{with .Size}}<tr><th>L(N, D) = E + A/N^α + B/D^β</th><td>E {{.Law.E}}, α {{.Law.Alpha}}, β {{.Law.Beta}}; off by {{percent .Law.Spread}}. Foretold: {{loss .Loss.Value}}, 95% between {{loss .Loss.Low}} and {{loss .Loss.High}}</td></tr>
{{with $.Outcome}}{{with .SizeError}}<tr><th></th><td>off by {{percent (deref .)}}</td></tr>{{end}}{{end}}
{{else}}<tr><th>L(N, D)</th><td>{{.NoSize}}</td></tr>{{end}}
{{with .Trial}}<tr><th>tried</th><td>the other runs would have foretold {{loss .Loss.Value}} of {{.Name}}, {{percent .Error}} off</td></tr>{{end}}
</table></section>
<section class="wide"><h2>Runs</h2><table class="numbers">
<tr><th>run</th><th>FLOP</th><th>parameters</th><th>active</th><th>tokens</th><th>held-out loss</th><th>off the law</th></tr>
{{range .Basis}}<tr><td>{{.Name}}</td><td>{{flops .FLOPs}}</td><td>{{number .Parameters}}</td><td>{{number .Active}}</td><td>{{number .Tokens}}</td><td>{{loss .Loss}}</td><td>{{percent .Off}}</td></tr>
{{end}}</table></section>
<section><details><summary>What it rests on</summary><table>
{{with .Target.Recipe}}<tr><th>recipe of the run</th><td class="hash">{{.}}</td></tr>{{end}}
{{range $name, $value := .Conditions}}<tr><th>{{$name}}</th><td class="hash">{{$value}}</td></tr>
{{end}}{{range .Basis}}<tr><th>{{.Name}}</th><td class="hash">recipe {{.Recipe}}<br>model {{.Model}}<br>journal {{.Metrics}}</td></tr>
{{end}}<tr><th>program</th><td>{{.Program}}</td></tr>
</table></details></section>
</main>
</body>
</html>
`
