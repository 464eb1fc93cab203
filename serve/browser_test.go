package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/polymath-lm/polymath/serve/ui"
)

// TestChatInBrowser shows a picture to a real model through the web chat, and asks
// what a word of the answer attends to: the page and the server agree. How the page
// looks and what it does otherwise is tested in package ui.
func TestChatInBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a test in a browser")
	}
	at := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); at == "" && err == nil {
			at = path
		}
	}
	if at == "" {
		t.Skip("no Chromium found: apt-get install chromium")
	}
	keys := filepath.Join(t.TempDir(), "keys.json")
	secret, _, err := AddKey(keys, "k", 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := siteOf(t, realModel(t, true), nil, func(o *Options) { o.UI, o.Keys = ui.Handler(), keys })
	ctx := browserTab(t, at)
	wait := func(expression string) {
		t.Helper()
		for range 1000 {
			ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		shown, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.querySelector('main').innerText"))
		t.Fatalf("still not so: %s\n%s", expression, shown)
	}
	do := func(script string) {
		t.Helper()
		wait("(() => {" + script + "; return true; })()")
	}
	// The seed makes it the same answer each time, the length a short one.
	preferences, _ := json.Marshal(map[string]any{"defaults": map[string]any{"sampling": map[string]any{"max_completion_tokens": 24, "seed": 3}}})
	step := func(a chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	step(chromedp.Navigate(s.URL + "/"))
	do(fmt.Sprintf(`localStorage.setItem('polymath.preferences', %q); localStorage.setItem('polymath.key', %q)`, preferences, secret))
	step(chromedp.Navigate(s.URL + "/"))
	wait(`document.querySelector('[aria-label="Attach a picture"]')`)
	file := filepath.Join(t.TempDir(), "picture.png")
	if err := os.WriteFile(file, []byte(pngFile(paint(60, 20, 3))), 0o600); err != nil {
		t.Fatal(err)
	}
	step(chromedp.SetUploadFiles(chromedp.CSS(`.composer input[type=file]`), []string{file}, chromedp.NodeReady))
	wait(`document.querySelector('.composer li img')`)
	do(`const area = document.querySelector('#prompt'); area.value = 'A stitch in time?'; area.dispatchEvent(new Event('input', {bubbles: true}))`)
	wait(`!document.querySelector('[aria-label="Send"]').disabled`)
	do(`document.querySelector('[aria-label="Send"]').click()`)
	wait(`document.querySelector('.figures')?.innerText.includes('24 tokens')`)
	do(`document.querySelector('button[aria-label="Attention to the pictures"]').click()`)
	wait(`document.querySelector('.markdown.looking .token')`)
	do(`document.querySelector('.token').click()`)
	wait(`document.querySelectorAll('canvas').length === 2 && document.querySelector('.caption')?.innerText.includes('% of its attention')`)
	models := s.do("GET", "/v1/models", "", "Authorization", "Bearer "+secret)
	if !strings.Contains(models.text, `"vision":true`) {
		t.Error(models.text)
	}
}

// browserTab is a page in a browser of its own.
func browserTab(t *testing.T, at string) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(at), chromedp.WindowSize(1000, 800))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses root otherwise
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start: %v", at, err)
	}
	return ctx
}
