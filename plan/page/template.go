package page

import (
	"html/template"
	"strconv"
)

// style is beside that of package chart.
const style = `
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
th.n{text-align:right}
.scroll{overflow-x:auto}.scroll .chart{min-width:860px}
ul{margin:0 0 20px;padding-left:18px;color:var(--dim);font-size:13px}
p.sum{margin:10px 0 0;font-size:13px}`

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"count": thousands, "next": func(i int) int { return i + 1 }}).Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{.Title}}</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<header><h1>{{.Title}}</h1><span class="state">{{.Source}}</span></header>
<dl class="facts">{{range .Facts}}<div><dt>{{.Name}}</dt><dd>{{.Value}}{{with .Note}}<small>{{.}}</small>{{end}}</dd></div>{{end}}</dl>
{{if .Notes}}<ul>{{range .Notes}}<li>{{.}}</li>{{end}}</ul>{{end}}
{{range .Wide}}<section><h2>{{.Title}} <span class="note">{{.Note}}</span></h2><div class="scroll">{{.SVG}}</div></section>{{end}}
<div class="grid">{{range .Charts}}<section><h2>{{.Title}} <span class="note">{{.Note}}</span></h2>{{.SVG}}</section>{{end}}</div>
{{if .Layouts}}<section><h2>Layouts <span class="note">on {{.Cluster}}</span></h2><div class="scroll"><table>
<tr><th>layout</th><th class="n">devices</th><th class="n">seconds a step</th><th class="n">of the peak</th><th class="n">memory of a device</th><th class="n">waiting</th></tr>
{{range .Layouts}}<tr><td>{{.Name}}</td><td class="n">{{.Devices}}</td><td class="n">{{.Seconds}}</td><td class="n">{{.Utilization}}</td><td class="n">{{.Memory}}</td><td class="n">{{.Waste}}</td></tr>
{{end}}</table></div></section>{{end}}
{{if .Reported}}<section><h2>Reported <span class="note">what others published, and what comes out here</span></h2><div class="scroll"><table>
<tr><th>figure</th><th class="n">reported</th><th class="n">here</th><th class="n">off</th><th>which is</th><th class="n">source</th></tr>
{{range .Reported}}<tr><td>{{.What}}</td><td class="n">{{.Theirs}}</td><td class="n">{{.Here}}</td><td class="n">{{.Off}}</td><td>{{.Arithmetic}}</td><td class="n">[{{.Source}}]</td></tr>
{{end}}</table></div>{{range $i, $s := .Sources}}<p class="sum">[{{$i | next}}] {{$s}}</p>{{end}}</section>{{end}}
<section><h2>Arithmetic</h2><div class="scroll"><table>
<tr><th>part</th><th class="n">parameters</th><th class="n">active</th><th>which is</th></tr>
{{range .Params}}<tr><td>{{.Name}}</td><td class="n">{{count .Total}}</td><td class="n">{{count .Active}}</td><td>{{.Arithmetic}}</td></tr>
{{end}}<tr><td>{{.Sum.Name}}</td><td class="n">{{count .Sum.Total}}</td><td class="n">{{count .Sum.Active}}</td><td></td></tr></table></div>
{{with .Mixture}}<p class="sum">{{.}}</p>{{end}}
<p class="sum">{{range .States}}Training in {{.Name}}: {{.What}}. {{end}}</p></section>
</main>
</body>
</html>
`))

// thousands writes a number with commas.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
