package serve

import (
	"cmp"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// forbidden refuses a request for where it comes from or goes to.
func forbidden(message string) *apiError {
	return &apiError{status: http.StatusForbidden, kind: typePermission, code: "forbidden", message: message}
}

// checkHost refuses names that are not this machine's, where only it may be
// asked: a page that rebinds its own name to 127.0.0.1 sends that name.
func (s *Server) checkHost(r *http.Request) *apiError {
	if !s.loopback.Load() {
		return nil
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	named := func(name string) bool { return strings.EqualFold(name, host) }
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.ContainsFunc(s.options.Hosts, named) {
		return nil
	}
	if a, err := netip.ParseAddr(host); err == nil && a.IsLoopback() {
		return nil
	}
	return forbidden("This server answers to localhost only, not to '" + clip(host) + "'.")
}

// checkOrigin refuses what a page of another site sends through its reader's
// browser, unless the operator allows the site, and sets the headers that then
// let the page read the answer.
func (s *Server) checkOrigin(w http.ResponseWriter, r *http.Request) *apiError {
	origin := r.Header.Get("Origin")
	if origin == "" {
		if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" && r.Method != http.MethodGet && r.Method != http.MethodHead {
			return forbidden("This server takes no requests from pages of other sites.")
		}
		return nil
	}
	w.Header().Add("Vary", "Origin")
	switch {
	case slices.Contains(s.options.Origins, "*"):
		w.Header().Set("Access-Control-Allow-Origin", "*")
	case slices.ContainsFunc(s.options.Origins, func(site string) bool { return strings.EqualFold(site, origin) }):
		w.Header().Set("Access-Control-Allow-Origin", origin)
	case sameOrigin(origin, r.Host):
		return nil
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return nil // the page cannot read the answer
	default:
		return forbidden("This server takes no requests from pages of " + clip(origin) + "; its operator can allow them with --cors.")
	}
	w.Header().Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, "+
		"x-ratelimit-reset-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens")
	return nil
}

func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

// preflight answers what a browser asks before it lets a page send a request. A page
// that may ask may send any headers: OpenAI's client for browsers sends many of its own.
func preflight(w http.ResponseWriter, r *http.Request, methods string) {
	h := w.Header()
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", cmp.Or(r.Header.Get("Access-Control-Request-Headers"), "Authorization, Content-Type"))
		h.Add("Vary", "Access-Control-Request-Headers")
		h.Set("Access-Control-Max-Age", "600")
	}
	h.Set("Allow", methods)
	w.WriteHeader(http.StatusNoContent)
}
