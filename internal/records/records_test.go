package records

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
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

// show writes rows as "stem number place: content".
func show(t *testing.T, path string, o Options) (rows []string, err error) {
	err = Read(path, o, func(r Row) error {
		content := []byte(r.Text)
		if r.Fields != nil {
			content, _ = json.Marshal(r.Fields)
		}
		rows = append(rows, fmt.Sprintf("%s %d %s: %s", r.Stem(), r.Number, r.Place(), content))
		if r.File != path || !strings.HasPrefix(r.Where(), path+": ") {
			t.Errorf("%q is not of %s", r.Where(), path)
		}
		return nil
	})
	return rows, err
}

func TestRead(t *testing.T) {
	const lines = "\uFEFF" + `{"q": 1.50, "l": [null, true]}` + "\n\n \n" + `"text"` + "\r\n"
	want := []string{`a 0 line 1: {"l":[null,true],"q":1.50}`, `a 1 line 4: text`}
	for _, c := range []struct {
		file, source string
		o            Options
		want         []string
	}{
		{"a.jsonl", lines, Options{}, want},
		{"a.ndjson.GZ", gzipped(lines), Options{}, want},
		{"a.jsonl.zst", zstandard(lines), Options{}, want},
		{"a.bin", lines, Options{Format: "jsonl"}, want},
		{"a.json", "\uFEFF" + `[{"x": 10000000000000000001}, "t"]`, Options{}, []string{`a 0 item 0: {"x":10000000000000000001}`, `a 1 item 1: t`}},
		{"a.json", `{"d": {"rows": [{"x": "y"}]}}`, Options{Items: "d.rows"}, []string{`a 0 item 0: {"x":"y"}`}},
		{"a.json", `{"b": 2, "a": "x"}`, Options{Format: "entries"}, []string{`a 0 item 0: {"key":"a","value":"x"}`, `a 1 item 1: {"key":"b","value":2}`}},
		{"a.txt", "\ufeff\nOne.\n\nTwo.\n", Options{Format: "whole"}, []string{"a 0 line 1: One.\n\nTwo."}},
		{"a.txt", " \n", Options{Format: "whole"}, nil},
		{"a.json", `{"d": {"b": 2}}`, Options{Format: "entries", Items: "d"}, []string{`a 0 item 0: {"key":"b","value":2}`}},
		{"a.csv", "\uFEFFq,r\n\"x,\ny\",1\nz,2,3\n", Options{Column: "c"}, []string{`a 0 line 2: {"q":"x,\ny","r":"1"}`, `a 1 line 4: {"c3":"3","q":"z","r":"2"}`}},
		{"a.tsv", "x\t\"1\ny\"\n", Options{NoHeader: true}, []string{`a 0 line 1: {"1":"x","2":"1\ny"}`}},
		{"a.txt", "\n\none\nmore\n \n\n two", Options{}, []string{"a 0 line 3: one\nmore\n", "a 1 line 7:  two\n"}},
		{"a.zip", zipped(t, "d/c.csv", "h\n2\n", "d/b.txt", "x", "readme", "?"), Options{}, []string{"b 0 line 1: x\n", `c 0 line 2: {"h":"2"}`}},
		{"a.zip", zipped(t, "d/c.txt", "y", "d/b.txt", "x", "e/f.txt", "z"), Options{Members: "d/*"}, []string{"b 0 line 1: x\n", "c 0 line 1: y\n"}},
		{"a.csv", "q,r\nx,\"y\nz\"\n\n", Options{}, []string{`a 0 line 2: {"q":"x","r":"y\nz"}`}},
		{"a.csv", "q,r\nx,a \"y\n", Options{}, []string{`a 0 line 2: {"q":"x","r":"a \"y"}`}},
		{"a.csv", "q,,\nx,y,z\n", Options{}, []string{`a 0 line 2: {"":"z","q":"x"}`}},
		{"a.jsonl", "", Options{}, nil},
	} {
		got, err := show(t, write(t, c.file, c.source), c.o)
		for i := range got {
			if c.file == "a.txt" && i == len(got)-1 || c.file == "a.zip" {
				got[i] = strings.TrimRight(got[i], "\n")
			}
		}
		for i := range c.want {
			if c.file == "a.txt" && i == len(c.want)-1 || c.file == "a.zip" {
				c.want[i] = strings.TrimRight(c.want[i], "\n")
			}
		}
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("%s %+v: %v\n%s", c.file, c.o, err, diff)
		}
	}
}

