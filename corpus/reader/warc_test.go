package reader

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/polymath-lm/polymath/corpus/source"
	"pgregory.net/rapid"
)

// page is a record with a page.
func page(n int, body string) string {
	http := "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
	return fmt.Sprintf("WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a/%d\r\nContent-Type: application/http; msgtype=response\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", n, len(http), http)
}

// TestWARCDamage holds archives with one damage each: all sound records come
// out, and one that is bad.
func TestWARCDamage(t *testing.T) {
	a, b, c := page(1, "<p>one"), page(2, "<p>two"), page(3, "<p>three")
	for name, test := range map[string]struct{ content, bad string }{
		"garbage between":    {a + "garbage\r\nmore WARC/1.0 of it\r\n" + b + c, "30 bytes belong to no record"},
		"garbage before":     {"\x00\x01\x02\nWARC" + "\n" + a + b + c, "belong to no record"},
		"garbage at the end": {a + b + c + "tail", "4 bytes belong to no record"},
		"length too large":   {a + strings.Replace(b, "Content-Length: 50", "Content-Length: 80", 1) + c + b, "leads into another record"},
		"length beyond file": {a + b + c + strings.Replace(b, "Content-Length: 50", "Content-Length: 900", 1), "the file ends after 54 of its 900 bytes"},
		"length huge":        {a + strings.Replace(b, "Content-Length: 50", "Content-Length: 987654321", 1) + c + b, "it has 987654321 bytes, more than the 4000 of max_record"},
		"no length":          {a + b + c + strings.Replace(b, "Content-Length: 50\r\n", "", 1), "no Content-Length"},
		"length no number":   {a + strings.Replace(b, "Content-Length: 50", "Content-Length: five", 1) + b + c, `its length is "five"`},
		"no header end":      {a + b + c + "WARC/1.0\r\nWARC-Type: response", "the file ends in its header"},
		"version":            {a + b + c + strings.Replace(a, "WARC/1.0", "WARC/1.9", 1), `"WARC/1.9" is no version`},
		"cut in its header":  {a + b[:50] + "\r\n" + b + c, "another record begins in its header"},
		"too large":          {a + b + c + page(4, strings.Repeat("x", 5000)), "more than the 4000 of max_record"},
		"no http":            {a + b + c + strings.Replace(a, "HTTP/1.1 200", "PLOP/1.1 200", 1), "does not begin with the header of an HTTP answer"},
		"status":             {a + b + c + strings.Replace(a, "HTTP/1.1 200", "HTTP/1.1 2xx", 1), "no status line"},
		"encoding":           {a + b + c + strings.Replace(a, "Content-Type: text/html\r\n", "Content-Encoding: zip\r\n", 1), "content encoding"},
	} {
		for _, how := range []string{"plain", "gzip"} {
			content := []byte(test.content)
			if how == "gzip" {
				content = gz(content)
			}
			all := checkResume(t, file(t, "a.warc", content), Options{Format: WARC, MaxRecord: 4000})
			found, sound := "", ""
			for _, g := range all {
				if g.Bad != "" {
					found += g.Bad
				} else {
					sound += strings.TrimPrefix(g.Content, "<p>") + " "
				}
			}
			if !strings.Contains(found, test.bad) || strings.Count(found, test.bad) != 1 {
				t.Errorf("%s, %s: bad is %q, want %q", name, how, found, test.bad)
			}
			for _, want := range []string{"one ", "two ", "three "} {
				if !strings.Contains(sound, want) {
					t.Errorf("%s, %s: %s is missing in %q", name, how, want, sound)
				}
			}
		}
	}
}

// TestWARCManyHeads: headers that never end cost no more than their bytes.
func TestWARCManyHeads(t *testing.T) {
	const n = 1 << 20
	f := file(t, "a.warc", []byte(strings.Repeat("WARC/1.0\r\n", n)+page(1, "<p>one")))
	all, _, err := drain(t, f, Options{}, Position{})
	if err != nil {
		t.Fatal(err)
	}
	bad := 0
	for _, g := range all {
		if g.Bad != "" {
			bad++
		}
	}
	if bad != n {
		t.Errorf("%d bad records of %d", bad, n)
	}
}

// TestWARCTooShort holds a length that is too small: the record ends early and
// the rest is garbage, which is reported.
func TestWARCTooShort(t *testing.T) {
	content := page(1, "<p>one") + strings.Replace(page(2, "<p>two, longer"), "Content-Length: 58", "Content-Length: 50", 1) + page(3, "<p>three")
	all := checkResume(t, file(t, "a.warc", []byte(content)), Options{})
	if len(all) != 4 || all[2].Bad == "" || all[3].Content != "<p>three" {
		t.Errorf("%+v", all)
	}
}

