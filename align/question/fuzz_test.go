package question

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRead reads anything as a file of each kind: it is read or an error, and what it
// says keeps the limits.
func FuzzRead(f *testing.F) {
	names := []string{"a.go", "a.md", "a.html", "a.csv", "a.tsv", "a.jsonl", "a.json", "a.parquet"}
	seeds, err := filepath.Glob("testdata/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range seeds {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for i := range names {
			f.Add(uint8(i), content)
		}
	}
	f.Add(uint8(0), []byte(goFile))
	f.Add(uint8(3), []byte(birds))
	f.Add(uint8(1), []byte("# A\n\nB.\n\n|a|b|\n|-|-|\n|c|d|\n|e|f|\n\nx\n: y\n\n- z\n  z\n\n~~~\n# q\n~~~\n"))
	f.Add(uint8(2), []byte("<h1>A</h1><h2>B</h2><p>C.<table><tr><th>a<th>b<tr><td>c<td>d<tr><td>e<td>f</table><dl><dt>x<dd>y</dl><nav>z"))
	f.Add(uint8(5), []byte(`{"term": "a", "definition": "b"}`))
	f.Add(uint8(6), []byte(`{"a": "b", "c": ["d"]}`))
	f.Fuzz(func(t *testing.T, kind uint8, content []byte) {
		s := &Sources{As: []As{AsFound, AsTable, AsDictionary}[int(kind)/len(names)%3], Limits: Limits{20, 40, 60}}
		c, err := newCollector(s)
		if err != nil {
			t.Fatal(err)
		}
		name := names[int(kind)%len(names)]
		if err := readers[readerOf(name)].read(c, []file{{path: name, name: name, content: content}}); err != nil {
			if !strings.HasPrefix(err.Error(), name) && !strings.HasPrefix(err.Error(), ".: ") {
				t.Errorf("an error without the file: %v", err)
			}
			return
		}
		checkSet(t, c.done(), s.Limits)
	})
}

// checkSet holds what all entries promise.
func checkSet(t *testing.T, s *Set, l Limits) {
	t.Helper()
	for _, e := range s.Entries() {
		if e.Subject == "" || e.Text == "" || length(e.Text) > l.Answer || length(e.Passage) > l.Passage {
			t.Errorf("%+v is beyond %+v", e, l)
		}
		if e.Passage != "" && !strings.Contains(e.Passage, e.Text) {
			t.Errorf("%q does not hold %q", e.Passage, e.Text)
		}
		if p := s.place(e.Kind, e.Within); p == nil {
			t.Errorf("%+v is of no place", e)
		}
	}
}

// FuzzDictd reads any index and any text.
func FuzzDictd(f *testing.F) {
	f.Add([]byte("wren\tA\tE\n"), []byte("wren\n"))
	f.Add([]byte("wren\tB\t////////\n"), []byte("wren\n a bird"))
	f.Fuzz(func(t *testing.T, index, text []byte) {
		s := &Sources{Limits: Limits{20, 40, 60}}
		c, err := newCollector(s)
		if err != nil {
			t.Fatal(err)
		}
		if readDictd(c, []file{{path: "a.index", name: "a.index", content: index}, {path: "a.dict", name: "a.dict", content: text}}) == nil {
			checkSet(t, c.done(), s.Limits)
		}
	})
}
