package ui

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// shots is a folder for pictures of the page, or "" for none.
var shots = os.Getenv("POLYMATH_SHOTS")

// browser is one Chromium for all tests; nil where there is none.
var browser context.Context

func TestMain(m *testing.M) {
	os.Exit(func() int {
		at := chromium()
		if at == "" {
			return m.Run()
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(at), chromedp.WindowSize(1280, 940))
		if os.Geteuid() == 0 {
			options = append(options, chromedp.NoSandbox) // Chromium refuses root otherwise
		}
		ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
		defer cancel()
		ctx, cancel = chromedp.NewContext(ctx)
		defer cancel()
		if err := chromedp.Do(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "%s does not start: %v\n", at, err)
			return 1
		}
		browser = ctx
		return m.Run()
	}())
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if at, err := exec.LookPath(name); err == nil {
			return at
		}
	}
	return ""
}

// tab is a page in a browser profile of its own. At the test's end it checks
// that no request left the origin and that the page raised no error.
type tab struct {
	*testing.T
	ctx context.Context
	api *api

	mu       sync.Mutex
	requests []string
	faults   []string
}

func open(t *testing.T, a *api) *tab {
	t.Helper()
	if testing.Short() {
		t.Skip("a test in a browser")
	}
	if browser == nil {
		t.Skip("no Chromium found: apt-get install chromium")
	}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	ctx, cancelTime := context.WithTimeout(ctx, 40*time.Second)
	p := &tab{T: t, ctx: ctx, api: a}
	t.Cleanup(func() {
		p.verify()
		cancelTime()
		cancel()
	})
	p.do()
	must(p, chromedp.Listen(ctx, p.listen))
	call(p, network.Enable, network.EnableParams{})
	call(p, log.Enable, cdp.Empty{})
	call(p, runtime.Enable, cdp.Empty{})
	p.load()
	return p
}

// load goes to the page and waits for its field.
func (p *tab) load() {
	p.Helper()
	p.do(chromedp.Navigate(p.api.server.URL + "/"))
	p.wait(`document.querySelector('#prompt')`)
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		p.requests = append(p.requests, e.URL)
	case *log.EventEntryAdded:
		if e.Entry.Source != "network" && (e.Entry.Level == "error" || e.Entry.Level == "warning") {
			p.faults = append(p.faults, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.faults = append(p.faults, text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			p.faults = append(p.faults, fmt.Sprint("console: ", len(e.Args), " ", string(e.Args[0].Value)))
		}
	}
}

func (p *tab) verify() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, address := range p.requests {
		if !strings.HasPrefix(address, p.api.server.URL+"/") && !strings.HasPrefix(address, "data:image/") && !strings.HasPrefix(address, "blob:"+p.api.server.URL) {
			p.Errorf("a request left the origin: %.200s", address)
		}
	}
	if len(p.requests) < 4 {
		p.Errorf("only %d requests were recorded", len(p.requests))
	}
	for _, f := range p.faults {
		p.Errorf("the page raised: %s", f)
	}
}

func must(p *tab, err error) {
	p.Helper()
	if err != nil {
		if shots != "" {
			p.shot("failed-" + strings.ReplaceAll(p.Name(), "/", "-"))
		}
		p.Fatal(err)
	}
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	must(p, chromedp.Do(p.ctx, steps...))
}

func call[P, R any](p *tab, command cdp.Command[P, R], parameters P) {
	p.Helper()
	_, err := chromedp.Call(p.ctx, command, parameters)
	must(p, err)
}

func eval[T any](p *tab, expression string) T {
	p.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		err = fmt.Errorf("%s: %w", expression, err)
	}
	must(p, err)
	return v
}

// wait polls until an expression is true.
func (p *tab) wait(expression string) {
	p.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !eval[bool](p, "Boolean("+expression+")") {
		if time.Now().After(deadline) {
			must(p, fmt.Errorf("still not so: %s\nthe page shows: %s", expression, eval[string](p, "document.querySelector('main').innerText")))
		}
		time.Sleep(15 * time.Millisecond)
	}
}

// text is an expression for the text of the last element that a selector finds.
func text(selector string) string {
	return fmt.Sprintf("([...document.querySelectorAll(%q)].at(-1)?.innerText ?? '')", selector)
}

// shows waits for a text in the last element of that kind.
func (p *tab) shows(selector, want string) {
	p.Helper()
	p.wait(fmt.Sprintf("%s.includes(%q)", text(selector), want))
}

// click clicks the last visible element that a selector finds, as a mouse does.
func (p *tab) click(selector string) {
	p.Helper()
	p.wait(fmt.Sprintf("[...document.querySelectorAll(%q)].at(-1)", selector))
	x, y := p.middle(selector)
	p.do(chromedp.MouseClickXY(x, y))
}

func (p *tab) middle(selector string) (x, y float64) {
	p.Helper()
	at := eval[[]float64](p, fmt.Sprintf(`(() => {
		const e = [...document.querySelectorAll(%q)].at(-1);
		e.scrollIntoView({block: 'nearest'});
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, selector))
	return at[0], at[1]
}

func (p *tab) hover(selector string) {
	p.Helper()
	x, y := p.middle(selector)
	p.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
}

// key presses keys as a keyboard does: a character belongs to the press of its
// key, so that a page which handles the press does not get the character too.
func (p *tab) key(keys string, modifiers ...chromedp.Modifier) {
	p.Helper()
	for _, r := range keys {
		var down *input.DispatchKeyEventParams
		for _, e := range kb.Encode(r) {
			for _, m := range modifiers {
				e.Modifiers |= int64(m)
			}
			switch {
			case e.Type == kb.KeyDown:
				down = e
				continue
			case e.Type == kb.KeyChar:
				if e.Modifiers&^int64(chromedp.ModifierShift) == 0 {
					down.Text, down.UnmodifiedText = e.Text, e.UnmodifiedText
				}
				continue
			}
			call(p, input.DispatchKeyEvent, *down)
			call(p, input.DispatchKeyEvent, *e)
		}
	}
}

// write inserts text where the focus is.
func (p *tab) write(text string) {
	p.Helper()
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// send writes a message and sends it.
func (p *tab) send(text string) {
	p.Helper()
	p.click("#prompt")
	p.write(text)
	p.key(kb.Enter)
}

// ask sends a message and waits for its answer's end.
func (p *tab) ask(text, want string) {
	p.Helper()
	p.send(text)
	p.shows(".markdown", want)
	p.idle()
}

func (p *tab) idle() {
	p.Helper()
	p.wait(`!document.querySelector('[aria-label="Stop"]')`)
}

func (p *tab) prefer(theme string) {
	p.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
}

// shot keeps a picture of the page where pictures are wanted.
func (p *tab) shot(name string) {
	p.Helper()
	if shots == "" {
		return
	}
	time.Sleep(150 * time.Millisecond) // fonts and the last frame
	r, err := chromedp.Call(p.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	if err == nil {
		err = os.WriteFile(filepath.Join(shots, name+".png"), r.Data, 0o644)
	}
	if err != nil {
		p.Fatal(err)
	}
}
