package checkpoint

import "html/template"

// PageFrame is what the page of a run tells about itself besides its body.
type PageFrame struct {
	Title string
	Style template.CSS
	// Live pages ask their own server for what is new after NumRecords records. Others
	// stand alone: no script, no reference to anything outside.
	Live       bool
	NumRecords int
}

// NewPageTemplate returns the template of the pages of a kind of run: "page" is a whole
// page and "body" its part that changes, the template that is given. What it is executed
// with embeds a PageFrame.
func NewPageTemplate(body string) *template.Template {
	t := template.Must(template.New("page").Parse(frameText))
	template.Must(t.New("body").Parse(body))
	return t
}

// frameText is a page around its body. The security policy forbids everything that is
// not in the page itself; the live page may also ask its own server.
const frameText = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'{{if .Live}}; script-src 'unsafe-inline'; connect-src 'self'{{end}}">
<title>{{.Title}}</title>
<style>{{.Style}}</style>
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
`
