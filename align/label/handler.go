package label

import (
	"context"
	_ "embed"
	"net/http"
	"time"

	"github.com/polymath-lm/polymath/internal/localpage"
)

//go:embed page.html
var pageHTML string

// cookie holds a labeller's word in their browser, for this page alone.
const (
	cookie     = "labeller"
	cookieTime = 400 * 24 * time.Hour // the most that browsers keep
)

// Path is where the page is on its server; it is the same whenever the file is opened.
func (p *Page) Path() string { return p.site.Path() }

// Serve shows the page at an address until ctx ends, whose error it then returns;
// ready is told where.
func (p *Page) Serve(ctx context.Context, address string, ready func(url string)) error {
	return p.site.Serve(ctx, address, p, nil, ready)
}

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := p.site.Route(w, r)
	if action == "" {
		return
	}
	var m sent
	if action != "state" && !localpage.Decode(w, r, &m) {
		return
	}
	word := ""
	if c, err := r.Cookie(cookie); err == nil && isWord(c.Value) {
		word = c.Value
	}
	if action == "leave" && word != "" {
		p.leave(labellerOf(word))
	}
	switch {
	case action == "leave", action == "state" && word == "":
		word = newWord()
		http.SetCookie(w, &http.Cookie{
			Name: cookie, Value: word, Path: p.Path(), MaxAge: int(cookieTime.Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
	case word == "":
		localpage.Answer(w, view{Error: "your browser keeps no cookies, which tell labellers apart: allow them for this page"}, true)
		return
	case action == "summary":
		lines, err := p.together(r.Context())
		if err != nil {
			localpage.Answer(w, view{Error: err.Error()}, true)
			return
		}
		localpage.Answer(w, lines, false)
		return
	}
	v, err := p.act(r.Context(), labellerOf(word), action, m)
	if err != nil {
		v.Error = err.Error()
	}
	localpage.Answer(w, v, err != nil)
}

// act does what the page asks for, and returns what it shows then. What has begun is
// ended even if the browser goes away: its answer may be lost, a label not.
func (p *Page) act(ctx context.Context, who labeller, action string, m sent) (view, error) {
	ctx = context.WithoutCancel(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	var given *sent
	var failed error
	switch action {
	case "label":
		failed = p.label(ctx, who, m)
	case "undo":
		given, failed = p.undo(ctx, who)
	case "later":
		failed = p.putOff(who, m.Comparison)
	}
	v, err := p.view(ctx, who)
	v.Given = given
	if failed != nil {
		return v, failed
	}
	return v, p.store.wrap(err)
}