// TestWARCMembers damages one byte of one member of an archive packed record by
// record: its record is bad or, at worst, missing between two that say so, and
// the others are there.
func TestWARCMembers(t *testing.T) {
	var parts [][]byte
	for i := range 3 {
		parts = append(parts, []byte(page(i, "<p>"+strings.Repeat(fmt.Sprint("text ", i, " "), 40+i))))
	}
	archive := gz(parts...)
	first, second := len(gz(parts[0])), len(gz(parts[1]))
	lost := 0
	for at := first; at < first+second; at++ {
		b := bytes.Clone(archive)
		b[at] ^= 0x55
		f := file(t, "a.warc.gz", b)
		all, places, err := drain(t, f, Options{}, Position{})
		if err != nil { // the damaged member goes on into the next, it says
			if lost++; len(all) == 0 || all[0].Content == "" || lost > second/8 {
				t.Fatalf("byte %d: %v", at-first, err)
			}
			continue
		}
		var sound []string
		bad := 0
		for _, g := range all {
			if g.Bad != "" {
				bad++
			} else if g.Skipped == "" {
				sound = append(sound, g.Meta["url"])
			}
		}
		flags := at-first >= 4 && at-first < 10 // time and system, which nothing depends on
		if want := []string{"http://a/0", "http://a/2"}; !flags && (bad == 0 || !slices.Equal(sound, want)) {
			t.Fatalf("byte %d: %d bad, sound %q", at-first, bad, sound)
		}
		for k, p := range places {
			rest, _, err := drain(t, f, Options{}, p)
			if diff := cmp.Diff(all[k+1:], rest, cmpopts.EquateEmpty()); err != nil || diff != "" {
				t.Fatalf("byte %d, from %+v: %v\n%s", at-first, p, err, diff)
			}
		}
	}
}

// TestWARCAnySplit packs an archive into members at random: the records stay.
func TestWARCAnySplit(t *testing.T) {
	var archive bytes.Buffer
	for i := range 20 {
		archive.WriteString(page(i, strings.Repeat(fmt.Sprint("<p>", i), i*50)))
	}
	want, _, err := drain(t, file(t, "a.warc", archive.Bytes()), Options{}, Position{})
	if err != nil || len(want) != 20 {
		t.Fatal(len(want), err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		var parts [][]byte
		rest := archive.Bytes()
		for len(rest) > 0 {
			n := rapid.IntRange(0, len(rest)).Draw(rt, "n")
			parts = append(parts, rest[:n])
			rest = rest[n:]
			if len(parts) == 8 {
				parts = append(parts, rest)
				break
			}
		}
		packed := gz(parts...)
		if rapid.Bool().Draw(rt, "zstd") {
			packed = zst(t, parts...)
		}
		f := file(t, "a.warc.gz", packed)
		all, places, err := drain(t, f, Options{}, Position{})
		if err != nil || len(all) != len(want) {
			rt.Fatalf("%d records, %v", len(all), err)
		}
		k := rapid.IntRange(1, len(places)).Draw(rt, "k")
		after, _, err := drain(t, f, Options{}, places[k-1])
		if diff := cmp.Diff(all[k:], after, cmpopts.EquateEmpty()); err != nil || diff != "" {
			rt.Fatalf("from %+v: %v\n%s", places[k-1], err, diff)
		}
		for i := range all {
			if all[i].Content != want[i].Content || all[i].Meta["url"] != want[i].Meta["url"] {
				rt.Fatalf("record %d: %+v", i, all[i])
			}
		}
	})
}

// TestRealArchives compares real web archives with what warcio reads of them.
func TestRealArchives(t *testing.T) {
	rows, err := os.ReadFile("testdata/real_golden.tsv")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]got{}
	index := map[string]int{}
	for line := range strings.Lines(string(rows)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		name := f[0]
		if files[name] == nil {
			files[name] = checkResume(t, data(t, "web_dolma_tests/warc/"+name), Options{})
		}
		i := index[name]
		index[name]++
		row := warcRow{Type: f[2], Status: f[3], ContentType: f[4], SHA256: f[5]}
		if _, err := fmt.Sscan(f[1], &row.Offset); err != nil {
			t.Fatal(err)
		}
		checkWARC(t, name, files[name][i], row, i)
	}
	for name, all := range files {
		if len(all) != index[name] {
			t.Errorf("%s: %d records, warcio reads %d", name, len(all), index[name])
		}
	}
}

// TestRealJSONL compares real JSONL with its packed copy.
func TestRealJSONL(t *testing.T) {
	for _, name := range []string{"cc_en_head-0091", "cc_en_head-0174"} {
		opt := Options{TextField: "content", MetaFields: []string{"url=url", "id"}}
		if all, _, _ := drain(t, data(t, "web_dolma_tests/multiple_files/"+name+".jsonl"), opt, Position{}); all[0].Bad != "" {
			opt.TextField = "text"
		}
		a := checkResume(t, data(t, "web_dolma_tests/multiple_files/"+name+".jsonl"), opt)
		b := checkResume(t, data(t, "web_dolma_tests/multiple_files/"+name+".jsonl.gz"), opt)
		if len(a) == 0 || len(a) != len(b) {
			t.Fatalf("%s: %d and %d records", name, len(a), len(b))
		}
		for i := range a {
			if a[i].Bad != "" || a[i].Content == "" || a[i].Content != b[i].Content {
				t.Errorf("%s: record %d: %+v and %+v", name, i, a[i], b[i])
			}
		}
	}
}

// data returns a file of the data archives.
func data(t testing.TB, name string) source.File {
	t.Helper()
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("needs the data archives: set POLYMATH_DATA to the directory that holds their content")
	}
	for _, path := range []string{filepath.Join(dir, name), filepath.Join(dir, "web", name)} {
		if _, err := os.Stat(path); err == nil {
			return listed(t, path)
		}
	}
	t.Skipf("%s is not in POLYMATH_DATA", name)
	return source.File{}
}
