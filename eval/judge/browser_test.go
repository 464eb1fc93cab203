package judge

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// tab is the page in a browser.
type tab struct {
	*testing.T
	ctx context.Context
}

func must[T any](t *tab) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// open starts Chromium; the test is skipped where there is none. Faults that the
// page raises fail the test, and so does a request that leaves its server.
func open(t *testing.T, url string) *tab {
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
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	p := &tab{t, ctx}
	p.do()
	err = chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if len(e.Request.URL) < len(url) || e.Request.URL[:len(url)] != url {
				t.Errorf("a request for %.100s", e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			t.Errorf("the page raised: %s", e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			if e.Entry.Source != "network" {
				t.Errorf("the browser says: %s", e.Entry.Text)
			}
		case *cdppage.EventJavascriptDialogOpening:
			t.Errorf("a script of an answer runs: %s", e.Message)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	must[cdp.Empty](p)(chromedp.Call(ctx, network.Enable, network.EnableParams{}))
	must[cdp.Empty](p)(chromedp.Call(ctx, log.Enable, cdp.Empty{}))
	must[cdp.Empty](p)(chromedp.Call(ctx, runtime.Enable, cdp.Empty{}))
	p.do(chromedp.Navigate(url))
	return p
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.Fatal(err)
	}
}

// wait polls until an expression is true.
func (p *tab) wait(expression string) {
	p.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(15 * time.Millisecond) {
		if must[bool](p)(chromedp.Run(p.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))) {
			return
		}
		if time.Now().After(deadline) {
			p.Fatalf("still not so: %s\nthe page shows: %s", expression, must[string](p)(chromedp.Run(p.ctx, chromedp.Evaluate[string]("document.body.innerText"))))
		}
	}
}

func (p *tab) key(keys string) {
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
				must[cdp.Empty](p)(chromedp.Call(p.ctx, input.DispatchKeyEvent, *down))
				must[cdp.Empty](p)(chromedp.Call(p.ctx, input.DispatchKeyEvent, *e))
			}
		}
	}
}

func (p *tab) count(want string) { p.Helper(); p.wait(fmt.Sprintf("count.textContent === %q", want)) }

// TestBrowser judges with the keyboard and the mouse: hostile texts stay texts,
// judgments can be taken back, and the page looks right. POLYMATH_SHOTS names a
// folder for pictures.
func TestBrowser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "marks.jsonl")
	list := questions(3)
	for i := range list {
		list[i].Answer = fmt.Sprintf("<img src=x onerror=alert(1)>\n<script>alert(2)</script> %d\n", i) + "A long line that goes on and on. "
		list[i].Criteria[0].Text = `<b onclick="alert(3)">is right</b>`
	}
	page, err := NewPage(path, list, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	urls, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- page.Serve(ctx, "127.0.0.1:0", func(url string) { urls <- url }) }()
	p := open(t, <-urls)
	p.count("0 of 3")
	p.wait("answer.textContent.startsWith('<img src=x')")
	p.wait("!document.querySelector('img') && !document.querySelector('fieldset b')")
	p.wait("at('save').disabled")
	for _, theme := range []string{"light", "dark"} {
		must[cdp.Empty](p)(chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
		}))
		for _, width := range []int64{1100, 390} {
			p.do(chromedp.EmulateViewport(width, 900))
			p.wait(fmt.Sprintf("document.documentElement.scrollWidth <= %d", width))
			if dir := os.Getenv("POLYMATH_SHOTS"); dir != "" {
				shot, err := chromedp.Call(p.ctx, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{})
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("judge-%s-%d.png", theme, width)), shot.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	p.key(kb.Enter) // nothing is marked yet
	p.key("1")
	p.wait("document.querySelectorAll('[aria-pressed=true]').length === 1 && document.querySelectorAll('fieldset')[1].className === 'now'")
	p.key("94") // there is no ninth level
	p.wait("document.querySelectorAll('[aria-pressed=true]').length === 2 && !at('save').disabled")
	p.key("n")
	p.wait("document.activeElement === note")
	p.key("su1")
	p.key(kb.Enter)
	p.count("1 of 3")
	p.key("u")
	p.count("0 of 3")
	p.wait("note.value === 'su1' && document.querySelectorAll('[aria-pressed=true]').length === 2")
	p.key(kb.Enter)
	p.count("1 of 3")
	p.wait("(window.before = state.question) && at('save').disabled")
	p.key("s")
	p.wait("state.question !== window.before")
	for i := range 2 {
		p.wait("at('save').disabled")
		p.key("2")
		p.wait("document.querySelectorAll('[aria-pressed=true]').length === 1")
		p.key("0")
		p.wait("!at('save').disabled")
		p.do(chromedp.MouseClickXY(centre(p, "save")))
		p.count(fmt.Sprintf("%d of 3", i+2))
	}
	p.wait("!end.hidden")
	p.do(chromedp.MouseClickXY(centre(p, "finish")))
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	p.wait("document.body.innerText.includes('Thank you')")
	marks, err := readMarks(path)
	if err != nil || len(marks) != 3 || marks[0].Note != "su1" || marks[0].Shares[0] != 0.5 || marks[0].Shares[1] != 1 {
		t.Errorf("%+v, %v", marks, err)
	}
}

func centre(p *tab, id string) (x, y float64) {
	p.Helper()
	at := must[[]float64](p)(chromedp.Run(p.ctx, chromedp.Evaluate[[]float64](fmt.Sprintf(`(() => {
		const e = document.getElementById(%q);
		e.scrollIntoView({block: 'nearest'});
		const r = e.getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, id))))
	return at[0], at[1]
}
