package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// fakeS3 serves buckets from memory. Each get of an object breaks after
// breakAt bytes.
type fakeS3 struct {
	http.Handler
	breakAt atomic.Int64
	seen    atomic.Value // the last Authorization
}

func (f *fakeS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.seen.Store(r.Header.Get("Authorization"))
	if n := f.breakAt.Load(); n > 0 && r.Method == http.MethodGet && strings.Contains(r.URL.Path, "data") {
		w = &breaking{ResponseWriter: w, left: int(n), ctx: r.Context()}
	}
	f.Handler.ServeHTTP(w, r)
}

func startS3(t *testing.T, objects map[string][]byte) (*fakeS3, gofakes3.Backend, Options) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("corpus"); err != nil {
		t.Fatal(err)
	}
	for key, content := range objects {
		put(t, backend, key, content)
	}
	fake := &fakeS3{Handler: gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()}
	srv := httptest.NewServer(fake)
	old := backoff
	backoff = time.Millisecond
	t.Cleanup(func() { srv.Close(); backoff = old })
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_ENDPOINT_URL", srv.URL)
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	return fake, backend, Options{}
}

func put(t *testing.T, b gofakes3.Backend, key string, content []byte) {
	t.Helper()
	if _, err := b.PutObject("corpus", key, map[string]string{"Last-Modified": "Mon, 05 Feb 2024 10:00:00 GMT"}, bytes.NewReader(content), int64(len(content)), nil); err != nil {
		t.Fatal(err)
	}
}

func TestS3List(t *testing.T) {
	_, _, opt := startS3(t, map[string][]byte{
		"web/a.warc.gz": []byte("a"), "web/2024/b.warc.gz": []byte("bb"), "web/2024/c.txt": []byte("c"),
		"web/.hidden": []byte("h"), "webside.txt": []byte("w"), "dir/": nil, "x y/ü.txt": []byte("u"),
	})
	for address, want := range map[string][]string{
		"s3://corpus/web/":             {"2024/b.warc.gz", "2024/c.txt", "a.warc.gz"},
		"s3://corpus/web":              {"2024/b.warc.gz", "2024/c.txt", "a.warc.gz"},
		"s3://corpus/web/**/*.warc.gz": {"2024/b.warc.gz", "a.warc.gz"},
		"s3://corpus/web/*":            {"a.warc.gz"},
		"s3://corpus/web/2024/c.txt":   {"c.txt"},
		"s3://corpus/web*":             {"webside.txt"},
		"s3://corpus":                  {"web/2024/b.warc.gz", "web/2024/c.txt", "web/a.warc.gz", "webside.txt", "x y/ü.txt"},
	} {
		files, err := List(context.Background(), []string{address}, opt)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if got := names(files); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
		for _, f := range files {
			if got := readFrom(t, f, 0); int64(len(got)) != f.Size || f.Size == 0 || f.Tag == "" {
				t.Errorf("%+v: %q", f, got)
			}
		}
	}
	for address, want := range map[string]string{
		"s3://corpus/none": "no file is there", "s3://nobucket/x": "check bucket and key",
	} {
		if _, err := List(context.Background(), []string{address}, opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestS3Read(t *testing.T) {
	content := noise(3<<20 + 5)
	fake, backend, opt := startS3(t, map[string][]byte{"data": content})
	f := list1(t, "s3://corpus/data", opt)
	if !strings.Contains(fake.seen.Load().(string), "AKIDEXAMPLE") {
		t.Errorf("the request is not signed: %v", fake.seen.Load())
	}
	for _, n := range []int64{0, 700_000} {
		fake.breakAt.Store(n)
		for _, offset := range []int64{0, 2_000_000, int64(len(content))} {
			if got := readFrom(t, f, offset); got != string(content[offset:]) {
				t.Errorf("breaking at %d, from %d: %d bytes", n, offset, len(got))
			}
		}
	}
	fake.breakAt.Store(0)
	checkAt(t, f, content)

	fake.breakAt.Store(700_000)
	r, err := Open(context.Background(), f, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	put(t, backend, "data", bytes.Repeat([]byte("x"), len(content)))
	if _, err := io.ReadAll(r); !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), "s3://corpus/data") {
		t.Errorf("a changed object: %v", err)
	}
}

func TestS3Endpoint(t *testing.T) {
	for _, endpoint := range []string{"http://host/path", "https://", "::"} {
		if _, err := newS3(Options{Endpoint: endpoint}); err == nil || !strings.Contains(err.Error(), "no address such as") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}
