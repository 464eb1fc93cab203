package reader

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// fuzzOne reads a file of any content: no panic, an end within seconds and
// within memory, and the same records when it is opened again in the middle.
func fuzzOne(t *testing.T, name string, content []byte, opt Options) {
	f := file(t, name, content)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := Open(ctx, f, opt, Position{})
	if err != nil {
		return
	}
	defer r.Close()
	var all []got
	var places []Position
	for range 200 {
		g, err2 := step(r)
		if err = err2; err != nil {
			break
		}
		all = append(all, g)
		places = append(places, r.Position())
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<30 {
		t.Fatalf("%d bytes make %d bytes of garbage", len(content), used)
	}
	if ctx.Err() != nil {
		t.Fatal("too slow")
	}
	if len(all) == 0 || len(all) == 200 {
		return
	}
	k := len(all) / 2
	rest, _, err2 := drain(t, f, opt, places[k])
	if diff := cmp.Diff(all[k+1:], rest, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("from %+v:\n%s", places[k], diff)
	}
	if (err == io.EOF) != (err2 == nil) {
		t.Fatalf("%v, and from %+v %v", err, places[k], err2)
	}
}

func seeds(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
}

func FuzzWARC(f *testing.F) {
	seeds(f, "pages.warc*")
	f.Add([]byte(page(1, "<p>one") + "garbage\nWARC/1.0\r\n" + page(2, "<p>two")))
	f.Add(gz([]byte(page(1, "<p>one")), []byte(page(2, "<p>two"))))
	f.Add([]byte("WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 99999999999999\r\n\r\nx"))
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzzOne(t, "a.warc", content, Options{Format: WARC, MaxRecord: 1 << 20})
	})
}

func FuzzHTTP(f *testing.F) {
	golden, err := os.ReadFile("testdata/pages.warc")
	if err != nil {
		f.Fatal(err)
	}
	for part := range bytes.SplitSeq(golden, []byte("\r\nHTTP/")) {
		f.Add(append([]byte("HTTP/"), part...))
	}
	f.Add([]byte("HTTP/1.1 200 OK\nContent-Encoding: br, gzip, deflate\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := &Record{Content: bytes.Clone(content), resolve: resolveHTTP}
		if err := r.Resolve(); err == nil && (len(r.Content) == 0 || r.Format == "") {
			t.Fatalf("%+v", r)
		}
	})
}

func FuzzJSONL(f *testing.F) {
	f.Add([]byte(`{"text":"one","url":"x"}` + "\n" + `{"text":"\ud83d\ude00","a":{"b":[1,{}]}}` + "\n\n[]\n"))
	f.Add(gz([]byte(`{"text":"one"}`+"\n"), []byte(`{"text":"two"}`)))
	f.Add([]byte("\ufeff{\"text\":" + strings.Repeat("[", 20000)))
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzzOne(t, "a.jsonl", content, Options{Format: JSONL, MaxRecord: 1 << 16, MetaFields: []string{"url", "c=a.b"}})
	})
}

func FuzzParquet(f *testing.F) {
	seeds(f, "*.parquet")
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzzOne(t, "a.parquet", content, Options{Format: Parquet, MetaFields: []string{"url", "metadata.license"}})
		fuzzOne(t, "a.parquet", content, Options{Format: Parquet})
	})
}

func FuzzAuto(f *testing.F) {
	seeds(f, "*.*")
	f.Add(zst(f, []byte("one"), []byte("two")))
	f.Add([]byte{0x50, 0x2a, 0x4d, 0x18, 255, 255, 255, 255})
	f.Add([]byte("\x1f\x8b\x08\x1f"))
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzzOne(t, "a", content, Options{MaxRecord: 1 << 20, MaxFile: 1 << 20})
	})
}
