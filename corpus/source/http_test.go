package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// server serves content and misbehaves as it is told.
type server struct {
	content   []byte
	tag       string
	breakAt   int   // bytes after which each transfer breaks; 0 never
	fail      int32 // answers of 503 to come
	noRange   bool
	noHead    bool
	chunked   bool
	stall     bool
	change    int32 // transfers after which the file is another
	transfers atomic.Int32
	failed    atomic.Int32
	header    http.Header
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		if s.noHead {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
	} else if s.failed.Add(1) <= s.fail {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	s.header = r.Header
	content, tag := s.content, s.tag
	if r.Method == http.MethodGet {
		if n := s.transfers.Add(1); s.change > 0 && n > s.change {
			content, tag = bytes.ToUpper(content), `"other"`
		}
	}
	if tag != "" {
		w.Header().Set("ETag", tag)
	}
	if s.noRange {
		r.Header.Del("Range")
		r.Header.Del("If-Match")
	}
	var out http.ResponseWriter = w
	if r.Method == http.MethodGet && (s.breakAt > 0 || s.stall) {
		out = &breaking{w, s.breakAt, s.stall, r.Context()}
	}
	if s.chunked {
		out.(interface{ Unwrap() http.ResponseWriter }).Unwrap().Header().Set("Content-Type", "x/y")
		_, _ = out.Write(content)
		return
	}
	http.ServeContent(out, r, "", time.Time{}, bytes.NewReader(content))
}

// breaking ends the connection after some bytes.
type breaking struct {
	http.ResponseWriter
	left  int
	stall bool
	ctx   context.Context
}

func (b *breaking) Unwrap() http.ResponseWriter { return b.ResponseWriter }

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) < b.left || b.left == 0 && !b.stall {
		b.left -= len(p)
		return b.ResponseWriter.Write(p)
	}
	_, _ = b.ResponseWriter.Write(p[:b.left])
	b.ResponseWriter.(http.Flusher).Flush()
	if b.stall {
		<-b.ctx.Done()
	}
	panic(http.ErrAbortHandler)
}

func serve(t testing.TB, s *server) string {
	t.Helper()
	old := backoff
	backoff = time.Millisecond
	srv := httptest.NewServer(s)
	t.Cleanup(func() { srv.Close(); backoff = old })
	return srv.URL + "/dir/data.bin"
}

func TestHTTP(t *testing.T) {
	content := noise(3<<20 + 77)
	for name, s := range map[string]*server{
		"sound":             {tag: `"v1"`},
		"without tags":      {},
		"weak tag":          {tag: `W/"v1"`},
		"breaks":            {tag: `"v1"`, breakAt: 400_000},
		"breaks, no tag":    {breakAt: 700_001},
		"answers 503 first": {tag: `"v1"`, fail: 3},
		"no HEAD":           {tag: `"v1"`, noHead: true, breakAt: 900_000},
		"no ranges":         {tag: `"v1"`, noRange: true},
	} {
		s.content = content
		address := serve(t, s)
		f := list1(t, address, Options{Headers: map[string]string{"Authorization": "Bearer x"}})
		if f.Name != "data.bin" || !s.noHead && f.Size != int64(len(content)) {
			t.Errorf("%s: %+v", name, f)
		}
		for _, offset := range []int64{0, 1, 1_000_000, int64(len(content)) - 1, int64(len(content))} {
			if s.noHead && offset == int64(len(content)) {
				continue // it is not known yet that this is the end
			}
			if got := readFrom(t, f, offset); got != string(content[offset:]) {
				t.Errorf("%s: from %d: %d bytes, want %d", name, offset, len(got), len(content)-int(offset))
			}
		}
		if s.tag == `"v1"` && !s.noRange && !s.noHead && s.header.Get("Range") != "" && s.header.Get("If-Match") != s.tag {
			t.Errorf("%s: a part is asked for without its version: %v", name, s.header)
		}
		if s.header.Get("Authorization") != "Bearer x" || s.header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s: headers %v", name, s.header)
		}
		if _, err := Open(context.Background(), f, int64(len(content))+1); err == nil {
			t.Errorf("%s: no error behind the end", name)
		}
		if s.breakAt == 0 && !s.noRange {
			checkAt(t, f, content)
		}
	}
}

