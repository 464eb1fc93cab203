package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// browser starts Chromium for a test, which is skipped where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a test in a browser")
	}
	at, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no Chromium found: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(at))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses root otherwise
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	return ctx
}

// TestBrowser opens the page of hostile documents: it asks for nothing, nothing of
// it runs, and it is as wide as the screen. POLYMATH_SHOTS names a folder for
// pictures.
func TestBrowser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(render(t, big(1e9, hostile), hostile)), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.Do(ctx))
	requests := 0
	do(chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			requests++
		case *cdppage.EventJavascriptDialogOpening:
			t.Errorf("a script runs: %s", e.Message)
		case *log.EventEntryAdded:
			t.Errorf("the browser says: %s", e.Entry.Text)
		}
	}))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	do(err)
	_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	do(err)
	for _, width := range []int64{1280, 390} {
		do(chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate("file://"+path)))
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
		do(err)
		if wide > width {
			t.Errorf("on a screen of %d the page is %d wide", width, wide)
		}
		if dir := os.Getenv("POLYMATH_SHOTS"); dir != "" {
			shot, err := chromedp.Call(ctx, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{CaptureBeyondViewport: new(true)})
			do(err)
			do(os.WriteFile(filepath.Join(dir, fmt.Sprintf("report-%d.png", width)), shot.Data, 0o644))
		}
	}
	if requests != 2 {
		t.Errorf("the page was loaded twice, with %d requests", requests)
	}
}
