package extract

import (
	"strings"
	"testing"
	"time"
)

// TestHostile reads pages made to be slow. A page of this size takes about 20 ms;
// with work that grows with the square it would take minutes.
func TestHostile(t *testing.T) {
	const size = 2 << 20
	for name, c := range map[string]struct{ head, repeat string }{
		"deep":             {"", "<div>"},
		"deep lists":       {"", "<ul><li>"},
		"deep tables":      {"", "<table><tr><td>"},
		"deep text":        {"", "<div>some text, ."},
		"unclosed inline":  {"", "<b><i>x"},
		"links":            {"", "<a href=x>x"},
		"ends":             {strings.Repeat("<p><table><td>", 400), "</div></b></li>"},
		"ends in cells":    {strings.Repeat("<div><td>", 400), "</div>"},
		"misnested":        {"", "<b><p></b></p>"},
		"articles":         {strings.Repeat("<article>", 500), "<article>x</article>"},
		"asides":           {strings.Repeat("<div>", 500), "<p class=ad>x</p>"},
		"cells":            {"<table>" + strings.Repeat("<tr><td><div>", 160), "<td>x</td>"},
		"breaks":           {"<p>", "<br>"},
		"lines of code":    {"<pre>", "\n"},
		"code":             {"", "<pre>\n\n\nx</pre>"},
		"comments":         {"", "<!-- "},
		"closed comments":  {"", "<!---->"},
		"broken tags":      {"", "<"},
		"one tag":          {"<a", " b=c"},
		"equal attributes": {"<a", " a"},
		"an attribute":     {`<p class="`, "share "},
		"styles":           {`<p style="`, ": "},
		"entities":         {"<p>", "&amp"},
		"scripts":          {"", "<script></scrip"},
		"metadata":         {"", "<meta name=author content=x>"},
		"linked data":      {"", `<script type="application/ld+json">{"@type":"Article","author":["x"]}</script>`},
		"buttons":          {"", "<button><p>"},
		"form feeds":       {"<p>", "\f"},
	} {
		t.Run(name, func(t *testing.T) {
			page := []byte(c.head + strings.Repeat(c.repeat, size/len(c.repeat)))
			start := time.Now()
			_, _, err := HTML(page, "utf-8", "")
			if _, limit := err.(*LimitError); err != nil && err != ErrEmpty && !limit {
				t.Error(err)
			}
			t.Log(time.Since(start))
			if _, _, err := Markdown(page, "utf-8"); err != nil && err != ErrEmpty {
				t.Error(err)
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("%v for %d bytes", d, len(page))
			}
		})
	}
}
