package judge

import (
	"context"
	_ "embed"
	"net/http"

	"github.com/polymath-lm/polymath/internal/localpage"
)

//go:embed page.html
var pageHTML string

// Path is where the page is on its server.
func (p *Page) Path() string { return p.site.Path() }

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action := p.site.Route(w, r)
	if action == "" {
		return
	}
	var m mark
	if action != "state" && !localpage.Decode(w, r, &m) {
		return
	}
	v, err := p.act(action, m)
	if err != nil {
		v.Error = err.Error()
	}
	localpage.Answer(w, v, err != nil)
}

// act does what the page asks for.
func (p *Page) act(action string, m mark) (view, error) {
	switch action {
	case "judge":
		return p.judge(m)
	case "undo":
		return p.undo()
	case "skip":
		return p.skip(m.Question)
	case "finish":
		return p.finish()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view(), nil
}

// Serve shows the page until Done, or ctx ends, whose error it
// then returns. address is one of this machine's own, such as "127.0.0.1:0"; ready
// is told the page's address.
func (p *Page) Serve(ctx context.Context, address string, ready func(url string)) error {
	if err := localpage.CheckAddress(address); err != nil {
		return err
	}
	return p.site.Serve(ctx, address, p, p.Done(), ready)
}
