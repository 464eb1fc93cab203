package corpus

import (
	"os"
	"path/filepath"
	"testing"
)

// TestNamesOfAnyBytes: names of files need not be UTF-8.
func TestNamesOfAnyBytes(t *testing.T) {
	dir := t.TempDir()
	f := newSmallFixture(t, filepath.Join(dir, "in"))
	for i, name := range []string{"bad\xff.txt", "bad\xfe.txt", "new\nline.txt", "esc\x1b[2J.txt"} {
		if err := os.WriteFile(f.path("text/"+name), []byte(prose(uint64(900+i), 200)), 0o666); err != nil {
			t.Skip(err) // not every system has such names
		}
	}
	r := parse(t, f.recipe(filepath.Join(dir, "out")))
	m := mustBuild(t, r)
	if n := m.Sources[0].Funnel; n.Read.Docs != 16 || n.Bad.Docs != 0 {
		t.Errorf("%d records, %d bad", n.Read.Docs, n.Bad.Docs)
	}
	mustBuild(t, r) // finds all files unchanged
	c, err := Open(r.Out)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	numbers, _, known, err := c.FindPlace(t.Context(), `bad\xff.txt`, -1)
	if err != nil || !known || len(numbers) != 1 {
		t.Errorf("%d documents, %v, %v", len(numbers), known, err)
	}
}
