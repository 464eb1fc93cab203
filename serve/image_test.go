package serve

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestPublicAddress(t *testing.T) {
	for _, text := range []string{
		"127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
		"100.64.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.0.8",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1",
		"64:ff9b::7f00:1", "2002:7f00:1::1", "2001:db8::1", "fec0::1",
	} {
		if publicAddress(netip.MustParseAddr(text)) == nil {
			t.Errorf("%s is taken for public", text)
		}
	}
	for _, text := range []string{"1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1"} {
		if err := publicAddress(netip.MustParseAddr(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if publicAddress(netip.Addr{}) == nil {
		t.Error("no address is taken for public")
	}
}

// pixelData is pixel's data.
func pixelData(t *testing.T) []byte {
	data, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(pixel, "data:image/png;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFetchImage(t *testing.T) {
	data := pixelData(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := "image/png"
		switch r.URL.Path {
		case "/missing":
			http.NotFound(w, r)
			return
		case "/lie":
			kind = "image/jpeg"
		case "/large":
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(append(data, make([]byte, 3000)...))
			return
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
			return
		case "/once":
			http.Redirect(w, r, "/good", http.StatusFound)
			return
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(data)
	}))
	defer elsewhere.Close()
	fetcher := func(limit int64, fetch bool, allowed func(netip.Addr) error) *imageFetcher {
		return newImageFetcher(&Limits{Image: limit, Body: limit}, fetch, allowed)
	}
	anywhere := fetcher(2000, true, func(netip.Addr) error { return nil })
	public := fetcher(2000, true, publicAddress)
	for _, c := range []struct {
		fetcher *imageFetcher
		url     string
		phrase  string // of the error; "": none
	}{
		{anywhere, elsewhere.URL + "/good", ""},
		{anywhere, elsewhere.URL + "/once", ""},
		{anywhere, elsewhere.URL + "/missing", "status 404"},
		{anywhere, elsewhere.URL + "/lie", ""}, // the model tells by the first bytes
		{anywhere, elsewhere.URL + "/large", "bytes, and at most 2000 are taken"},
		{anywhere, elsewhere.URL + "/loop", "redirects too often"},
		{anywhere, elsewhere.URL + "/file", "only http and https"},
		{anywhere, "http://user:secret@example.org/x.png", "user name"},
		{anywhere, "ftp://example.org/x.png", "data: URL"},
		{anywhere, "gopher", "data: URL"},
		{anywhere, "http://%zz", "no URL"},
		{anywhere, "http://127.0.0.1:1/x.png", "could not be fetched"},
		{public, elsewhere.URL + "/good", "not a public one"},
		{public, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1) + "/good", "not a public one"},
		{public, strings.Replace(elsewhere.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1) + "/good", "not a public one"},
		{public, "http://169.254.169.254/latest/meta-data/", "not a public one"},
		{public, "http://2130706433/", "could not be fetched"},
		{fetcher(2000, false, publicAddress), elsewhere.URL + "/good", "fetches no images, unless its operator allows it with --allow-image-urls"},
		{fetcher(2000, false, publicAddress), "file:///etc/passwd", "expected a data: URL with an image in base64"},
		{fetcher(2000, false, publicAddress), "gopher", "expected a data: URL with an image in base64"},
		{fetcher(20, true, func(netip.Addr) error { return nil }), elsewhere.URL + "/good", "at most 20 are taken"},
	} {
		var got []byte
		u, err := c.fetcher.parse(c.url)
		if err == nil {
			got, err = c.fetcher.fetch(t.Context(), u, c.fetcher.limit)
		}
		switch {
		case err != nil && c.fetcher.client == nil && strings.Contains(err.Error(), "are fetched"):
			t.Errorf("%s: %v, where nothing is fetched", clip(c.url), err)
		case c.phrase == "" && (err != nil || !bytes.Equal(got, data)):
			t.Errorf("%s: %q, %v", clip(c.url), got, err)
		case c.phrase != "" && (err == nil || !strings.Contains(err.Error(), c.phrase)):
			t.Errorf("%s: %v, want %q", clip(c.url), err, c.phrase)
		}
	}
}

// The address is looked at again at every connection: a name that is public the
// first time and private the second, or a redirect, does not pass.
func TestFetchAgain(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/good", http.StatusFound)
	}))
	defer elsewhere.Close()
	calls := 0
	fetcher := newImageFetcher(&Limits{Image: 2000}, true, func(netip.Addr) error {
		calls++
		if calls > 1 {
			return errAddress
		}
		return nil
	})
	u, err := fetcher.parse(elsewhere.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fetcher.fetch(t.Context(), u, 2000); !errors.Is(err, errAddress) || calls != 2 {
		t.Error(err, calls)
	}
}

