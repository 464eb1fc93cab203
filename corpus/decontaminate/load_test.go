package decontaminate

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/polymath-lm/polymath/internal/records"
)

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

func zstandard(text string) string {
	w, _ := zstd.NewWriter(nil)
	return string(w.EncodeAll([]byte(text), nil))
}

func zipped(t *testing.T, members ...string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		w, err := z.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(members[i+1]))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLoadSet(t *testing.T) {
	const lines = `{"q": "one", "choices": ["a", "b"], "gold": 1, "stem": {"text": "deep", "x.y": 2}}` + "\n\n" + `{"q": "two", "choices": [], "gold": null}` + "\n"
	fields := Set{Fields: []string{"q", "choices", "gold", "stem.text"}}
	want := []string{"one\na\nb\n1\ndeep", "two\n\n\n"}
	for _, c := range []struct {
		name, file, source string
		set                Set
		want               []string
	}{
		{"lines", "a.jsonl", lines, fields, want},
		{"gzip", "a.jsonl.gz", gzipped(lines), fields, want},
		{"zstd", "a.jsonl.zst", zstandard(lines), fields, want},
		{"format given", "a.data", lines, Set{Fields: []string{"q"}, Format: "jsonl"}, []string{"one", "two"}},
		{"template", "a.jsonl", lines, Set{Template: "{Q}: {q}? {stem.x.y} {", Fields: nil}, nil},
		{"template", "a.jsonl", lines, Set{Template: "Q: {q}? {choices} { x }"}, []string{"Q: one? a\nb { x }", "Q: two?  { x }"}},
		{"list", "a.json", `[{"q": "x"}, {"q": "y"}]`, Set{Fields: []string{"q"}}, []string{"x", "y"}},
		{"texts", "a.json", `["x", "y"]`, Set{}, []string{"x", "y"}},
		{"below", "a.json", `{"data": {"examples": [{"q": "x"}]}}`, Set{Items: "data.examples", Fields: []string{"q"}}, []string{"x"}},
		{"csv", "a.csv", "q,a\n\"x, y\",1\nz,2\n", Set{Fields: []string{"q", "a"}}, []string{"x, y\n1", "z\n2"}},
		{"no header", "a.tsv", "x\t1\nz\t2\n", Set{Fields: []string{"2"}, NoHeader: true}, []string{"1", "2"}},
		{"text", "a.txt", "one\nmore\n\n\n two \n", Set{}, []string{"one\nmore\n", " two \n"}},
		{"zip", "a.zip", zipped(t, "val/b.csv", "2,x\n", "val/a.csv", "1,x\n", "readme", "?"), Set{Fields: []string{"1"}, NoHeader: true}, []string{"1", "2"}},
		{"members", "a.zip", zipped(t, "val/b.csv", "2,x\n", "dev/a.csv", "1,x\n"), Set{Fields: []string{"1"}, NoHeader: true, Members: "val/*"}, []string{"2"}},
		{"NFC", "a.txt", "e\u0301", Set{}, []string{"é"}},
	} {
		s := c.set
		s.Name, s.Files = "s", []string{write(t, c.file, c.source)}
		l, err := LoadSet(s)
		if c.want == nil {
			if err == nil {
				t.Errorf("%s: read %q", c.name, l.Items)
			}
			continue
		}
		for i := range l.Items {
			if c.file == "a.txt" && !strings.HasSuffix(c.want[i], "\n") {
				l.Items[i] = strings.TrimRight(l.Items[i], "\n")
			}
		}
		if err != nil || !slices.Equal(l.Items, c.want) {
			t.Errorf("%s: %q, %v", c.name, l.Items, err)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	for _, c := range []struct {
		file, source string
		set          Set
		want         string
	}{
		{"a.jsonl", "", Set{Fields: []string{"q"}}, "holds no items"},
		{"a.txt", "\n \n", Set{}, "holds no items"},
		{"a.csv", "q,a\n", Set{Fields: []string{"q"}}, "holds no items"},
		{"a.jsonl", `{"question": "x"}`, Set{Fields: []string{"query"}}, `no item has the field "query": the first has question`},
		{"a.jsonl", `{"question": ""}`, Set{Fields: []string{"question"}}, `no item has the field "question"`},
		{"a.jsonl", `{"question": "x"}`, Set{}, "set fields to what is taken of an item, of question"},
		{"a.jsonl", "{\"q\": 1}\n{", Set{Fields: []string{"q"}}, "line 2: it is no JSON"},
		{"a.jsonl", "[1]", Set{Fields: []string{"q"}}, "neither an object nor a text"},
		{"a.jsonl", `{"q": 1} {"q": 2}`, Set{Fields: []string{"q"}}, "something follows"},
		{"a.json", `{"examples": []}`, Set{Fields: []string{"q"}}, "set items to the key of the list, of examples"},
		{"a.json", `{"examples": []}`, Set{Fields: []string{"q"}, Items: "x"}, "no list at items"},
		{"a.data", "x", Set{}, "set format to one of"},
		{"a.jsonl.gz", "x", Set{}, "EOF"},
		{"a.zip", "x", Set{}, "zip"},
		{"a.zip", zipped(t, "readme", "x"), Set{}, "no file in it matches"},
	} {
		s := c.set
		s.Name, s.Files = "exam", []string{write(t, c.file, c.source)}
		_, err := LoadSet(s)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `"exam"`) {
			t.Errorf("%s %q: %v, want %s", c.file, c.source, err, c.want)
		}
	}
	if _, err := LoadSet(Set{Name: "exam", Files: []string{filepath.Join(t.TempDir(), "*.jsonl")}}); err == nil || !strings.Contains(err.Error(), "there is no file") {
		t.Errorf("no file: %v", err)
	}
}

// TestNewErrors says that sets which cannot be looked for are no success.
func TestNewErrors(t *testing.T) {
	short := Set{Name: "short", Files: []string{write(t, "a.txt", "too short\n\nthis too")}}
	for want, change := range map[string]func(*Options){
		"sets names no evaluation set":       func(o *Options) { o.Sets = nil },
		"none of its 2 items is long enough": func(o *Options) { o.Sets = []Set{short} },
		"two sets have the name":             func(o *Options) { o.Sets = []Set{short, short} },
		"sets[0].name is missing":            func(o *Options) { o.Sets = []Set{{Files: short.Files}} },
		"there is no rule":                   func(o *Options) { o.Rules = []string{"bloom"} },
		`rules: "ngram1" must be`:            func(o *Options) { o.Rules = []string{"ngram1"} },
		"rules names no rule":                func(o *Options) { o.Rules = nil },
		"min_length is 10":                   func(o *Options) { o.MinLength = 10 },
		"action is":                          func(o *Options) { o.Action = "cut" },
		"template and fields cannot both be given": func(o *Options) {
			o.Sets = []Set{{Name: "s", Files: short.Files, Template: "{a}", Fields: []string{"a"}}}
		},
	} {
		o := defaults(func(o *Options) { o.Sets = []Set{short} }, change)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if _, err := NewItems(nil, defaults()); err == nil {
		t.Error("no set is taken")
	}
}

// FuzzRecord says that items are not much longer than what they are made of.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"q": "one", "choices": ["a", "b"], "gold": 1}`))
	f.Add([]byte(`{"q": {"r": null, "s": ["x", {"y": 1e5}]}, "q.r": true}`))
	f.Fuzz(func(t *testing.T, source []byte) {
		row := records.Row{}
		d := json.NewDecoder(bytes.NewReader(source))
		d.UseNumber()
		if d.Decode(&row.Fields) != nil || row.Fields == nil {
			return
		}
		l := loader{set: &Set{Name: "s", Fields: []string{"q", "q.r"}}, have: make([]int, 2)}
		if err := l.record(row); err != nil {
			t.Fatal(err)
		}
		if len(l.items) != 1 || len(l.items[0]) > 16*len(source)+16 { // a key is taken at most twice, and NFC may lengthen a character
			t.Fatalf("%q of %q", l.items, source)
		}
	})
}
