package reader

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/polymath-lm/polymath/corpus/source"
)

// flaky serves files and breaks every transfer after some bytes.
type flaky struct {
	content []byte
	at      int
	gone    atomic.Bool
}

func (s *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.gone.Load() {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.Header().Set("ETag", `"1"`)
	if r.Method == http.MethodGet {
		w = &cut{w, s.at}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.content))
}

type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	if len(p) > c.left {
		_, _ = c.ResponseWriter.Write(p[:c.left])
		panic(http.ErrAbortHandler)
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

// TestRemote reads files over connections that break all the time.
func TestRemote(t *testing.T) {
	var pages []string
	for i := range 60 {
		pages = append(pages, page(i, strings.Repeat("<p>words "+strings.Repeat("x", i), 100)))
	}
	archive := []byte(strings.Join(pages, ""))
	table, err := os.ReadFile("testdata/snappy-v1.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]*flaky{
		"a.warc": {content: archive, at: 100_000}, "a.warc.gz": {content: gz([]byte(pages[0]), archive), at: 10_000},
		"a.parquet": {content: table, at: 1 << 20},
	} {
		srv := httptest.NewServer(s)
		f := listed(t, srv.URL+"/"+name)
		want, _, err := drain(t, file(t, name, s.content), Options{}, Position{})
		if err != nil {
			t.Fatal(err)
		}
		all, places, err := drain(t, f, Options{}, Position{})
		if err != nil {
			t.Fatal(err)
		}
		half := len(all) / 2
		rest, _, err := drain(t, f, Options{}, places[half-1])
		if diff := cmp.Diff(all[half:], rest); err != nil || diff != "" {
			t.Errorf("%s from %+v: %v\n%s", name, places[half-1], err, diff)
		}
		for i := range want {
			want[i].Origin.File = f.Path
		}
		if diff := cmp.Diff(want, all); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		srv.Close()
	}
}

// TestTransfer holds that a server that goes away is told from a damaged file.
func TestTransfer(t *testing.T) {
	for _, packed := range [][]byte{gz(jsonLines(5000)), zst(t, jsonLines(5000)), jsonLines(5000)} {
		s := &flaky{content: packed, at: len(packed) / 2}
		srv := httptest.NewServer(s)
		files, err := source.List(context.Background(), []string{srv.URL + "/a.jsonl"}, source.Options{Retries: 1})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Open(context.Background(), files[0], Options{Format: JSONL}, Position{})
		if err != nil {
			t.Fatal(err)
		}
		s.gone.Store(true)
		for err == nil {
			_, err = r.Next()
		}
		if !errors.Is(err, source.ErrTransfer) || strings.Contains(err.Error(), "damaged") || strings.Contains(err.Error(), "cut off") {
			t.Error(err)
		}
		r.Close()
		srv.Close()
	}
}
