package serve

import (
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/chat"
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

// png is pixel's data.
func png(t *testing.T) []byte {
	data, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(pixel, "data:image/png;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFetchImage(t *testing.T) {
	data := png(t)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := "image/png"
		switch r.URL.Path {
		case "/missing":
			http.NotFound(w, r)
			return
		case "/page":
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>")
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
	anywhere := newImageChecker(2000, true, func(netip.Addr) error { return nil })
	public := newImageChecker(2000, true, publicAddress)
	for _, c := range []struct {
		checker *imageChecker
		url     string
		phrase  string // of the error; "": none
	}{
		{anywhere, elsewhere.URL + "/good", ""},
		{anywhere, elsewhere.URL + "/once", ""},
		{anywhere, elsewhere.URL + "/missing", "status 404"},
		{anywhere, elsewhere.URL + "/page", `"text/html" is not one of`},
		{anywhere, elsewhere.URL + "/lie", "it says image/jpeg and its data is image/png"},
		{anywhere, elsewhere.URL + "/large", "larger than the limit of 1.953 KiB"},
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
		{newImageChecker(2000, false, publicAddress), elsewhere.URL + "/good", "fetches no images"},
		{public, pixel, ""},
		{public, "DATA:" + pixel[5:], ""},
		{newImageChecker(20, false, publicAddress), pixel, "larger than the limit of 20 bytes"},
		{public, "data:image/png;base64,!!!!", "damaged"},
		{public, "data:image/png,xyz", "in base64"},
		{public, "data:image/png;base64", "comma"},
		{public, "data:;base64,AAAA", "cannot be read"},
		{public, "data:text/plain;base64,AAAA", "is not one of"},
	} {
		got, err := c.checker.read(t.Context(), c.url)
		switch {
		case c.phrase == "" && (err != nil || got != pixel):
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
	checker := newImageChecker(2000, true, func(netip.Addr) error {
		calls++
		if calls > 1 {
			return errAddress
		}
		return nil
	})
	if _, err := checker.read(t.Context(), elsewhere.URL); !errors.Is(err, errAddress) || calls != 2 {
		t.Error(err, calls)
	}
}

func FuzzImageURL(f *testing.F) {
	for _, url := range []string{pixel, "data:image/png;base64,", "data:;base64,AAAA", "data:,", "http://x", "https://[::1]/", "data:image/gif;charset=x;base64,R0lGODlh"} {
		f.Add(url)
	}
	checker := newImageChecker(1<<16, false, publicAddress)
	f.Fuzz(func(t *testing.T, url string) {
		images := []imageRef{{&chat.Image{URL: url}, "p"}}
		if checker.check(t.Context(), images) != nil {
			return
		}
		again := images[0].image.URL
		if got, err := checker.read(t.Context(), again); err != nil || got != again {
			t.Errorf("%q became %q, which is refused: %v", url, again, err)
		}
	})
}
