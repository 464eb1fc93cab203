package report

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/net/html"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/exam"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/internal/visible"
	"github.com/polymath-lm/polymath/task"
)

// parts are what a page consists of.
type parts struct {
	names, attributes map[string]bool
	text              string // outside of scripts and styles
	index             string
	chunks            []string
}

func take(t *testing.T, page string) parts {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	p := parts{names: map[string]bool{}, attributes: map[string]bool{}}
	var text strings.Builder
	for n := range root.Descendants() {
		switch n.Type {
		case html.ElementNode:
			p.names[n.Data] = true
			for _, a := range n.Attr {
				p.attributes[a.Key] = true
			}
			if n.Data == "script" && attribute(n, "id") == "index" {
				p.index = n.FirstChild.Data
			}
			if n.Data == "script" && attribute(n, "class") == "chunk" {
				p.chunks = append(p.chunks, n.FirstChild.Data)
			}
		case html.TextNode:
			if n.Parent.Data != "script" && n.Parent.Data != "style" {
				text.WriteString(n.Data)
			}
		case html.CommentNode:
			t.Errorf("a comment: %q", n.Data)
		}
	}
	p.text = text.String()
	return p
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// unpack is what the page's script does with an embedded text.
func unpack(t *testing.T, text string, into any) {
	t.Helper()
	var quoted string
	if err := json.Unmarshal([]byte(text), &quoted); err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(quoted)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(z).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// TestHostile: whatever models and data say, the page has the elements that it has
// for harmless texts, refers to nothing, and shows the text as it is.
func TestHostile(t *testing.T) {
	harmless, _ := render(t, two(t, 40, " harmless "))
	page, _ := render(t, two(t, 40, hostile))
	want, got := take(t, harmless), take(t, page)
	if !maps.Equal(got.names, want.names) {
		t.Errorf("elements %v, want %v", slices.Sorted(maps.Keys(got.names)), slices.Sorted(maps.Keys(want.names)))
	}
	if !maps.Equal(got.attributes, want.attributes) {
		t.Errorf("attributes %v, want %v", slices.Sorted(maps.Keys(got.attributes)), slices.Sorted(maps.Keys(want.attributes)))
	}
	if n := strings.Count(got.text, "<script>alert(1)</script>"); n < 20 {
		t.Errorf("the text is shown %d times", n)
	}
	for _, bad := range []string{"src", "onerror", "onload", "style", "xlink:href"} {
		if got.attributes[bad] {
			t.Errorf("there is an attribute %s", bad)
		}
	}
	for _, r := range "\u202e\x1b\x00" {
		if strings.ContainsRune(page, r) {
			t.Errorf("the page holds %q", r)
		}
	}
	for _, ref := range regexp.MustCompile(`(?:href=|url\(|https?://|@import)[^ >]{0,40}`).FindAllString(harmless, -1) {
		if !strings.HasPrefix(ref, `href="#`) && ref != "http://www.w3.org/2000/svg\"," {
			t.Errorf("the page refers to %s", ref)
		}
	}
	if !strings.Contains(page, `default-src &#39;none&#39;; style-src &#39;sha256-`) || strings.Contains(page, "unsafe-inline") {
		t.Error("the policy allows more than the page's own style and script")
	}
}

// TestItemsEmbedded reads the items as the script does and holds them against the
// records.
func TestItemsEmbedded(t *testing.T) {
	d := two(t, 40, hostile)
	page, _ := render(t, d)
	p := take(t, page)
	var x index
	unpack(t, p.index, &x)
	if len(x.Items) != len(d.Run.Records) {
		t.Fatalf("%d items, want %d", len(x.Items), len(d.Run.Records))
	}
	chunks := make([][]map[string]any, len(p.chunks))
	for i := range chunks {
		unpack(t, p.chunks[i], &chunks[i])
	}
	records := map[string]*eval.Record{}
	for i := range d.Run.Records {
		records[visible.Text(d.Run.Records[i].Task+" "+d.Run.Records[i].Item)] = &d.Run.Records[i]
	}
	right := 0
	for _, row := range x.Items {
		item := chunks[row[2]][row[3]]
		r := records[x.Tasks[row[0]].Name+" "+item["i"].(string)]
		if r == nil {
			t.Fatalf("no record is called %q", item["i"])
		}
		delete(records, x.Tasks[row[0]].Name+" "+item["i"].(string))
		if item["p"] != visible.Text(r.Prompt) || item["a"].(map[string]any)["t"] != visible.Text(r.Answer) {
			t.Fatalf("%q is shown as %q", r.Prompt, item["p"])
		}
		if (row[4] == isRight) != (r.Verdict.Right && r.Error == "") || row[5] < 0 || item["b"] == nil {
			t.Errorf("%s: verdicts %d and %d", r.Item, row[4], row[5])
		}
		if row[4] == isRight {
			right++
		}
		if r.Section != "" && x.Sections[row[1]] != visible.Text(r.Section) {
			t.Errorf("%s is in section %q", r.Item, x.Sections[row[1]])
		}
	}
	if len(records) > 0 || right == 0 {
		t.Errorf("%d records are not shown, %d are right", len(records), right)
	}
}

// TestBound: a file that would be too large shows the first items of each task, as
// many of each, and says so.
func TestBound(t *testing.T) {
	d := &Data{Run: invented(400, 0.4, "m", ""), MaxBytes: 100_000}
	page, _ := render(t, d)
	p := take(t, page)
	size := 0
	for _, c := range p.chunks {
		size += len(c)
	}
	if size > 100_000 || size < 50_000 {
		t.Errorf("items take %d bytes of 100000", size)
	}
	var x index
	unpack(t, p.index, &x)
	of := map[int]int{}
	for _, row := range x.Items {
		of[row[0]]++
	}
	if len(of) != 4 || len(x.Items) >= 1600 || len(x.Items) == 0 {
		t.Fatalf("%d items of tasks %v", len(x.Items), of)
	}
	for _, n := range of {
		if n < of[0]-maxChunkItems || n > of[0]+maxChunkItems {
			t.Errorf("the tasks show unequal numbers of items: %v", of)
		}
	}
	if !strings.Contains(p.text, "of 1,600 answers, the first of each task") {
		t.Error("the page does not say that items are left out")
	}
	// What is too long is shortened and says so.
	d = &Data{Run: invented(2, 0.4, "m", strings.Repeat("long… ", 20_000))}
	page, _ = render(t, d)
	var items []map[string]any
	unpack(t, take(t, page).chunks[0], &items)
	if got := items[0]["p"].(string); len(got) > 2*maxText || !strings.Contains(got, "bytes are left out here") || strings.Contains(got, "\ufffd") {
		t.Errorf("a prompt takes %d bytes", len(got))
	}
}

// TestNumbers: what the page says is what the result says.
func TestNumbers(t *testing.T) {
	d := two(t, 120, "")
	page, markdown := render(t, d)
	text := take(t, page).text
	for _, c := range d.Comparison.Tasks {
		if c.Skipped != "" {
			continue
		}
		share := !c.Lower
		for _, want := range []string{signed(c.Difference.Value, share), signedBounds(c.Difference, share)} {
			if !strings.Contains(text, want) || !strings.Contains(markdown, want) {
				t.Errorf("%s: no difference %s", c.Task, want)
			}
		}
	}
	for _, run := range []*eval.Finished{d.Run, d.Other} {
		for _, r := range run.Result.Tasks {
			if r.Skipped != "" {
				continue
			}
			m := r.Headline
			for _, want := range []string{score(m.Estimate.Value, isShare(m)), bounds(m.Estimate, isShare(m)), r.Title} {
				if !strings.Contains(text, want) || !strings.Contains(markdown, want) {
					t.Errorf("%s: no %s", r.Task, want)
				}
			}
		}
	}
	for _, want := range []string{"86.4%", "GPT-3.5", "arXiv:2303.08774", "not available", "4 found", "polymath 0.6"} {
		if want != "4 found" && (!strings.Contains(text, want) || !strings.Contains(markdown, want)) {
			t.Errorf("no %q", want)
		}
	}
}

// TestNotChecked: what nobody looked for is not called clean.
func TestNotChecked(t *testing.T) {
	page, markdown := render(t, &Data{Run: invented(20, 0.4, "m", "")})
	for name, text := range map[string]string{"page": take(t, page).text, "markdown": markdown} {
		if !strings.Contains(text, "Not checked") || !strings.Contains(text, "no lineage") || strings.Contains(strings.ToLower(text), "clean") {
			t.Errorf("the %s says of contamination: %.200q", name, text)
		}
	}
}

// TestOdd: reports of runs with nothing, or odd numbers, in them.
func TestOdd(t *testing.T) {
	empty := &eval.Finished{Result: &eval.Result{}}
	lone := invented(1, 0.4, "m", "")
	odd := invented(5, 0.4, "m", "")
	odd.Records[0].Choices[0].Logprob = math.Inf(-1)
	odd.Records[1].Confidence = new(math.NaN())
	odd.Records[2].Prompt, odd.Records[2].Answer = "\xff\xfe", "\xe2\x82"
	odd.Result.Tasks[1].Metrics = nil
	odd.Result.Tasks[2].Headline.Estimate = stat.Estimate{}
	unlike := invented(7, 0.5, "m", "")
	unlike.Result.Tasks = unlike.Result.Tasks[1:]
	for name, d := range map[string]*Data{
		"empty": {Run: empty}, "empty against empty": {Run: empty, Other: empty, Comparison: &eval.Comparison{}},
		"one item": {Run: lone}, "odd": {Run: odd}, "different tasks": {Run: odd, Other: unlike, Comparison: &eval.Comparison{}},
	} {
		page, markdown := render(t, d)
		text := take(t, page).text
		for _, bad := range []string{"NaN", "Inf", "%!", "<nil>"} {
			if strings.Contains(text, bad) || strings.Contains(markdown, bad) {
				t.Errorf("%s: the report says %s", name, bad)
			}
		}
	}
}

// TestNoVerdict: a task without one verdict has no score, and is not compared.
func TestNoVerdict(t *testing.T) {
	d := two(t, 40, "")
	for i := range d.Run.Records {
		if r := &d.Run.Records[i]; r.Task == "gsm8k_test" {
			r.Error, r.Verdict = "there is no judge", task.Verdict{}
		}
	}
	eval.Summarize(d.Run.Result, d.Run.Records)
	d.Run.Result.Exams = exam.Results(exam.All(), d.Run.Result)
	var err error
	if d.Comparison, err = eval.Compare(d.Run, d.Other); err != nil {
		t.Fatal(err)
	}
	page, markdown := render(t, d)
	if !strings.Contains(page, "no answer of base has a verdict") || !strings.Contains(markdown, "no answer of base has a verdict") {
		t.Error("the task is compared")
	}
	d.Other, d.Comparison = nil, nil
	page, markdown = render(t, d)
	for name, text := range map[string]string{"page": page, "markdown": markdown} {
		for _, bad := range []string{"| 0.0% (", ">0.0%"} {
			if strings.Contains(text, bad) {
				t.Errorf("the %s has a score of %q", name, bad)
			}
		}
	}
	if !strings.Contains(markdown, "| – (no verdict) |") {
		t.Errorf("%.1500s", markdown)
	}
}

// TestMarkdownSays: what one who guesses would score, and nothing twice.
func TestMarkdownSays(t *testing.T) {
	run := invented(1200, 0.4, "/a/run/model", "")
	run.Result.Subject.Card = append(run.Result.Subject.Card,
		eval.CardLine{Name: "name", Value: "model"}, eval.CardLine{Name: "window", Value: "2,048 tokens"})
	page, markdown := render(t, &Data{Run: run})
	for _, want := range []string{
		"# a/run/model: invented\n", "| task | score | chance | items |", "| section | score | chance | items |", "| 25.0% | 1,200 |",
	} {
		if !strings.Contains(markdown, want) {
			t.Errorf("no %q in %.900s", want, markdown)
		}
	}
	seen := map[string]bool{}
	for _, line := range strings.Split(markdown, "\n") {
		name, _, pair := strings.Cut(line, ": ")
		if pair && strings.HasPrefix(line, "- ") && seen[name] {
			t.Errorf("%q is said twice", name)
		}
		seen[name] = true
	}
	if !strings.Contains(page, "<title>a/run/model: invented</title>") || !strings.Contains(page, "4,800 answers") {
		t.Error("the title does not name the suite, or the answers are not counted")
	}
}

// TestMarkdown: tables have as many cells in each row, and no text is markup.
func TestMarkdown(t *testing.T) {
	_, markdown := render(t, two(t, 40, hostile))
	cells := -1
	plain := regexp.MustCompile(`\\.`)
	for _, line := range strings.Split(markdown, "\n") {
		bare := plain.ReplaceAllString(line, "")
		if strings.ContainsAny(bare, "<>`") {
			t.Errorf("markup in %q", line)
		}
		if !strings.HasPrefix(line, "|") {
			cells = -1
			continue
		}
		if n := strings.Count(bare, "|"); cells >= 0 && n != cells {
			t.Errorf("%d bars in a table of %d: %q", n, cells, line)
		} else {
			cells = n
		}
	}
	for _, r := range "\u202e\x1b\x00" {
		if strings.ContainsRune(markdown, r) {
			t.Errorf("it holds %q", r)
		}
	}
}

// TestSame: the same run gives the same bytes.
func TestSame(t *testing.T) {
	a, am := render(t, two(t, 40, ""))
	b, bm := render(t, two(t, 40, ""))
	if a != b || am != bm {
		t.Error("two reports of the same runs differ")
	}
}

// TestWrite: whatever operation of the disk fails, each file is the old one or the new
// one, and a failure is reported.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	old, fresh := &Data{Run: invented(5, 0.4, "m", "")}, &Data{Run: invented(6, 0.4, "m", "")}
	read := func() [2]string {
		t.Helper()
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		markdown, err := os.ReadFile(MarkdownPath(path))
		if err != nil {
			t.Fatal(err)
		}
		return [2]string{string(page), string(markdown)}
	}
	var want [2][2]string
	for i, d := range []*Data{old, fresh} {
		if err := Write(path, d); err != nil {
			t.Fatal(err)
		}
		want[i] = read()
	}
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if err := Write(path, old); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for op := range disk.Ops() {
		disk.Reset()
		disk.FailOp(op, syscall.ENOSPC)
		err := Write(path, fresh)
		got := read()
		for i := range got {
			if got[i] != want[0][i] && got[i] != want[1][i] {
				t.Fatalf("operation %d: %v: file %d is neither the old nor the new one", op, err, i)
			}
		}
		if err != nil {
			failed++
		} else if got != want[1] {
			t.Errorf("operation %d: no error, and the files are not the new ones", op)
		}
		disk.Reset()
		if err := Write(path, old); err != nil {
			t.Fatal(err)
		}
	}
	if failed == 0 {
		t.Error("no failure was reported")
	}
}

func TestNames(t *testing.T) {
	for _, c := range [][4]string{
		{"/a/b/run/model", "", "b/run/model", ""},
		{"/a/base", "", "base", ""},
		{"model", "", "model", ""},
		{"/a/base", "/b/aligned", "base", "aligned"},
		{"/a/x/model", "/a/y/model", "x/model", "y/model"},
		{"m", "m", "m (A)", "m (B)"},
		{"/m", "m", "/m", "m"},
		{"x/m", "m", "x/m", "m"},
		{"", "gpt", "model", "gpt"},
	} {
		d := &Data{Run: &eval.Finished{Result: &eval.Result{Subject: eval.SubjectInfo{Name: c[0]}}}}
		want := []string{c[2]}
		if c[1] != "" {
			d.Other = &eval.Finished{Result: &eval.Result{Subject: eval.SubjectInfo{Name: c[1]}}}
			want = append(want, c[3])
		}
		if got := names(d); !slices.Equal(got, want) {
			t.Errorf("%q and %q are called %q, want %q", c[0], c[1], got, want)
		}
	}
}
