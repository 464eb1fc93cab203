package dedup

import (
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/document"
)

// FuzzRemove takes every unit and every run out of a text: none that is long
// enough is left, and the cuts say how much went.
func FuzzRemove(f *testing.F) {
	for _, text := range []string{
		"", "\n\n\n", "One line.\nAnd (another) one.\n\n \nA paragraph, in 2 lines\r\nof words", "a\xff b\x80 c d e f g h", "x\u3000y 漢字かな e\u0301 \U0001f600 z 1 2 3",
	} {
		f.Add(text, 3)
	}
	f.Fuzz(func(t *testing.T, text string, least int) {
		if least < 4 || least > 100 {
			least = 4
		}
		for _, unit := range []string{UnitLines, UnitParagraphs} {
			l, err := NewLines(LineOptions{Unit: unit, MinLength: least, MaxRemoved: 1})
			if err != nil {
				t.Fatal(err)
			}
			w := l.Worker()
			removed(t, text, func(d *document.Document) []uint64 { return w.Hashes(nil, d) }, w.Remove)
		}
		s, err := NewSubstrings(SubstringOptions{MinWords: least, MaxRemoved: 1})
		if err != nil {
			t.Fatal(err)
		}
		w := s.Worker()
		removed(t, text, func(d *document.Document) []uint64 {
			fingers := w.Fingerprints(nil, d)
			slices.Sort(fingers)
			return w.Windows(nil, fingers, d)
		}, w.Remove)
	})
}

func removed(t *testing.T, text string, find func(*document.Document) []uint64, remove func(*document.Document, []uint64)) {
	d := (&item{text: text}).document()
	hashes := find(d)
	slices.Sort(hashes)
	remove(d, hashes)
	left := string(d.Text())
	if len(hashes) == 0 {
		if left != text || d.Cuts != nil || d.Drop != nil {
			t.Fatalf("%q becomes %q, and nothing repeats", text, left)
		}
		return
	}
	cut := 0
	for _, c := range d.Cuts {
		cut += int(c.Bytes)
	}
	if len(left)+cut != len(text) || cut == 0 || utf8.ValidString(text) && !utf8.ValidString(left) {
		t.Fatalf("%q becomes %q, and %d bytes were cut", text, left, cut)
	}
	if more := find(d); len(more) > 0 {
		t.Fatalf("%q becomes %q, with repeated parts", text, left)
	}
}
