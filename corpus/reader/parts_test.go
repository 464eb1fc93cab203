package reader

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// TestParts: the parts of a long file make up the file, each ends at the end of a
// line or of a character, and reading can go on at each.
func TestParts(t *testing.T) {
	var lines strings.Builder
	for i := 0; lines.Len() < 30000; i++ {
		fmt.Fprintf(&lines, "line %d\n", i)
	}
	lines.WriteString(strings.Repeat("é€😀", 2000) + "\nthe end") // longer than a part
	text := lines.String()
	for name, content := range map[string][]byte{
		"a.txt": []byte(text), "b.md": []byte(text), "c.go": []byte(text), "d.txt.gz": gz([]byte(text[:20000]), []byte(text[20000:])), "e.txt.zst": zst(t, []byte(text)),
	} {
		var joined strings.Builder
		all := checkResume(t, file(t, name, content), Options{Part: 4096})
		for i, r := range all {
			joined.WriteString(r.Content)
			if len(r.Content) > 4096 || !utf8.ValidString(r.Content) || r.Origin.Record != int64(i) {
				t.Errorf("%s: part %d is record %d of %d bytes", name, i, r.Origin.Record, len(r.Content))
			}
		}
		if joined.String() != text {
			t.Errorf("%s: the parts are not the file", name)
		}
	}
}

// TestWholeParts: no part is empty, and what cannot be cut is not.
func TestWholeParts(t *testing.T) {
	exact := strings.Repeat("0123456\n", 512)
	if all := checkResume(t, file(t, "a.txt", []byte(exact)), Options{Part: 4096}); len(all) != 1 || all[0].Content != exact {
		t.Errorf("%d records", len(all))
	}
	if all := checkResume(t, file(t, "a.txt", []byte(exact+exact)), Options{Part: 4096}); len(all) != 2 {
		t.Errorf("%d records", len(all))
	}
	wide := []byte("\xff\xfe")
	for _, u := range utf16.Encode([]rune(strings.Repeat("Zeile\n", 2000))) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	if all := checkResume(t, file(t, "a.txt", wide), Options{Part: 4096}); len(all) != 1 || all[0].Content != string(wide) {
		t.Errorf("%d records of UTF-16", len(all))
	}
	if all := checkResume(t, file(t, "a.txt", wide), Options{Part: 4096, MaxRecord: 8192}); len(all) != 1 || all[0].Bad == "" {
		t.Errorf("%+v", all)
	}
}