func TestReadErrors(t *testing.T) {
	for _, c := range []struct {
		file, source string
		o            Options
		want         string
	}{
		{"a.jsonl", "{}\n\n{", Options{}, "line 3: it is no JSON"},
		{"a.jsonl", "{}\n[1]", Options{}, "line 2: it is neither an object nor a text"},
		{"a.jsonl", "{} {}", Options{}, "line 1: something follows"},
		{"a.jsonl", "{}\n" + strings.Repeat(" ", MaxRow+2), Options{}, "line 2 has more than"},
		{"a.txt", "\n" + strings.Repeat("x", MaxRow), Options{}, "line 2 begins a paragraph"},
		{"a.json", "[{}, 1]", Options{}, "item 1: it is neither"},
		{"a.json", `{"b": 1, "a": []}`, Options{}, "set items to the key of the list, of a, b"},
		{"a.json", `[1]`, Options{Format: "entries"}, "it is no object"},
		{"a.txt", "One.\n\xff", Options{Format: "whole"}, "line 2"},
		{"a.txt", strings.Repeat("x", MaxRow+1), Options{Format: "whole"}, "a text of more than"},
		{"a.json", `{"b": 1}`, Options{Format: "entries", Items: "b.c"}, "it is no object"},
		{"a.json", `{"b": 1}`, Options{Items: "b.c"}, `there is no list at items "b.c"`},
		{"a.jsonl", "[\n{}\n]\n", Options{}, "line 1: it is no JSON: unexpected EOF: for a list over several lines set format to json"},
		{"a.jsonl", "{}\n{\"n\": \"Per\xfa\"}\n", Options{}, "line 2: it is not UTF-8: convert the file"},
		{"a.json", "[{},\n{\"n\": \"Per\xfa\"}]", Options{}, "line 2: it is not UTF-8: convert the file"},
		{"a.json", "{\"n\": \"" + strings.Repeat("ú", 5000) + "\xc3", Options{Format: "entries"}, "line 1: it is not UTF-8"},
		{"a.csv", "n,m\n\"x\ny\",Per\xfa\n", Options{}, "line 3: it is not UTF-8: convert the file"},
		{"a.tsv", "n\xfa\tm\n", Options{}, "line 1: it is not UTF-8"},
		{"a.txt", "x\n\nPer\xfa\n", Options{}, "line 3: it is not UTF-8"},
		{"a.csv", "n,m,n\n1,2,3\n", Options{}, `line 1: two columns are called "n"`},
		{"a.csv", "n,m\nbob,3\n\"ann,5\nsue,7\n", Options{}, `line 3: a quote begins here and does not end`},
		{"a.tsv", "x\t\"1\ny\n", Options{NoHeader: true}, `line 1: a quote begins here and does not end`},
		{"a.data", "x", Options{}, "set format to one of jsonl"},
		{"a.data", "x", Options{Format: "xml"}, `no format "xml"`},
		{"a.jsonl.gz", "x", Options{}, "EOF"},
		{"a.jsonl.zst", "xxxx", Options{}, "magic"},
		{"a.zip", "x", Options{}, "zip"},
		{"a.zip", zipped(t, "readme", "x"), Options{}, "no file in it matches"},
		{"a.zip", zipped(t, "b.jsonl", "{"), Options{}, "b.jsonl: line 1: it is no JSON"},
		{"a.zip", zipped(t, "b.jsonl", "{"), Options{Members: "["}, "no pattern"},
	} {
		if _, err := show(t, write(t, c.file, c.source), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.file, err, c.want)
		}
	}
	stop := errors.New("stop")
	seen := 0
	err := Read(write(t, "a.jsonl", "{}\n{}\n{}\n"), Options{}, func(r Row) error {
		if seen++; r.Number == 1 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || err.Error() != "line 2: stop" || seen != 2 {
		t.Errorf("%v after %d", err, seen)
	}
	if err := Read(filepath.Join(t.TempDir(), "none.jsonl"), Options{}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe.jsonl") // that nobody writes to
	if err := syscall.Mkfifo(pipe, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Read(pipe, Options{}, nil); err == nil || err.Error() != "not a regular file" {
		t.Error(err)
	}
}

func TestUnpackedLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("unpacks a gibibyte")
	}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	blank := []byte(strings.Repeat(strings.Repeat(" ", 1023)+"\n", 1<<10))
	for range MaxFile/len(blank) + 1 {
		_, _ = w.Write(blank)
	}
	_ = w.Close()
	if _, err := show(t, write(t, "a.jsonl.gz", b.String()), Options{}); err == nil || !strings.Contains(err.Error(), "bytes unpacked") {
		t.Error(err)
	}
}

func TestMatch(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.x", "a.x", "c.y"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Match([]string{filepath.Join(dir, "*"), filepath.Join(dir, "a.x")})
	if err != nil || len(got) != 3 || filepath.Base(got[0]) != "a.x" || filepath.Base(got[2]) != "c.y" {
		t.Error(got, err)
	}
	for _, pattern := range []string{filepath.Join(dir, "z*"), "["} {
		if _, err := Match([]string{pattern}); err == nil {
			t.Errorf("%s matches", pattern)
		}
	}
}

// FuzzRead says that rows hold no more than their source, and are numbered.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"q": "one", "choices": ["a", "b"], "gold": 1}`), uint8(0))
	f.Add([]byte(`[{"q": "x"}, {"q": {"r": null}}, "t"]`), uint8(1))
	f.Add([]byte("q,a\n\"x, y\",1\n"), uint8(2))
	f.Add([]byte("q\ta\nx\ty\tz\n"), uint8(3))
	f.Add([]byte("one\n\ntwo"), uint8(4))
	f.Fuzz(func(t *testing.T, source []byte, format uint8) {
		size, next := 0, 0
		r := reader{file: "f", each: func(row Row) error {
			if row.Number != next {
				t.Fatalf("row %d is numbered %d", next, row.Number)
			}
			next++
			for _, value := range row.Fields {
				if text, ok := value.(string); ok {
					size += len(text)
				}
			}
			size += len(row.Text)
			return nil
		}}
		_ = r.read(Formats[int(format)%len(Formats)], bytes.NewReader(source))
		if size > 3*len(source)+1 { // JSON may write a byte that is no UTF-8 as three
			t.Fatalf("%d bytes of rows in %d", size, len(source))
		}
	})
}

func TestReadFrom(t *testing.T) {
	var got []string
	err := ReadFrom("dir/a.csv.gz", strings.NewReader(gzipped("b,a\n1,2\n3,4\n")), Options{}, func(r Row) error {
		got = append(got, fmt.Sprint(r.Where(), r.Columns, r.Fields["b"]))
		return nil
	})
	want := []string{"dir/a.csv.gz: line 2[b a]1", "dir/a.csv.gz: line 3[b a]3"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
