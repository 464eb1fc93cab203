package corpus

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/extract/pdf"
	"github.com/polymath-lm/polymath/corpus/reader"
)

// stepFunc is a step of a function.
type stepFunc func(*document.Document)

func (s stepFunc) Name() string               { return "strange" }
func (s stepFunc) Apply(d *document.Document) { s(d) }
func (s stepFunc) ready() readyStep           { return readyStep{"strange", func() document.Step { return s }} }

func (s stepFunc) pipeline(n string) *pipeline {
	return &pipeline{name: n, steps: []readyStep{s.ready()}}
}

func textRecord(n int64, s string) *reader.Record {
	return &reader.Record{Origin: document.Origin{Source: "s", File: "f", Record: n}, Format: document.Text, Content: []byte(s)}
}

// TestPanicIsPutAside: a step that panics on one document costs that document.
func TestPanicIsPutAside(t *testing.T) {
	pool, err := pdf.New(1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	p := stepFunc(func(d *document.Document) {
		if strings.Contains(string(d.Text()), "poison") {
			_ = d.Cuts[len(d.Cuts)]
		}
	}).pipeline("p")
	src := &openSource{spec: &Source{Name: "s"}, named: p}
	in := &InputFile{Name: "f", Path: "f"}
	b := &batch{source: src}
	for i, text := range []string{"the first one", "some poison here", "the last one"} {
		b.items = append(b.items, item{file: in, record: textRecord(int64(i), text)})
	}
	r := (&shared{ctx: t.Context(), pdfs: pool}).newWorker().work(b)
	if r.funnel.Kept.Docs != 2 || r.funnel.Bad.Docs != 1 || string(r.texts) != "the first onethe last one" {
		t.Errorf("%+v %q", r.funnel, r.texts)
	}
	want := "f, record 1: a bug in the program: step strange: runtime error: index out of range [0] with length 0"
	if r.docs[1].bad != want {
		t.Errorf("got %q, want %q", r.docs[1].bad, want)
	}
	if got := strings.Count(string(r.lines), "\n"); got != 3 {
		t.Errorf("%d lines", got)
	}
}

// TestSamplesConceal: what the pipeline replaces is not in the samples, also where
// a document was dropped before it came to that.
func TestSamplesConceal(t *testing.T) {
	dir := t.TempDir()
	f := &fixture{dir: filepath.Join(dir, "in")}
	f.write(t, "kept.txt", "Write to somebody@posteo.net about it. "+prose(1, 40))
	f.write(t, "dropped.txt", "Write to nobody@posteo.net.")
	m := mustBuild(t, parse(t, `
out: `+filepath.ToSlash(filepath.Join(dir, "out"))+`
sources: [{name: a, path: `+filepath.ToSlash(f.dir)+`, pipeline: p}]
pipelines: {p: [length: {min_words: 20}, private]}
tokenizer: {train: {vocab_size: 260}}
`))
	samples := m.Sources[0].Samples
	if len(samples[keptKey]) != 1 || len(samples["length/min_words"]) != 1 {
		t.Fatalf("%v", samples)
	}
	for key, list := range samples {
		for _, s := range list {
			if strings.Contains(s.Before+s.After, "posteo.net") || !strings.Contains(s.Before, "Write to") {
				t.Errorf("%s: %q, %q", key, s.Before, s.After)
			}
		}
	}
}
