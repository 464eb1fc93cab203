package ui

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, method, path string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// own finds the addresses that a page or style sheet loads.
var own = regexp.MustCompile(`(?:src|href)="\./([^"]+)"|url\(\.?/?([^)]+)\)`)

func TestPageAndEverythingItLoads(t *testing.T) {
	page := get(t, "GET", "/", nil)
	if page.StatusCode != 200 || page.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("/: %s, %s", page.Status, page.Header.Get("Content-Type"))
	}
	if c := page.Header.Get("Cache-Control"); c != "no-cache" {
		t.Errorf("the page's Cache-Control is %q: an old page would name assets that are gone", c)
	}
	names := own.FindAllSubmatch(body(t, page), -1)
	if len(names) < 4 {
		t.Fatalf("the page loads only %q", names)
	}
	for _, n := range names {
		r := get(t, "GET", "/"+string(n[1]), nil)
		if r.StatusCode != 200 {
			t.Errorf("%s: %s", n[1], r.Status)
		}
		if strings.HasPrefix(string(n[1]), "assets/") && !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s has Cache-Control %q", n[1], r.Header.Get("Cache-Control"))
		}
	}
}

func TestEveryFile(t *testing.T) {
	kinds := map[string]string{
		"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "woff2": "font/woff2",
		"html": "text/html; charset=utf-8", "svg": "image/svg+xml", "txt": "text/plain; charset=utf-8",
	}
	err := fs.WalkDir(dist, "dist", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		want, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		path := strings.TrimPrefix(name, "dist")
		plain := get(t, "GET", path, nil)
		if got := body(t, plain); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d", path, len(got), len(want))
		}
		kind := kinds[path[strings.LastIndex(path, ".")+1:]]
		if kind == "" || plain.Header.Get("Content-Type") != kind {
			t.Errorf("%s: Content-Type %q, want %q", path, plain.Header.Get("Content-Type"), kind)
		}
		for _, h := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "ETag"} {
			if plain.Header.Get(h) == "" {
				t.Errorf("%s: no %s", path, h)
			}
		}
		packed := get(t, "GET", path, map[string]string{"Accept-Encoding": "br, gzip"})
		if packed.Header.Get("Content-Encoding") == "gzip" {
			r, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: unpacks to something else (%v)", path, err)
			}
			if packed.Header.Get("ETag") == plain.Header.Get("ETag") {
				t.Errorf("%s: one ETag for two encodings", path)
			}
		} else if !strings.HasSuffix(path, ".woff2") {
			t.Errorf("%s is not compressed", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPolicyForbidsInlineAndForeign(t *testing.T) {
	p := get(t, "GET", "/", nil).Header.Get("Content-Security-Policy")
	for _, bad := range []string{"unsafe-inline", "unsafe-eval", "*", "http:", "https:"} {
		if strings.Contains(p, bad) {
			t.Errorf("the policy has %s: %s", bad, p)
		}
	}
	page := string(body(t, get(t, "GET", "/", nil)))
	if regexp.MustCompile(`<script[^>]*>[^<]|<style|style=|\son\w+=`).MatchString(page) {
		t.Error("the page has something inline, which the policy forbids")
	}
	if strings.Contains(page, "://") {
		t.Error("the page names another origin")
	}
}

func TestETag(t *testing.T) {
	for _, encoding := range []string{"", "gzip"} {
		first := get(t, "GET", "/", map[string]string{"Accept-Encoding": encoding})
		tag := first.Header.Get("ETag")
		again := get(t, "GET", "/", map[string]string{"Accept-Encoding": encoding, "If-None-Match": tag})
		if again.StatusCode != 304 || len(body(t, again)) != 0 {
			t.Errorf("encoding %q: %s for %s", encoding, again.Status, tag)
		}
		other := get(t, "GET", "/", map[string]string{"Accept-Encoding": encoding, "If-None-Match": `"older"`})
		if other.StatusCode != 200 {
			t.Errorf("encoding %q: %s for an old tag", encoding, other.Status)
		}
	}
}

func TestOtherPathsAndMethods(t *testing.T) {
	for _, path := range []string{"/nothing", "/assets/", "/assets", "/dist/index.html", "/assets/../handler.go", "/index.html/", "//"} {
		r := get(t, "GET", path, nil)
		if r.StatusCode != 404 || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s", path, r.Status)
		}
	}
	if r := get(t, "POST", "/", nil); r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %s, Allow %q", r.Status, r.Header.Get("Allow"))
	}
	if r := get(t, "HEAD", "/", nil); r.StatusCode != 200 || len(body(t, r)) != 0 || r.ContentLength <= 0 {
		t.Errorf("HEAD: %s, %d bytes announced", r.Status, r.ContentLength)
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "br, GZIP;q=0.5": true, "gzip;q=0": false, "gzip; q=0.0": false, "br": false,
		"gzip;q=nonsense": false, "deflate, gzip": true, "xgzip": false,
	} {
		if got := acceptsGzip(header); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
