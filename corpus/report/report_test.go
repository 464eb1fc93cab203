package report

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/decontaminate"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/mixture"
)

// hostile is text that wants to be more than text.
const hostile = `</pre></title><script>alert(1)</script><img src=x onerror=alert(2)>"'><a href="javascript:alert(3)">&lt;b&gt; <!-- ]]> {{.}} ` + "\u202e\x1b[31m\x00"

// big is a manifest in which every text is hostile and every number is large.
func big(n int64, text string) *corpus.Manifest {
	c := corpus.Count{Docs: n, Bytes: 4000 * n}
	drop := &document.Drop{Filter: "step" + text, Rule: "rule" + text, Value: math.Inf(1), Limit: 1e300, Note: text}
	sample := func(id string, d *document.Drop) corpus.Sample {
		return corpus.Sample{
			ID: id + text, Origin: document.Origin{Source: "source" + text, File: text}, Drop: d, Before: text + "one two", After: "two " + text,
			Cuts: []document.Cut{{Step: text, Reason: text, Count: 2, Bytes: n}},
		}
	}
	outcome := corpus.Outcome{Kept: c, Dropped: c}
	f := corpus.Funnel{
		Read: corpus.Count{Docs: 4 * n, Bytes: 9000 * n}, Bad: c, Kept: corpus.Count{Docs: 2 * n, Bytes: 8000 * n}, Skipped: map[string]int64{text: n},
		Reached: map[string]corpus.Count{"step" + text: c}, Dropped: map[string]map[string]corpus.Count{"step" + text: {"rule" + text: c}},
		Cuts:      map[string]map[string]corpus.CutCount{text: {text: {Docs: n, Places: n, Bytes: n}}},
		Languages: map[string]corpus.Outcome{"": outcome, text: outcome}, Formats: map[string]corpus.Outcome{text: outcome},
		Length: corpus.Histogram{Kept: []int64{0, 0, n, 3 * n}, Dropped: []int64{n}}, Quality: corpus.Histogram{Kept: []int64{n}},
		LanguageScore: corpus.Histogram{Dropped: []int64{1, n}}, Perplexity: corpus.Histogram{Kept: []int64{0, n}},
	}
	return &corpus.Manifest{
		Name: "corpus" + text, Program: text, Recipe: []byte(`{"name":"x"}`), RecipeHash: text, Tokens: 900 * n, ShardDocs: n,
		Sources: []corpus.SourceReport{{
			Name: "source" + text, Files: n, FileBytes: n, Failed: n, Funnel: f,
			After:   corpus.Left{Name: "source" + text, Gone: map[string]corpus.Count{"exact": c}, Left: c},
			Samples: corpus.Samples{"kept": {sample("a", nil)}, "step" + text + "/rule" + text: {sample("b", drop), sample("c", drop)}},
		}},
		Clusters: corpus.Clusters{Exact: []int64{0, n}, Near: []int64{0, 0, 0, n, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
		Plan: &mixture.Plan{
			Stages: []string{text, "b"}, Sources: []mixture.Source{{Name: "source" + text, Docs: n, Bytes: 4000 * n}},
			Copies: [][]uint64{{1 << 31}, {3 << 31}}, Short: []string{text},
		},
		Mixed:      mixture.Result{Tokens: [][]int64{{450 * n}, {450 * n}}, Docs: [][]int64{{n}, {n}}},
		Evaluation: map[string][]decontaminate.Report{text: {{Set: text, Items: 9, Touched: 3, Documents: n, Rules: map[string]decontaminate.RuleReport{text: {Checkable: 9, Touched: 3}}}}},
	}
}

// render makes the page of a manifest, with pairs and reasons of that text.
func render(t *testing.T, m *corpus.Manifest, text string) string {
	t.Helper()
	o, err := (&corpus.Corpus{Manifest: *m}).Overview("")
	if err != nil {
		t.Fatal(err)
	}
	in := contents{manifest: m, overview: o, asked: []map[string]float64{{"source" + text: 0.5}}}
	if text != "" {
		found := corpus.Found{Text: []byte(text)}
		found.Record.Origin.File, found.Record.ID = text, text
		in.pairs = []corpus.Pair{{Kept: found, Gone: found, Size: 3}}
		in.bad = []corpus.BadReason{{Reason: text, Count: 4, Origin: document.Origin{File: text}}}
	}
	page, err := newPage(&in).render()
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// elements are the names of all elements of a page and those of their attributes.
func elements(t *testing.T, page string) (names, attributes map[string]bool, text string) {
	t.Helper()
	names, attributes = map[string]bool{}, map[string]bool{}
	var b strings.Builder
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			names[n.Data] = true
			for _, a := range n.Attr {
				attributes[a.Key] = true
			}
		case html.TextNode:
			b.WriteString(n.Data)
		case html.CommentNode:
			t.Errorf("a comment: %q", n.Data)
		}
	}
	return names, attributes, b.String()
}

// TestHostile: whatever the documents hold, the page has the elements that it has
// for harmless ones, and shows the text as it is.
func TestHostile(t *testing.T) {
	wantNames, wantAttributes, _ := elements(t, render(t, big(1000, " harmless "), " harmless "))
	page := render(t, big(1000, hostile), hostile)
	names, attributes, text := elements(t, page)
	if !maps.Equal(names, wantNames) {
		t.Errorf("elements %v, want %v", slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(wantNames)))
	}
	if !maps.Equal(attributes, wantAttributes) {
		t.Errorf("attributes %v, want %v", slices.Sorted(maps.Keys(attributes)), slices.Sorted(maps.Keys(wantAttributes)))
	}
	if n := strings.Count(text, "<script>alert(1)</script>"); n < 20 {
		t.Errorf("the text is shown %d times", n)
	}
	for _, bad := range []string{"src", "href", "onerror", "xlink:href"} {
		if attributes[bad] {
			t.Errorf("the page has an attribute %s", bad)
		}
	}
	if regexp.MustCompile(`(?i)url\(|@import|https?://`).MatchString(page) {
		t.Error("the page refers to something outside it")
	}
	if strings.ContainsAny(page, "\u202e\x1b\x00") {
		t.Error("signs that steer are in the page")
	}
	if !strings.Contains(page, "default-src 'none'") {
		t.Error("the page has no security policy")
	}
}

