package train

import "html/template"

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// pageText is the run page. The security policy forbids everything that is not
// in the page itself; the live page may also ask its own server.
const pageText = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'{{if .Live}}; script-src 'unsafe-inline'; connect-src 'self'{{end}}">
<title>{{.Title}}</title>
<style>{{.Style}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1240px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:24px;line-height:1.2;margin:0}
h2{font-size:15px;margin:0}
header{display:flex;gap:12px;align-items:baseline;flex-wrap:wrap;margin-bottom:20px}
.note,.state{color:var(--dim);font-size:13px;font-weight:400}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(130px,1fr));gap:18px 24px;margin:0 0 24px}
.facts dt{color:var(--dim);font-size:12px}
.facts dd{margin:0;font-size:20px;line-height:1.25;font-variant-numeric:tabular-nums}
.facts small{display:block;font-size:12px;color:var(--dim)}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr));gap:16px}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px;margin:0 0 16px;min-width:0}
.grid section{margin:0}.grid{margin-bottom:16px}
section h2{margin-bottom:8px}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,monospace}
.sample{border-top:1px solid var(--line);padding:10px 0}.sample:first-of-type{border-top:0}
.sample b{color:var(--s1);font-weight:600}
table{border-collapse:collapse;width:100%;font-size:13px}
td,th{text-align:left;padding:3px 14px 3px 0;vertical-align:top}
td.hash{font:12px ui-monospace,monospace;overflow-wrap:anywhere}
th{color:var(--dim);font-weight:400;white-space:nowrap;width:1%}
summary{cursor:pointer;color:var(--dim);font-size:13px}
</style>
</head>
<body>
<main id="body">{{template "body" .}}</main>
{{if .Live}}<script>
(function () {
  var main = document.getElementById("body"), busy = false, again = false;
  function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    fetch("body").then(function (r) { return r.ok ? r.text() : Promise.reject(); }).then(function (html) {
      var open = [].map.call(main.querySelectorAll("details"), function (d) { return d.open; });
      main.innerHTML = html;
      [].forEach.call(main.querySelectorAll("details"), function (d, i) { d.open = open[i]; });
    }).catch(function () {}).then(function () {
      setTimeout(function () { busy = false; if (again) { again = false; refresh(); } }, 1000);
    });
  }
  var events = new EventSource("events?from={{.NumRecords}}");
  events.addEventListener("record", refresh);
})();
</script>{{end}}
</body>
</html>
{{define "body"}}<header><h1>{{.Title}}</h1><span class="state">{{.State}}</span></header>
{{if .Facts}}<dl class="facts">{{range .Facts}}<div><dt>{{.Name}}</dt><dd>{{.Value}}{{with .Note}}<small>{{.}}</small>{{end}}</dd></div>{{end}}</dl>{{end}}
<div class="grid">{{range .Charts}}<section><h2>{{.Title}} <span class="note">{{.Note}}</span></h2>{{.SVG}}</section>{{end}}</div>
{{if .Heat}}<section><h2>Expert load <span class="note">each expert's share of the routed tokens beside the even share, one row an expert</span></h2>{{range .Heat}}{{.}}{{end}}{{.HeatLegend}}</section>{{end}}
{{if .Samples}}<section><h2>Samples <span class="note">prompt in color</span></h2>
{{range .Samples}}<div class="sample"><span class="note">step {{.Step}}</span><pre><b>{{.Prompt}}</b>{{.Text}}</pre></div>{{end}}
{{if .Older}}<details><summary>earlier samples</summary>{{range .Older}}<div class="sample"><span class="note">step {{.Step}}</span><pre><b>{{.Prompt}}</b>{{.Text}}</pre></div>{{end}}</details>{{end}}</section>{{end}}
{{if .Skips}}<section><h2>Skipped steps <span class="note">the weights stayed as they were</span></h2><table>{{range .Skips}}<tr><th>step {{.Step}}</th><td>{{.Skip.Reason}}</td></tr>{{end}}</table></section>{{end}}
<section><h2>Recipe <span class="note">with all defaults filled in</span></h2><details><summary>show</summary><pre>{{.Recipe}}</pre></details></section>
<section><h2>Made from <span class="note">SHA-256</span></h2><table>{{range .Sources}}<tr><th>{{.Name}}</th><td class="hash">{{.Value}}</td></tr>{{end}}</table></section>{{end}}`
