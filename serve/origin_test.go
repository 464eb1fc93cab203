package serve

import (
	"net/http"
	"testing"
)

// On a loopback address other names are refused, whoever has rebound them.
func TestHost(t *testing.T) {
	s := startServing(t, func(o *Options) { o.Hosts = []string{"Box.lan"} })
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "LOCALHOST": 200, "app.localhost:1": 200, "127.0.0.1": 200, "127.3.4.5:80": 200,
		"[::1]:8080": 200, "box.lan": 200, "BOX.lan:99": 200,
		"evil.example": 403, "evil.example:8080": 403, "localhost.evil.example": 403, "192.168.0.7": 403, "0.0.0.0": 403, "127.0.0.1.evil.example": 403,
	} {
		if a := s.do("GET", "/health", "", "Host", host); a.status != want {
			t.Errorf("%s: %d, want %d", host, a.status, want)
		}
	}
	// On another address names are the operator's matter.
	open := newSite(t)
	if a := open.do("GET", "/health", "", "Host", "evil.example"); a.status != 200 {
		t.Error(a.text)
	}
}

func TestOrigin(t *testing.T) {
	closed := newSite(t)
	one := newSite(t, func(o *Options) { o.Origins = []string{"https://app.example"} })
	capitals := newSite(t, func(o *Options) { o.Origins = []string{"https://App.example"} })
	all := newSite(t, func(o *Options) { o.Origins = []string{"*"} })
	for _, c := range []struct {
		name    string
		s       *site
		origin  string
		status  int
		allowed string
	}{
		{"other site", closed, "https://evil.example", 403, ""},
		{"no site", closed, "null", 403, ""},
		{"own page", closed, closed.URL, 200, ""},
		{"allowed", one, "https://app.example", 200, "https://app.example"},
		{"another", one, "https://app.example.evil", 403, ""},
		{"port", one, "https://app.example:444", 403, ""},
		{"scheme", one, "http://app.example", 403, ""},
		{"capitals", capitals, "https://app.example", 200, "https://app.example"},
		{"any", all, "https://evil.example", 200, "*"},
	} {
		a := c.s.post(chatPath, say("say x", ""), "Origin", c.origin)
		if a.status != c.status || a.header.Get("Access-Control-Allow-Origin") != c.allowed {
			t.Errorf("%s: %d %v", c.name, a.status, a.header)
		}
		if a.status == 403 {
			faultCase{c.name, "", "", 403, "forbidden", "", "--cors"}.check(t, a)
		}
		const headers = "authorization,content-type,x-stainless-os"
		asked := c.s.do(http.MethodOptions, chatPath, "", "Origin", c.origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", headers)
		if got := asked.header.Get("Access-Control-Allow-Origin"); got != c.allowed {
			t.Errorf("%s: preflight allows %q", c.name, got)
		}
		if c.allowed != "" && (asked.status != 204 || asked.header.Get("Access-Control-Allow-Headers") != headers) {
			t.Error(asked.status, asked.header)
		}
	}
	if a := closed.post(chatPath, say("say x", ""), "Sec-Fetch-Site", "cross-site"); a.status != 403 {
		t.Error(a.status)
	}
	if a := closed.post(chatPath, say("say x", ""), "Sec-Fetch-Site", "same-origin"); a.status != 200 {
		t.Error(a.status)
	}
	// A page of another site may make the browser ask, and cannot read.
	if a := closed.do("GET", "/v1/models", "", "Origin", "https://evil.example"); a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error(a.status, a.header)
	}
}

func TestPages(t *testing.T) {
	pages := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("page " + r.URL.Path))
	})
	s := newSite(t, func(o *Options) { o.UI = pages })
	for _, path := range []string{"/", "/assets/x.js"} {
		if a := s.do("GET", path, ""); a.text != "page "+path {
			t.Error(a.text)
		}
	}
	for _, c := range []struct{ method, path string }{{"POST", "/"}, {"GET", "/v1/"}, {"GET", "/v1/nothing"}} {
		if a := s.do(c.method, c.path, ""); a.status != 404 {
			t.Error(c, a.text)
		}
	}
}
