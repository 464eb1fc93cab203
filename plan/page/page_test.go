package page

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/polymath-lm/polymath/internal/localpage/browser"
	"github.com/polymath-lm/polymath/plan"
	"github.com/polymath-lm/polymath/plan/cluster"
)

// data is a page of a built-in model on a cluster.
func data(t *testing.T, name, machine string) *Data {
	t.Helper()
	m, err := plan.Builtin(name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := cluster.Parse(machine)
	if err != nil {
		t.Fatal(err)
	}
	var l cluster.Layout
	l.SetDefaults()
	l.Data, l.Tensor, l.Pipeline, l.Batch = 2, 8, 15, 64
	step, err := cluster.Simulate(m, c, l, cluster.Options{Events: true})
	if err != nil {
		t.Fatal(err)
	}
	other := l
	other.Recompute = cluster.RecomputeFull
	slow, err := cluster.Simulate(m, c, other, cluster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &Data{Report: m.Report(plan.Options{}), Cluster: machine, Step: step, Layout: l, Found: []cluster.Found{{Layout: l, Step: step, Devices: 240}, {Layout: other, Step: slow, Devices: 240}}}
}

// TestPage: the page has what it promises, and asks for nothing outside.
func TestPage(t *testing.T) {
	d := data(t, "gpt-4", "h100x240")
	page := Render(d)
	for _, want := range []string{
		"<h1>GPT-4 as reported, full attention</h1>", "Memory by part", "Cost against the window", "A step of the pipeline", "Layouts that fit",
		"16 experts x 111B &#43; 55.49B of attention = 1831B", "1,775,700,541,440", ">stage 14<",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	check(t, page)
	if n := len(page); n > 2<<20 {
		t.Errorf("the page has %d bytes", n)
	}
}

// check parses a page and fails on scripts and on references to anything outside.
func check(t *testing.T, page string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "script" || n.Data == "img" || n.Data == "link" || n.Data == "iframe" {
			t.Errorf("the page has an element %s", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "src" || a.Key == "href" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("element %s has %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
}

// TestHostile: names and notes of a file of a stranger stay text.
func TestHostile(t *testing.T) {
	const hostile = `</title><script>alert(1)</script><img src=x onerror=alert(1)>`
	d := data(t, "mixtral-8x7b", "h100x240")
	m := d.Report.Model
	m.Title, m.Source, m.Notes, d.Cluster = hostile, hostile, []string{hostile}, hostile
	m.Reported = []plan.Reported{{What: plan.FigureTotal, Value: 1, Source: hostile}}
	d.Report = m.Report(plan.Options{Windows: []int{1}})
	check(t, Render(d))
}

// TestAll: every model that is built in has a page, without a cluster too.
func TestAll(t *testing.T) {
	for _, name := range plan.Names() {
		m, err := plan.Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		page := Render(&Data{Report: m.Report(plan.Options{})})
		if strings.Contains(page, "NaN") || strings.Contains(page, "nothing measured") {
			t.Errorf("%s: the page has a chart of nothing", name)
		}
	}
}

// TestWrite: the file is the page; one that cannot be written is an error.
func TestWrite(t *testing.T) {
	d := data(t, "gpt-3", "a100x240")
	path := filepath.Join(t.TempDir(), "page.html")
	if err := Write(path, d); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != Render(d) {
		t.Errorf("the file is another page, or %v", err)
	}
	if err := Write(filepath.Join(path, "below"), d); err == nil {
		t.Error("a page below a file was written")
	}
}

// TestLooks opens the page in a browser, light and dark, wide and narrow.
func TestLooks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.html")
	if err := Write(path, data(t, "gpt-4", "h100x240")); err != nil {
		t.Fatal(err)
	}
	browser.Open(t, "file://"+path).Looks("plan")
}
