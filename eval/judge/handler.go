package judge

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

//go:embed page.html
var pageHTML string

// policy lets the page run its own script and style, by their hashes, and ask its
// own server, whatever a text of a model would like.
var policy = "default-src 'none'; script-src " + hashOf("script") + "; style-src " + hashOf("style") +
	"; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// hashOf is the source expression of the page's only element of that name.
func hashOf(element string) string {
	_, rest, ok := strings.Cut(pageHTML, "<"+element+">")
	content, _, closed := strings.Cut(rest, "</"+element+">")
	if !ok || !closed {
		panic("page.html has no " + element) // it is embedded
	}
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Path is where the page is on its server. It has a word that cannot be guessed, so
// that neither other users of the machine nor pages of other sites find it.
func (p *Page) Path() string { return "/" + p.token + "/" }

// actions are what the page sends.
var actions = map[string]bool{"judge": true, "undo": true, "skip": true, "finish": true}

// maxBody bounds a request in bytes.
const maxBody = 1 << 16

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if !isLoopback(r.Host) {
		http.Error(w, "this page answers to localhost only", http.StatusForbidden)
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, p.Path())
	if !ok {
		http.Error(w, "there is no such page", http.StatusNotFound)
		return
	}
	switch {
	case rest == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		header.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, pageHTML) // the reader has gone if this fails
	case rest == "state" && r.Method == http.MethodGet:
		p.mu.Lock()
		v := p.view()
		p.mu.Unlock()
		answer(w, v, nil)
	case actions[rest] && r.Method == http.MethodPost:
		p.post(w, r, rest)
	case rest == "" || rest == "state":
		header.Set("Allow", "GET")
		http.Error(w, "this can only be read", http.StatusMethodNotAllowed)
	case actions[rest]:
		header.Set("Allow", "POST")
		http.Error(w, "this is sent by the page", http.StatusMethodNotAllowed)
	default:
		http.Error(w, "there is no such page", http.StatusNotFound)
	}
}

// post takes what the page sends. A page of another site can send neither JSON nor
// this origin without being asked first, which is never answered.
func (p *Page) post(w http.ResponseWriter, r *http.Request, action string) {
	origin := r.Header.Get("Origin")
	if u, err := url.Parse(origin); origin != "" && (err != nil || !strings.EqualFold(u.Host, r.Host)) || r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		http.Error(w, "this page takes nothing from other sites", http.StatusForbidden)
		return
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/json" {
		http.Error(w, "send JSON", http.StatusUnsupportedMediaType)
		return
	}
	var m mark
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		http.Error(w, "no judgment: "+err.Error(), http.StatusBadRequest)
		return
	}
	var v view
	var err error
	switch action {
	case "judge":
		v, err = p.judge(m)
	case "undo":
		v, err = p.undo()
	case "skip":
		v, err = p.skip(m.Question)
	case "finish":
		v, err = p.finish()
	}
	answer(w, v, err)
}

func answer(w http.ResponseWriter, v view, err error) {
	status := http.StatusOK
	if err != nil {
		v.Error, status = err.Error(), http.StatusConflict
	}
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the reader has gone if this fails
}

// isLoopback reports whether a Host header names this machine: a page that rebinds
// its own name to 127.0.0.1 sends that name.
func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// Serve shows the page until Done, or ctx ends, whose error it
// then returns. address is one of this machine's own, such as "127.0.0.1:0"; ready
// is told the page's address.
func (p *Page) Serve(ctx context.Context, address string, ready func(url string)) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	if !isLoopback(host) {
		return fmt.Errorf("address %q: the page is for this machine only; use 127.0.0.1 and, from another machine, ssh -L", address)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, MaxHeaderBytes: 1 << 16}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	ready("http://" + listener.Addr().String() + p.Path())
	select {
	case err = <-failed:
		return err
	case <-ctx.Done():
		err = ctx.Err()
	case <-p.Done():
	}
	closing, stop := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer stop()
	if closed := server.Shutdown(closing); closed != nil && !errors.Is(closed, context.DeadlineExceeded) {
		err = errors.Join(err, closed)
	}
	return err
}
