package privacy

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

// inData returns the files of the data archives that match, whether they are
// unpacked side by side or each into a directory.
func inData(t testing.TB, dir, pattern string) []string {
	for _, p := range []string{filepath.Join(dir, pattern), filepath.Join(dir, "*", pattern)} {
		if files, _ := filepath.Glob(p); len(files) > 0 {
			return files
		}
	}
	t.Skipf("the data holds no %s", pattern)
	return nil
}

func sampleFiles(t testing.TB, dir string) []string {
	return append(inData(t, dir, "pt_novels/*")[:1], inData(t, dir, "pt_debian_docs/*.jsonl")[:6]...)
}

// TestNovels finds nothing private in novels, though they have numbers enough.
func TestNovels(t *testing.T) {
	for _, name := range inData(t, dataDir(t), "pt_novels/*.txt") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := worked(t, nil, string(text)); len(d.Cuts) > 0 {
			s := d.Cuts[0].Spans[0]
			t.Errorf("%s: %s: %q", name, d.Cuts[0].Reason, text[s[0]:s[0]+s[1]])
		}
	}
}

// TestDocumentation bounds what is found in 157 MB of manuals. All hits were read
// once: the counts are those of real addresses and numbers, and of the few that
// look like them, which are under 1 in 20 of the IP addresses.
func TestDocumentation(t *testing.T) {
	var o Options
	o.SetDefaults()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	w, total := r.Worker(), map[string]int{}
	for _, name := range inData(t, dataDir(t), "pt_debian_docs/*.jsonl") {
		for text := range texts(t, name) {
			var d document.Document
			d.Reset([]byte(text))
			w.Apply(&d)
			for _, c := range d.Cuts {
				total[c.Reason] += c.Count
			}
		}
	}
	t.Log(total)
	for name, n := range total {
		if most := map[string]int{Email: 6000, Phone: 200, IP: 160}[name]; n > most {
			t.Errorf("%d times %s, at most %d before", n, name, most)
		}
	}
}

// TestDolma compares the addresses found in dolma's own test documents with the
// spans that dolma keeps, those of score 0.5 and more. The one below it is
// ": @LearnonScreen", which is none.
func TestDolma(t *testing.T) {
	dir := dataDir(t)
	documents := map[string]string{}
	lines(t, inData(t, dir, "web_dolma_tests/provided/documents/*.gz")[0], func(line []byte) {
		var d struct{ ID, Text string }
		if err := json.Unmarshal(line, &d); err != nil {
			t.Fatal(err)
		}
		documents[d.ID] = d.Text
	})
	spans := 0
	lines(t, inData(t, dir, "web_dolma_tests/provided/attributes/pii/*.gz")[0], func(line []byte) {
		var a struct {
			ID         string
			Attributes struct {
				PII struct{ Email [][3]float64 }
			}
		}
		if err := json.Unmarshal(line, &a); err != nil {
			t.Fatal(err)
		}
		text, want := documents[a.ID], [][2]int(nil)
		for _, s := range a.Attributes.PII.Email {
			if s[2] >= 0.5 { // dolma counts characters
				at := len(string([]rune(text)[:int(s[0])]))
				want = append(want, [2]int{at, len(string([]rune(text)[int(s[0]):int(s[1])]))})
			}
		}
		var got [][2]int
		for _, c := range worked(t, func(o *Options) { o.Kinds = []string{Email} }, text).Cuts {
			got = append(got, c.Spans...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, dolma has %v", a.ID, got, want)
		}
		spans += len(want)
	})
	if spans != 3 {
		t.Errorf("%d spans", spans)
	}
}

func dataDir(t testing.TB) string {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("needs the data archives: set POLYMATH_DATA to the directory that holds their content")
	}
	return dir
}

func lines(t testing.TB, name string, line func([]byte)) {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if filepath.Ext(name) == ".gz" {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<28)
	for sc.Scan() {
		line(sc.Bytes())
	}
	if sc.Err() != nil {
		t.Fatal(sc.Err())
	}
}

func texts(t testing.TB, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		lines(t, name, func(line []byte) {
			var d struct{ Text string }
			if err := json.Unmarshal(line, &d); err != nil {
				t.Fatal(err)
			}
			yield(d.Text)
		})
	}
}
