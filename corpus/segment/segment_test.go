package segment

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

// testRecord makes a record; every third one was dropped.
func testRecord(i int) (Record, []byte, []uint64) {
	text := []byte(strings.Repeat(fmt.Sprintf("text %d\n", i), i*50))
	r := Record{
		ID:     document.FormatID(document.NewID([]byte{byte(i)})),
		Origin: document.Origin{Source: "web", File: "a.warc", Record: int64(i), Offset: int64(100 * i)},
		Format: document.HTML, Meta: map[string]string{"url": "https://example.com/", "title": "<T> & \u2028"},
		Language: "en", LanguageScore: 0.75, Quality: 0.5, Bytes: int64(2 * len(text)), TextBytes: int64(len(text)),
		Cuts: []document.Cut{{Step: "private", Reason: "email", Count: 2, Bytes: 20, Spans: [][2]int{{1, 10}}}},
	}
	if i%3 == 2 {
		r.Drop = &document.Drop{Filter: "gopher_quality", Rule: "min_words", Value: 3, Limit: 50}
		return r, nil, nil
	}
	r.Text = document.FormatID(document.NewID(text))
	return r, text, []uint64{uint64(i), 1 << 60}
}

func write(dir string, n int) (Hashes, error) {
	w, err := Create(dir, 7)
	if err != nil {
		return Hashes{}, err
	}
	defer w.Abort()
	for i := range n {
		r, text, bands := testRecord(i)
		line, err := r.AppendLine(nil)
		if err != nil {
			return Hashes{}, err
		}
		if err := w.Add(line, text, bands); err != nil {
			return Hashes{}, err
		}
	}
	return w.Commit()
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	hashes, err := write(dir, 40)
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify(dir, 7, hashes); err != nil {
		t.Error(err)
	}
	for _, parts := range []Parts{{Text: true, Bands: 2}, {Text: true}, {Bands: 2}, {}} {
		r, err := Open(dir, 7, parts)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 40 {
			var got Record
			text, bands, err := r.Next(&got)
			if err != nil {
				t.Fatal(err)
			}
			want, wantText, wantBands := testRecord(i)
			if !parts.Text {
				wantText = nil
			}
			if parts.Bands == 0 {
				wantBands = nil
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("record %d: %s", i, diff)
			}
			if string(text) != string(wantText) || !cmp.Equal(bands, wantBands) {
				t.Errorf("record %d: text of %d bytes and bands %v", i, len(text), bands)
			}
		}
		if _, _, err := r.Next(new(Record)); err != io.EOF {
			t.Errorf("after the last record: %v", err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestManyHits: the line of a document that holds very many evaluation items can be
// read again.
func TestManyHits(t *testing.T) {
	d := &document.Document{}
	d.Reset([]byte("text"))
	for i := range 300_000 {
		d.Hits = append(d.Hits, document.Hit{Set: "a set of some name", Item: 1000 + i/2, Rule: "ngram13"})
	}
	r := NewRecord(d, 4)
	dir := t.TempDir()
	w, err := Create(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	line, err := r.AppendLine(nil)
	if err == nil {
		err = w.Add(line, d.Text(), nil)
	}
	if err == nil {
		_, err = w.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	in, err := Open(dir, 1, Parts{Text: true})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var got Record
	if text, _, err := in.Next(&got); err != nil || string(text) != "text" || len(got.Hits) != maxHits {
		t.Errorf("%q, %d hits, error %v", text, len(got.Hits), err)
	}
}

func TestDamage(t *testing.T) {
	dir := t.TempDir()
	hashes, err := write(dir, 40)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{recordsKind, textKind, bandsKind} {
		path := fileName(dir, 7, kind)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 5, len(good) / 2, len(good) - 1} {
			if err := os.WriteFile(path, good[:n], 0o666); err != nil {
				t.Fatal(err)
			}
			if err := Verify(dir, 7, hashes); err == nil || !strings.Contains(err.Error(), filepath.Base(path)) {
				t.Errorf("%s cut to %d bytes: %v", kind, n, err)
			}
			if n := readAll(dir); n >= 40 && kind == recordsKind {
				t.Errorf("%s: all %d records read", kind, n)
			}
		}
		if err := os.WriteFile(path, good, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// readAll returns the number of records that can be read.
func readAll(dir string) int {
	r, err := Open(dir, 7, Parts{Text: true, Bands: 2})
	if err != nil {
		return 0
	}
	defer r.Close()
	for n := 0; ; n++ {
		if _, _, err := r.Next(new(Record)); err != nil {
			return n
		}
	}
}

func TestFailingDisk(t *testing.T) {
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if _, err := write(t.TempDir(), 10); err != nil {
		t.Fatal(err)
	}
	log := disk.Log()
	for op := range log {
		disk.FailOp(op, syscall.ENOSPC)
		dir := t.TempDir()
		if _, err := write(dir, 10); err != nil && !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: the error hides the disk's: %v", log[op], err)
		} else if err == nil && log[op] != "remove" {
			t.Errorf("%s %d failed unnoticed", log[op], op)
		}
		if _, err := os.Stat(fileName(dir, 7, recordsKind)); err == nil {
			if n := readAll(dir); n != 10 {
				t.Errorf("%d records of a segment that looks complete", n)
			}
		}
	}
}