// TestHTTPBreaksWithoutRange breaks transfers of a server that cannot go on in
// the middle: each try begins again and gets further only if it breaks later.
func TestHTTPBreaksWithoutRange(t *testing.T) {
	s := &server{content: noise(500_000), tag: `"v1"`, breakAt: 200_000, noRange: true}
	f := list1(t, serve(t, s), Options{Retries: 3})
	r, err := Open(context.Background(), f, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if !errors.Is(err, ErrTransfer) || !bytes.Equal(got, s.content[:len(got)]) || !strings.Contains(err.Error(), "gave up after 4 tries") || !strings.Contains(err.Error(), f.Path) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestHTTPUnknownSize(t *testing.T) {
	s := &server{content: noise(300_000), chunked: true, noHead: true, breakAt: 1 << 20}
	f := list1(t, serve(t, s), Options{})
	if got := readFrom(t, f, 5); f.Size != -1 || got != string(s.content[5:]) {
		t.Errorf("%d bytes", len(got))
	}
	if _, _, err := OpenAt(context.Background(), f); err == nil || !strings.Contains(err.Error(), "fetch it first") {
		t.Errorf("%v", err)
	}
}

func TestHTTPNoRangeAt(t *testing.T) {
	s := &server{content: noise(3 << 20), noRange: true}
	f := list1(t, serve(t, s), Options{})
	r, _, err := OpenAt(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.ReadAt(make([]byte, 8), 2<<20); err == nil || !strings.Contains(err.Error(), "does not send parts of files") {
		t.Error(err)
	}
}

// TestHTTPChanged serves another file after the first transfer broke.
func TestHTTPChanged(t *testing.T) {
	for _, tag := range []string{`"v1"`, `W/"v1"`} {
		s := &server{content: bytes.Repeat([]byte("abc"), 200_000), tag: tag, breakAt: 100_000, change: 1}
		f := list1(t, serve(t, s), Options{})
		r, err := Open(context.Background(), f, 0)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), f.Path) || !bytes.Equal(got, s.content[:len(got)]) {
			t.Errorf("%s: %d bytes, %v", tag, len(got), err)
		}
		r.Close()
		if _, err := Open(context.Background(), f, 10); !errors.Is(err, ErrChanged) {
			t.Errorf("%s: opened again: %v", tag, err)
		}
	}
}

func TestHTTPStall(t *testing.T) {
	s := &server{content: noise(100_000), tag: `"v1"`, breakAt: 60_000, stall: true}
	f := list1(t, serve(t, s), Options{Stall: 1})
	if got := readFrom(t, f, 0); got != string(s.content) {
		t.Errorf("%d bytes", len(got))
	}
}

// TestStallsEnd reads blocks and lists of servers that send a part of an answer and
// then no more.
func TestStallsEnd(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	o := Options{Stall: 1, Retries: 1}
	f := list1(t, serve(t, &server{content: noise(100_000), tag: `"v1"`, breakAt: 60_000, stall: true}), o)
	if _, _, err := OpenAt(ctx, f); !errors.Is(err, ErrTransfer) || !strings.Contains(err.Error(), "nothing came for 1 seconds") {
		t.Errorf("blocks: %v", err)
	}
	_, _, o2 := startS3(t, nil)
	hung := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer hung.Close()
	o2.Stall, o2.Retries, o2.Endpoint = o.Stall, o.Retries, hung.URL
	if _, err := List(ctx, []string{"s3://corpus/a"}, o2); !errors.Is(err, ErrTransfer) || !strings.Contains(err.Error(), "nothing came for 1 seconds") {
		t.Errorf("a list: %v", err)
	}
}

func TestHTTPErrors(t *testing.T) {
	for code, want := range map[int]string{
		404: "404 Not Found; check the address", 401: "give an Authorization under headers", 410: "check the address", 500: "gave up after 2 tries: the server answers 500",
	} {
		mux := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		srv := httptest.NewServer(mux)
		old := backoff
		backoff = time.Millisecond
		_, err := List(context.Background(), []string{srv.URL + "/x?signature=secret"}, Options{Retries: 1})
		backoff = old
		srv.Close()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), srv.URL) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestHTTPCancel(t *testing.T) {
	s := &server{content: noise(100_000), tag: `"v1"`, breakAt: 60_000, stall: true}
	f := list1(t, serve(t, s), Options{})
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	r, err := Open(ctx, f, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	time.AfterFunc(50*time.Millisecond, func() { cancel(cause) })
	start := time.Now()
	if _, err = io.ReadAll(r); !errors.Is(err, cause) || time.Since(start) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

func TestContentRange(t *testing.T) {
	for value, want := range map[string]string{
		"bytes 10-19/100": "10 100", "bytes 0-0/*": "0 -1", "bytes */100": "error", "10-19/100": "error", "bytes 1-2": "error", "bytes 1-2/x": "error", "": "error",
	} {
		from, size, err := contentRange(value)
		got := fmt.Sprint(from, " ", size)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q: %s", value, got)
		}
	}
}