// What is fetched reaches the model as the file itself, with its detail; all images
// of a request together take no more than a body may.
func TestFetchedImages(t *testing.T) {
	data := pixelData(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(data) }))
	defer elsewhere.Close()
	s := newSite(t, func(o *Options) { o.ImageURLs = true; o.Limits.Body = 1000 })
	s.s.fetcher = newImageFetcher(&Limits{Image: 2000, Body: int64(2 * len(data))}, true, func(netip.Addr) error { return nil })
	part := `{"type":"image_url","image_url":{"url":"` + elsewhere.URL + `/x","detail":"low"}}`
	ask := func(n int) answer {
		return s.post(chatPath, `{"model":"fake","messages":[{"role":"user","content":[{"type":"text","text":"images"}`+strings.Repeat(","+part, n)+`]}]}`)
	}
	want := "data:application/octet-stream;base64," + strings.TrimPrefix(pixel, "data:image/png;base64,") + " low;"
	if a := ask(2); a.json(t, "choices.0.message.content") != want+want {
		t.Error(a.text)
	}
	faultCase{"too many bytes", "", "", 400, "image_file_too_large", "messages[0].content[3].image_url.url", "image 2: "}.check(t, ask(3))
}

// An answer about an image that was fetched may take longer than the body may.
func TestFetchedImageTime(t *testing.T) {
	data := pixelData(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(data) }))
	defer elsewhere.Close()
	s := newSite(t, func(o *Options) { o.ImageURLs, o.Limits.BodyTime = true, 100*time.Millisecond })
	s.s.fetcher = newImageFetcher(&Limits{Image: 2000, Body: 2000}, true, func(netip.Addr) error { return nil })
	a := s.post(chatPath, `{"model":"fake","messages":[{"role":"user","content":[{"type":"text","text":"count 300"},{"type":"image_url","image_url":{"url":"`+elsewhere.URL+`/x"}}]}]}`)
	if a.status != 200 || a.json(t, "choices.0.finish_reason") != "stop" {
		t.Errorf("%d %.200s", a.status, a.text)
	}
}

// TestFetchAll: the images of a request that are elsewhere have one time together, and
// then others get its place.
func TestFetchAll(t *testing.T) {
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(50 * time.Millisecond)
		_, _ = w.Write([]byte(pngFile(paint(2, 2, 1))))
	}))
	defer slow.Close()
	s := newSite(t)
	s.s.fetcher = newImageFetcher(&s.s.limits, true, func(netip.Addr) error { return nil })
	image := `{"type":"image_url","image_url":{"url":"` + slow.URL + `"}}`
	images := strings.Repeat(image+",", 7) + image
	request := `{"model":"fake","messages":[{"role":"user","content":[` + images + `,{"type":"text","text":"say x"}]}]}`
	if a := s.post(chatPath, request); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	s.s.fetcher.time = 100 * time.Millisecond // of eight that take four times as long
	a := s.post(chatPath, request)
	if a.status != 400 || a.json(t, "error.code") != "failed_to_download_image" {
		t.Errorf("%d %s", a.status, a.text)
	}
	if len(s.s.large) != 0 {
		t.Errorf("%d places are taken", len(s.s.large))
	}
}
