// Package localpage serves pages that people at a machine work with: one HTML file
// with its own script and style, which asks its own server and nobody else.
//
// Who finds the page may use it: it is below a word that cannot be guessed, so that
// neither other users of the machine nor pages of other sites find it.
package localpage

import (
	"crypto/sha256"
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
)

// Page is what all requests of a page have in common. Goroutines may share it.
type Page struct {
	html, word, policy string
	actions            map[string]bool
	anywhere           bool
}

// New makes a page of an HTML text with one script and one style element. word is
// what cannot be guessed; actions are the names of what the page sends. Where
// anywhere is not set, requests to names that are not this machine's are refused.
func New(html, word string, anywhere bool, actions ...string) *Page {
	p := &Page{html: html, word: word, anywhere: anywhere, actions: map[string]bool{}}
	for _, a := range actions {
		p.actions[a] = true
	}
	p.policy = "default-src 'none'; script-src " + hashOf(html, "script") + "; style-src " + hashOf(html, "style") +
		"; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return p
}

// hashOf is the source expression, in a Content-Security-Policy, of the only element
// of that name: the page runs its own script, whatever a text of a model would like.
func hashOf(html, element string) string {
	_, rest, ok := strings.Cut(html, "<"+element+">")
	content, _, closed := strings.Cut(rest, "</"+element+">")
	if !ok || !closed {
		panic("localpage: the page has no " + element)
	}
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Path is where the page is on its server.
func (p *Page) Path() string { return "/" + p.word + "/" }

// Route answers what needs no knowledge of the page's work, and else returns what is
// asked for: "state", or the name of an action, whose body is still to be read, by
// Decode; "" where it has answered.
func (p *Page) Route(w http.ResponseWriter, r *http.Request) string {
	header := w.Header()
	header.Set("Content-Security-Policy", p.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if !p.anywhere && !isLoopback(r.Host) {
		http.Error(w, "this page answers to localhost only", http.StatusForbidden)
		return ""
	}
	rest, ok := strings.CutPrefix(r.URL.Path, p.Path())
	switch {
	case !ok:
		http.Error(w, "there is no such page", http.StatusNotFound)
	case rest == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		header.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, p.html) // the reader has gone if this fails
	case rest == "state" && r.Method == http.MethodGet, p.actions[rest] && r.Method == http.MethodPost:
		return rest
	case rest == "" || rest == "state":
		header.Set("Allow", "GET")
		http.Error(w, "this can only be read", http.StatusMethodNotAllowed)
	case p.actions[rest]:
		header.Set("Allow", "POST")
		http.Error(w, "this is sent by the page", http.StatusMethodNotAllowed)
	default:
		http.Error(w, "there is no such page", http.StatusNotFound)
	}
	return ""
}

// maxBody bounds a request in bytes.
const maxBody = 1 << 16

// Decode reads the JSON object that the page sends with an action, strictly; false
// is returned where it has refused. A page of another site can send neither JSON nor
// this origin without being asked first, which is never answered.
func Decode(w http.ResponseWriter, r *http.Request, into any) bool {
	origin := r.Header.Get("Origin")
	if u, err := url.Parse(origin); origin != "" && (err != nil || !strings.EqualFold(u.Host, r.Host)) || r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		http.Error(w, "this page takes nothing from other sites", http.StatusForbidden)
		return false
	}
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/json" {
		http.Error(w, "send JSON", http.StatusUnsupportedMediaType)
		return false
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if _, more := d.Token(); err == nil && !errors.Is(more, io.EOF) {
		err = errors.New("text behind the JSON object")
	}
	if err != nil {
		http.Error(w, "not understood: "+err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// Answer writes what the page is to show, as JSON; failed says that it is not what
// was asked for.
func Answer(w http.ResponseWriter, view any, failed bool) {
	data, err := json.Marshal(view)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if failed {
		w.WriteHeader(http.StatusConflict)
	}
	_, _ = w.Write(data) // the reader has gone if this fails
}

// CheckAddress is an error unless an address to listen on is one of this machine
// alone, such as "127.0.0.1:0".
func CheckAddress(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	if !isLoopback(host) {
		return fmt.Errorf("address %q: the page is for this machine only; use 127.0.0.1 and, from another machine, ssh -L", address)
	}
	return nil
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