// TestSizes: no document at all, and very many.
func TestSizes(t *testing.T) {
	_, _, text := elements(t, render(t, &corpus.Manifest{}, ""))
	if !strings.Contains(text, "Funnel") || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Errorf("the page of nothing:\n%s", text)
	}
	for _, n := range []int64{1, 1e9, 1e12} {
		page := render(t, big(n, "x"), "x")
		_, _, text := elements(t, page)
		for _, want := range []string{count(4 * n), "−" + count(n), size(4000 * n)} {
			if !strings.Contains(text, want) {
				t.Errorf("with %d documents %q is missing", n, want)
			}
		}
		if strings.Contains(page, "NaN") || strings.Contains(strings.ReplaceAll(page, "&#43;Inf", ""), "Inf") {
			t.Errorf("with %d documents there are numbers that are none", n)
		}
	}
}

// TestManySources: the page does not grow with the samples of each source.
func TestManySources(t *testing.T) {
	m := big(10, "x")
	one := m.Sources[0]
	m.Sources = nil
	for i := range 1000 {
		s := one
		s.Name = fmt.Sprintf("source %d", i)
		m.Sources = append(m.Sources, s)
	}
	if page := render(t, m, "x"); len(page) > 4<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
}

func TestMarked(t *testing.T) {
	for _, test := range []struct {
		before, after string
		cut           bool
		a, b          string
	}{
		{"a b c d", "a c d", false, "a <del>b </del>c d", "a c d"},
		{"call x@y now", "call <EMAIL> now", false, "call <del>x@y</del> now", "call <ins>&lt;EMAIL&gt;</ins> now"},
		{"one two three", "nothing of the kind", false, "<del>one two three</del>", "<ins>nothing of the kind</ins>"},
		{"a line\nmenu | more\nb line\n", "a line\nb line\nc line\n", true, "a line\n<del>menu | more\n</del>b line\n", "a line\nb line\nc line\n"},
		{"a line\nmenu | more\n", "a line\nb line\n", true, "a line\n<del>menu | more\n</del>", "a line\nb line\n"},
		{"a b", "a b c d", true, "a b", "a b c d"},
		{"a b", "a b c", false, "a b", "a b<ins> c</ins>"},
		{"", "", false, "", ""},
		{"one\n\n\ntwo", "one\n\ntwo", false, "one\n\n<del>\n</del>two", "one\n\ntwo"},
	} {
		a, b := marked(test.before, test.after, test.cut)
		if string(a) != test.a || string(b) != test.b {
			t.Errorf("%q, %q: %s | %s; want %s | %s", test.before, test.after, a, b, test.a, test.b)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{count(0), "0"},
		{count(999), "999"},
		{count(1234567), "1,234,567"},
		{count(-1234), "-1,234"},
		{count(-123), "-123"},
		{size(0), "0 B"},
		{size(1536), "1.5 KiB"},
		{size(1 << 50), "1024 TiB"},
		{percent(0, 0), "0%"},
		{percent(1, 1e9), "<0.01%"},
		{percent(1, 3), "33.3%"},
		{value(0.123456), "0.1235"},
		{value(1000), "1,000"},
		{value(math.Inf(1)), "+Inf"},
		{between(1), "2–3"},
		{between(10), "1Ki–2Ki"},
		{power(21), "2Mi"},
	} {
		if test.got != test.want {
			t.Errorf("%s, want %s", test.got, test.want)
		}
	}
	for _, v := range []int64{1, 2, 3, 9, 10, 11, 99, 1e9 + 1, math.MaxInt64 / 100} {
		if c := ceiling(v); c < v || c > 10*v || c%2 != 0 {
			t.Errorf("ceiling of %d is %d", v, c)
		}
	}
}
