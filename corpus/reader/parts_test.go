package reader

import (
	"bytes"
	"fmt"
	"slices"
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

// TestPartsWithZeros: a zero byte costs nothing beyond itself, wherever it is and
// however the file is read; content that is no text is not cut.
func TestPartsWithZeros(t *testing.T) {
	text := []byte(strings.Repeat("Zoë reads a line of some text.\n", 1000))
	for _, at := range []int{5, 4000, 10_007, len(text) - 3} {
		damaged := slices.Clone(text)
		damaged[at] = 0
		for name, content := range map[string][]byte{
			"a.txt": damaged, "b.txt.gz": gz(damaged[:at/2], damaged[at/2:at], damaged[at:]), "latin.txt": bytes.ReplaceAll(damaged, []byte("ë"), []byte{0xeb}),
		} {
			whole := content
			if strings.HasSuffix(name, ".gz") {
				whole = damaged
			}
			var joined strings.Builder
			all := checkResume(t, file(t, name, content), Options{Format: Text, Part: 4096, MaxRecord: 8192})
			for _, r := range all {
				joined.WriteString(r.Content)
				if len(r.Content) > 4096 || r.Bad != "" {
					t.Errorf("%s, zero at %d: a part of %d bytes, bad %q", name, at, len(r.Content), r.Bad)
				}
			}
			if joined.String() != string(whole) {
				t.Errorf("%s, zero at %d: the parts are not the file", name, at)
			}
		}
	}
	chinese := []byte{}
	for _, u := range utf16.Encode([]rune(strings.Repeat("孩子们走了很远的路才回到家里休息。外面下着雨，风也很大。\n", 500))) {
		chinese = append(chinese, byte(u), byte(u>>8))
	}
	for name, content := range map[string][]byte{"utf-16": chinese, "binary": bytes.Repeat([]byte("\x00\x01\xff\n"), 5000)} {
		if all := checkResume(t, file(t, "a", content), Options{Format: Text, Part: 4096}); len(all) != 1 || all[0].Content != string(content) {
			t.Errorf("%s: %d records", name, len(all))
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

// TestPartSize: unless it is given, a part is one of which all words are found.
func TestPartSize(t *testing.T) {
	for o, want := range map[*Options]int64{{}: 16 << 20, {MaxRecord: 1 << 20}: 1 << 20, {Part: 32 << 20}: 32 << 20} {
		if got := o.filled().Part; int64(got) != want {
			t.Errorf("%+v: %d", *o, got)
		}
	}
}
