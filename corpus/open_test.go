package corpus

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

// TestOpen asks a corpus about all its documents.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	f := newFixture(t, filepath.Join(dir, "in"))
	m := mustBuild(t, parse(t, f.recipe(filepath.Join(dir, "out"))))
	c, err := Open(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	left, gone := map[string]int64{}, map[string]int{}
	count := 0
	err = c.Each(t.Context(), true, func(d *Found) error {
		count++
		if d.Gone != "" {
			gone[d.Gone]++
		} else if d.Record.Kept() {
			left[d.Source]++
			if got := document.FormatID(document.NewID(d.Text)); got != d.Record.Text {
				t.Errorf("document %d: the text has the id %s and not %s", d.Number, got, d.Record.Text)
			}
		}
		if d.Record.Bad != "" || d.Number%37 != 0 {
			return nil
		}
		id, err := document.ParseID(d.Record.ID)
		if err != nil {
			return err
		}
		numbers, err := c.Find(id)
		if err != nil {
			return err
		}
		if !slices.Contains(numbers, d.Number) {
			t.Errorf("document %d is not found by its id, but %v", d.Number, numbers)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if int64(count) != m.Documents {
		t.Errorf("%d documents of %d", count, m.Documents)
	}
	for _, s := range m.Sources {
		if left[s.Name] != s.After.Left.Docs {
			t.Errorf("source %s: %d documents are left, and %d are counted", s.Name, left[s.Name], s.After.Left.Docs)
		}
	}
	if gone[goneExact] == 0 || gone[goneNear] == 0 {
		t.Errorf("gone: %v", gone)
	}
	d, err := c.Document(t.Context(), uint32(m.Documents-1))
	if err != nil || d.Source != "pages" {
		t.Error(d, err)
	}
	if _, err := c.Document(t.Context(), uint32(m.Documents)); err == nil {
		t.Error("a document after the last was found")
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("an empty directory was opened")
	}
}
