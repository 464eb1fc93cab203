package report

import "html/template"

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// pageText is the page. The security policy forbids everything that is not in the
// page itself.
const pageText = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{.Title}}</title>
<style>{{.Style}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1240px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:24px;line-height:1.2;margin:0 0 20px;overflow-wrap:anywhere}
h2{font-size:15px;margin:0 0 10px}
h3{font-size:13px;margin:14px 0 6px;overflow-wrap:anywhere}
.note{color:var(--dim);font-size:13px;font-weight:400}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(130px,1fr));gap:18px 24px;margin:0 0 24px}
.facts dt{color:var(--dim);font-size:12px}
.facts dd{margin:0;font-size:20px;line-height:1.25;font-variant-numeric:tabular-nums}
.facts small{display:block;font-size:12px;color:var(--dim)}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px;margin:0 0 16px;min-width:0}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(270px,100%),1fr));gap:16px;margin-bottom:16px}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:16px;margin-bottom:16px;align-items:start}
.grid section,.two section{margin:0}
.grid .chart{max-width:400px}
.chart rect.f4{fill:var(--s4)}.chart rect.f1,.bar .f1,.key .f1{fill:var(--s1);background:var(--s1)}.chart rect.f2,.bar .f2,.key .f2{fill:var(--s2);background:var(--s2)}
.bar .f3,.key .f3{fill:var(--s3);background:var(--s3)}.bar .f4,.key .f4{fill:var(--s4);background:var(--s4)}
.bar .bad,.key .bad{fill:var(--dim);background:var(--dim)}.bar .rest{fill:var(--line);opacity:.45}
.bar{display:block;width:100%;height:12px;border-radius:3px}
.bars{display:grid;grid-template-columns:fit-content(32%) minmax(60px,1fr) max-content max-content;gap:6px 14px;align-items:center;font-size:13px}
.bars .row{display:contents}
.bars .b{min-width:0}
.bars .name{overflow-wrap:anywhere}
.bars .n{text-align:right;font-variant-numeric:tabular-nums}
.bars .d{color:var(--dim);font-variant-numeric:tabular-nums}
.key{display:flex;flex-wrap:wrap;gap:4px 16px;color:var(--dim);font-size:12px;margin:0 0 10px}
.key i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:5px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px}
td,th{text-align:left;padding:3px 12px 3px 0;vertical-align:top}
th{color:var(--dim);font-weight:400;white-space:nowrap}
td{overflow-wrap:anywhere}.scroll td{overflow-wrap:normal;white-space:nowrap}
.scroll td.wrap{white-space:normal;overflow-wrap:anywhere;min-width:8em}.wrap span{color:var(--dim)}
.bars+details{margin-top:14px}
.r{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.hash{font:12px ui-monospace,monospace}
.found{color:var(--s2);font-weight:600}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:12.5px/1.5 ui-monospace,monospace;max-height:22em;overflow-y:auto;background:var(--page);border:1px solid var(--line);border-radius:6px;padding:8px 10px}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:12px;margin:8px 0 18px}
.pair>div{min-width:0}
.where{color:var(--dim);font-size:12px;overflow-wrap:anywhere;margin:0 0 4px}
.why{color:var(--s2);font-size:13px;font-weight:600;overflow-wrap:anywhere;margin:0 0 4px}
.stay{color:var(--s3);font-size:13px;font-weight:600;margin:0 0 4px}
del{background:color-mix(in srgb,var(--s2) 26%,transparent);text-decoration:line-through;text-decoration-color:var(--s2)}
ins{background:color-mix(in srgb,var(--s3) 26%,transparent);text-decoration:none}
summary{cursor:pointer;color:var(--dim);font-size:13px}
details+details{margin-top:6px}details[open]>summary{margin-bottom:8px}
@media (max-width:560px){.last{display:none}.bars{display:block}.bars .row{display:grid;grid-template:"n v" "b b" "d d"/1fr max-content;gap:2px 10px;margin-bottom:10px}
.bars .name{grid-area:n}.bars .n{grid-area:v}.bars .b{grid-area:b}.bars .d{grid-area:d;font-size:12px}}
</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<dl class="facts">{{range .Facts}}<div><dt>{{.Name}}</dt><dd>{{.Value}}{{with .Note}}<small>{{.}}</small>{{end}}</dd></div>{{end}}</dl>
<section><h2>Funnel <span class="note">documents after each step</span></h2>
<p class="key"><span><i class="f1"></i>left after the step</span><span><i class="f2"></i>went</span></p>
<div class="bars">{{range .Stages}}{{template "bar" .}}{{end}}</div></section>
{{if .Charts}}<div class="grid">{{range .Charts}}<section><h2>{{.Title}} <span class="note">{{.Note}}</span></h2>{{.SVG}}</section>{{end}}</div>
<p class="key"><span><i class="f1"></i>kept</span><span><i class="f2"></i>dropped</span></p>{{end}}
<section><h2>Sources</h2>
<p class="key"><span><i class="f3"></i>left</span><span><i class="f2"></i>dropped</span><span><i class="f4"></i>there twice</span><span><i class="bad"></i>unreadable</span></p>
<div class="bars">{{range .Sources}}{{template "bar" .}}{{end}}</div>
{{range .Sources}}<details><summary>{{.Name}}: {{.Files}}</summary><p class="key">{{range .Legend}}<span>{{.Name}} {{.Value}}</span>{{end}}</p>
{{with .Dropped}}<div class="scroll"><table><tr><th>step and rule</th><th class="r">documents</th><th class="r">share</th><th class="r last">text</th></tr>{{range .}}<tr><td class="wrap"><span>{{.Step}}</span> {{.Rule}}</td><td class="r">{{.Docs}}</td><td class="r">{{.Share}}</td><td class="r last">{{.Bytes}}</td></tr>{{end}}</table></div>{{end}}</details>{{end}}</section>
<div class="two">
{{if .Languages}}<section><h2>Languages</h2><div class="bars">{{range .Languages}}{{template "bar" .}}{{end}}</div></section>{{end}}
{{if .Formats}}<section><h2>Formats</h2><div class="bars">{{range .Formats}}{{template "bar" .}}{{end}}</div></section>{{end}}
{{if .Rules}}<section><h2>Rules <span class="note">documents that they dropped</span></h2><div class="scroll"><table><tr><th>step and rule</th><th class="r">documents</th><th class="r">of all</th><th class="r last">text</th></tr>{{range .Rules}}<tr><td class="wrap"><span>{{.Step}}</span> {{.Rule}}</td><td class="r">{{.Docs}}</td><td class="r">{{.Share}}</td><td class="r last">{{.Bytes}}</td></tr>{{end}}</table></div></section>{{end}}
{{if .Cuts}}<section><h2>Cut out <span class="note">of documents that stay or went later</span></h2><div class="scroll"><table><tr><th>step and what</th><th class="r">documents</th><th class="r">places</th><th class="r last">text</th></tr>{{range .Cuts}}<tr><td class="wrap"><span>{{.Step}}</span> {{.Reason}}</td><td class="r">{{.Docs}}</td><td class="r">{{.Places}}</td><td class="r last">{{.Bytes}}</td></tr>{{end}}</table></div></section>{{end}}
</div>
{{if .Mixture}}<section><h2>Mixture <span class="note">what training reads in one epoch of the shards</span></h2>
{{range .Mixture}}<h3>{{.Name}} <span class="note">{{.Tokens}} tokens</span></h3><div class="scroll"><table><tr><th>source</th><th style="width:26%">share of the tokens</th><th class="r">asked</th><th class="r">got</th><th class="r">tokens</th><th class="r">documents</th><th class="r">text there is</th><th class="r">read</th></tr>{{range .Rows}}<tr><td class="wrap">{{.Name}}</td><td style="vertical-align:middle">{{.Bar}}</td><td class="r">{{.Asked}}</td><td class="r">{{.Got}}</td><td class="r">{{.Tokens}}</td><td class="r">{{.Docs}}</td><td class="r">{{.Text}}</td><td class="r">{{.Read}}</td></tr>{{end}}</table></div>{{end}}
{{with .Short}}<p class="note">There is less text than the weights ask for of {{range $i, $s := .}}{{if $i}}, {{end}}{{$s}}{{end}}; others fill up.</p>{{end}}</section>{{end}}
{{if .Evaluation}}<section><h2>Evaluation sets <span class="note">items that were found in documents</span></h2><div class="scroll"><table><tr><th>set</th><th class="r">items</th><th class="r">found</th><th class="r">in documents</th><th>by rule</th><th>pipeline</th></tr>{{range .Evaluation}}<tr><td>{{.Set}}</td><td class="r">{{.Items}}</td><td class="r{{if .Found}} found{{end}}">{{.Touched}}</td><td class="r">{{.Documents}}</td><td style="white-space:normal">{{.Rules}}</td><td>{{.Pipeline}}</td></tr>{{end}}</table></div></section>{{end}}
{{if or .Bad .Skipped}}<div class="two">{{if .Bad}}<section><h2>Unreadable records <span class="note">{{.BadSeen}}</span></h2><table><tr><th>why</th><th class="r">records</th><th>the first</th></tr>{{range .Bad}}<tr><td>{{.Reason}}</td><td class="r">{{.Count}}</td><td>{{.Where}}</td></tr>{{end}}</table></section>{{end}}
{{if .Skipped}}<section><h2>Records that hold no document</h2><table>{{range .Skipped}}<tr><td>{{.Name}}</td><td class="r">{{.Value}}</td></tr>{{end}}</table></section>{{end}}</div>{{end}}
{{if .Dropped}}<section><h2>Dropped, beside kept</h2>
{{range $i, $g := .Dropped}}<details{{if lt $i 4}} open{{end}}><summary>{{$g.Step}}: {{$g.Rule}}</summary>{{range $g.List}}<div class="pair">{{with .Beside}}<div><p class="stay">kept</p><p class="where">{{.Where}} · {{.ID}}</p><pre>{{.Text}}</pre></div>{{end}}<div><p class="why">dropped: {{.Why}}</p><p class="where">{{.Where}} · {{.ID}}</p><pre>{{.Text}}</pre></div></div>{{end}}</details>{{end}}</section>{{end}}
{{if .Cleaned}}<section><h2>Before and after cleaning <span class="note">the beginnings of documents</span></h2>{{range .Cleaned}}<p class="where">{{.Where}} · {{.ID}}</p><p class="why">{{.Why}}</p><div class="pair"><div><pre>{{.Before}}</pre></div><div><pre>{{.After}}</pre></div></div>{{end}}</section>{{end}}
{{if .Pairs}}<section><h2>Nearly the same <span class="note">what only one of them has is marked</span></h2>{{range .Pairs}}<div class="pair"><div><p class="why">dropped; {{.Alike}}</p><p class="where">{{.Gone.Where}} · {{.Gone.ID}}</p><pre>{{.Gone.Before}}</pre></div><div><p class="stay">kept</p><p class="where">{{.Kept.Where}} · {{.Kept.ID}}</p><pre>{{.Kept.Before}}</pre></div></div>{{end}}</section>{{end}}
<section><h2>Recipe <span class="note">with all defaults filled in</span></h2><details><summary>show</summary><pre>{{.Recipe}}</pre></details></section>
<section><h2>Made from <span class="note">SHA-256</span></h2><table>{{range .Chain}}<tr><th>{{.Name}}</th><td class="hash">{{.Value}}</td></tr>{{end}}</table></section>
</main>
</body>
</html>
{{define "bar"}}<div class="row"><div class="name">{{.Name}}</div><div class="b">{{.Bar}}</div><div class="n">{{.Value}}</div><div class="d">{{.Detail}}</div></div>{{end}}`
