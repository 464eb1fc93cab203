package train

import "github.com/polymath-lm/polymath/train/checkpoint"

var pageTemplate = checkpoint.NewPageTemplate(`<header><h1>{{.Title}}</h1><span class="state">{{.State}}</span></header>
{{if .Facts}}<dl class="facts">{{range .Facts}}<div><dt>{{.Name}}</dt><dd>{{.Value}}{{with .Note}}<small>{{.}}</small>{{end}}</dd></div>{{end}}</dl>{{end}}
<div class="grid">{{range .Charts}}<section><h2>{{.Title}} <span class="note">{{.Note}}</span></h2>{{.SVG}}</section>{{end}}</div>
{{if .Heat}}<section><h2>Expert load <span class="note">each expert's share of the routed tokens beside the even share, one row an expert</span></h2>{{range .Heat}}{{.}}{{end}}{{.HeatLegend}}</section>{{end}}
{{if .Samples}}<section><h2>Samples <span class="note">prompt in color</span></h2>
{{range .Samples}}<div class="sample"><span class="note">step {{.Step}}</span><pre><b>{{.Prompt}}</b>{{.Text}}</pre></div>{{end}}
{{if .Older}}<details><summary>earlier samples</summary>{{range .Older}}<div class="sample"><span class="note">step {{.Step}}</span><pre><b>{{.Prompt}}</b>{{.Text}}</pre></div>{{end}}</details>{{end}}</section>{{end}}
{{if .Skips}}<section><h2>Skipped steps <span class="note">the weights stayed as they were</span></h2><table>{{range .Skips}}<tr><th>step {{.Step}}</th><td>{{.Skip.Reason}}</td></tr>{{end}}</table></section>{{end}}
<section><h2>Recipe <span class="note">with all defaults filled in</span></h2><details><summary>show</summary><pre>{{.Recipe}}</pre></details></section>
<section><h2>Made from <span class="note">SHA-256</span></h2><table>{{range .Sources}}<tr><th>{{.Name}}</th><td class="hash">{{.Value}}</td></tr>{{end}}</table></section>`)
