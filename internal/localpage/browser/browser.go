// Package browser holds a page in a browser, for tests.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Tab is a page in a browser. Its methods fail the test where they cannot do what
// they say.
type Tab struct {
	*testing.T
	ctx context.Context
}

// patience is how long something may take that a page is to do.
const patience = 20 * time.Second

// Open starts Chromium; the test is skipped where there is none. Faults that the
// page raises fail the test, and so do a dialog and a request that leaves its server.
func Open(t *testing.T, url string) *Tab {
	t.Helper()
	if testing.Short() {
		t.Skip("a test in a browser")
	}
	at, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no Chromium found: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(at), chromedp.WindowSize(1100, 900))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses root otherwise
	}
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	p := &Tab{t, ctx}
	p.do()
	p.watch(url)
	call(p, network.Enable, network.EnableParams{})
	call(p, log.Enable, cdp.Empty{})
	call(p, runtime.Enable, cdp.Empty{})
	p.do(chromedp.Navigate(url))
	return p
}

// watch fails the test for what a page must not do.
func (p *Tab) watch(url string) {
	err := chromedp.Listen(p.ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, url) {
				p.Errorf("a request for %.100s", e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			p.Errorf("the page raised: %s", e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			if e.Entry.Source != "network" {
				p.Errorf("the browser says: %s", e.Entry.Text)
			}
		case *cdppage.EventJavascriptDialogOpening:
			p.Errorf("a dialog opens: %s", e.Message)
		}
	})
	if err != nil {
		p.Fatal(err)
	}
}

func call[P, R any](p *Tab, command cdp.Command[P, R], params P) R {
	p.Helper()
	r, err := chromedp.Call(p.ctx, command, params)
	if err != nil {
		p.Fatal(err)
	}
	return r
}

func (p *Tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.Fatal(err)
	}
}

func evaluate[T any](p *Tab, expression string) T {
	p.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.Fatal(err)
	}
	return v
}

// Wait polls until an expression of JavaScript is true.
func (p *Tab) Wait(expression string) {
	p.Helper()
	for deadline := time.Now().Add(patience); !evaluate[bool](p, "Boolean("+expression+")"); time.Sleep(15 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatalf("still not so: %s\nthe page shows: %s", expression, evaluate[string](p, "document.body.innerText"))
		}
	}
}

// Key presses keys one after the other.
func (p *Tab) Key(keys string) {
	p.Helper()
	for _, r := range keys {
		var down *input.DispatchKeyEventParams
		for _, e := range kb.Encode(r) {
			switch e.Type {
			case kb.KeyDown:
				down = e
			case kb.KeyChar:
				down.Text, down.UnmodifiedText = e.Text, e.UnmodifiedText
			default:
				call(p, input.DispatchKeyEvent, *down)
				call(p, input.DispatchKeyEvent, *e)
			}
		}
	}
}

// Click clicks in the middle of an element, which it scrolls to.
func (p *Tab) Click(id string) {
	p.Helper()
	at := evaluate[[]float64](p, fmt.Sprintf(`(() => {
		const e = document.getElementById(%q);
		e.scrollIntoView({block: 'nearest'});
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, id))
	p.do(chromedp.MouseClickXY(at[0], at[1]))
}

// Looks holds the page against a light and a dark theme at a wide and a narrow
// width: nothing may be wider than the window. The environment variable
// POLYMATH_SHOTS names a folder for pictures, whose names begin with name.
func (p *Tab) Looks(name string) {
	p.Helper()
	for _, theme := range []string{"light", "dark"} {
		call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
		})
		for _, width := range []int64{390, 1100} {
			p.do(chromedp.EmulateViewport(width, 900))
			p.Wait(fmt.Sprintf("document.documentElement.scrollWidth <= %d", width))
			dir := os.Getenv("POLYMATH_SHOTS")
			if dir == "" {
				continue
			}
			shot := call(p, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{})
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", name, theme, width)), shot.Data, 0o644); err != nil {
				p.Fatal(err)
			}
		}
	}
}
