package report

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/task"
)

// tab is a report in Chromium. What the page complains of fails the test.
type tab struct {
	*testing.T
	ctx      context.Context
	mu       sync.Mutex
	requests []string
}

// open shows a report in a browser; the test is skipped where there is none.
func open(t *testing.T, d *Data) *tab {
	t.Helper()
	if testing.Short() {
		t.Skip("a test in a browser")
	}
	at, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no Chromium found: apt-get install chromium")
	}
	path := filepath.Join(t.TempDir(), "report.html")
	if err := Write(path, d); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(at))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses root otherwise
	}
	ctx, stop := context.WithTimeout(context.Background(), 90*time.Second)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	p := &tab{T: t, ctx: ctx}
	p.do(chromedp.Do(ctx))
	p.do(chromedp.Listen(ctx, p.listen))
	call(p, network.Enable, network.EnableParams{})
	call(p, log.Enable, cdp.Empty{})
	call(p, runtime.Enable, cdp.Empty{})
	p.do(chromedp.Do(ctx, chromedp.EmulateViewport(1280, 900), chromedp.Navigate("file://"+path)))
	p.wait(`document.querySelector('#browser:not([hidden]) .list > li')`)
	return p
}

func (p *tab) listen(event any) {
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.mu.Lock()
		p.requests = append(p.requests, e.Request.URL)
		p.mu.Unlock()
	case *cdppage.EventJavascriptDialogOpening:
		p.Errorf("a script runs: %s", e.Message)
	case *log.EventEntryAdded:
		p.Errorf("the browser says: %s", e.Entry.Text)
	case *runtime.EventExceptionThrown:
		p.Errorf("the script fails: %s", e.ExceptionDetails.Text)
	}
}

func (p *tab) do(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func call[P, R any](p *tab, command cdp.Command[P, R], parameters P) R {
	p.Helper()
	r, err := chromedp.Call(p.ctx, command, parameters)
	p.do(err)
	return r
}

func value[T any](p *tab, expression string) T {
	p.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return v
}

func (p *tab) wait(expression string) {
	p.Helper()
	for deadline := time.Now().Add(15 * time.Second); !value[bool](p, "Boolean("+expression+")"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatalf("still not so: %s\nthe page shows: %s", expression, value[string](p, `document.querySelector('#items').innerText.slice(0, 2000)`))
		}
	}
}

// set chooses in the n-th select of the filter the option whose text begins so.
func (p *tab) set(label, option string) {
	p.Helper()
	p.wait(fmt.Sprintf(`(() => {
		const s = [...document.querySelectorAll('.filter label')].find((l) => l.firstChild.data === %q).querySelector('select');
		const o = [...s.options].find((o) => o.text.startsWith(%q));
		if (!o) return false;
		s.value = o.value;
		s.dispatchEvent(new Event('change'));
		return true;
	})()`, label, option))
}

// found waits for the number of items that fit.
func (p *tab) found(n int) {
	p.Helper()
	want := fmt.Sprintf("of %d", n)
	if n == 0 {
		want = "nothing fits"
	}
	p.wait(fmt.Sprintf(`!document.querySelector('.list[aria-busy]') && document.querySelector('[role=status]').textContent.replaceAll(',', '').endsWith(%q)`, want))
}

// shot keeps a picture where POLYMATH_SHOTS names a folder: of the whole page, or of
// one element.
func (p *tab) shot(name, selector string) {
	p.Helper()
	dir := os.Getenv("POLYMATH_SHOTS")
	if dir == "" {
		return
	}
	time.Sleep(150 * time.Millisecond)
	box := value[[]float64](p, fmt.Sprintf(`(() => { const r = document.querySelector(%q).getBoundingClientRect(); return [r.x + scrollX, r.y + scrollY, r.width, r.height]; })()`, selector))
	r := call(p, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{
		CaptureBeyondViewport: new(true), Clip: &cdppage.Viewport{X: box[0], Y: box[1], Width: box[2], Height: min(box[3], 3000), Scale: 1},
	})
	p.do(os.WriteFile(filepath.Join(dir, name+".png"), r.Data, 0o644))
}

func (p *tab) prefer(theme string) {
	p.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
}

// contrasts returns the texts whose contrast to their ground is below WCAG AA. Grounds
// that are mixed of two colors are left out.
const contrasts = `(() => {
	const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return {rgb: m.slice(0, 3), a: c.startsWith('color') ? 0 : m[3] ?? 1}; };
	const light = (c) => c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; })
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c.rgb; } return [255, 255, 255]; };
	const bad = [];
	for (const e of document.querySelectorAll('body *')) {
		const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
		if (!own || !e.checkVisibility({visibilityProperty: true}) || e.closest(':disabled, .hidden, svg')) continue;
		const [a, b] = [light(parse(getComputedStyle(e).color).rgb), light(ground(e))].sort((x, y) => y - x);
		if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(e.className + ' ' + e.textContent.slice(0, 30) + ' ' + ((a + 0.05) / (b + 0.05)).toFixed(2));
	}
	return bad;
})()`

// tooWide are the first elements that end right of the screen.
const tooWide = `[...document.querySelectorAll('main *')].filter((e) => e.checkVisibility() && !e.closest('.scroll, .hidden') && e.getBoundingClientRect().right > innerWidth + 1)
	.slice(0, 5).map((e) => e.outerHTML.slice(0, 120))`

// TestBrowser opens the comparison of two hostile runs: it asks for nothing, nothing
// of it runs, it is no wider than the screen, and its texts can be read.
func TestBrowser(t *testing.T) {
	p := open(t, two(t, 120, hostile))
	for _, theme := range []string{"light", "dark"} {
		p.prefer(theme)
		for _, width := range []int64{1280, 390} {
			p.do(chromedp.Do(p.ctx, chromedp.EmulateViewport(width, 900)))
			value[bool](p, `(document.querySelectorAll('details').forEach((d) => d.open = true), true)`)
			p.wait(`document.querySelector('.item .choices')`)
			if wide := value[int64](p, "document.documentElement.scrollWidth"); wide > width {
				t.Errorf("on a screen of %d the page is %d wide: %q", width, wide, value[[]string](p, tooWide))
			}
			if bad := value[[]string](p, contrasts); len(bad) > 0 {
				t.Errorf("%s: cannot be read well: %q", theme, bad)
			}
		}
	}
	if nameless := value[[]string](p, `[...document.querySelectorAll('button, input, select, a[href], nav, svg[role], table, form, pre[tabindex]')]
		.filter((e) => !(e.ariaLabel || e.innerText?.trim() || e.labels?.length || e.caption?.textContent.trim())).map((e) => e.outerHTML.slice(0, 80))`); len(nameless) > 0 {
		t.Errorf("without a name for those who do not see: %q", nameless)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.requests) != 1 {
		t.Errorf("the page makes requests: %q", p.requests)
	}
}

// TestItems filters and opens items, with the mouse's events and the keyboard.
func TestItems(t *testing.T) {
	d := two(t, 120, "")
	p := open(t, d)
	p.found(480)
	right, onlyB := 0, 0
	theirs := map[string]bool{}
	for _, r := range d.Other.Records {
		theirs[r.Item] = r.Verdict.Right && r.Error == ""
	}
	for _, r := range d.Run.Records {
		if r.Task != "mmlu" {
			continue
		}
		if r.Verdict.Right {
			right++
		} else if theirs[r.Item] {
			onlyB++
		}
	}
	p.set("task", "MMLU")
	p.found(120)
	p.set("verdict", "right")
	p.found(right)
	p.set("verdict", "right in aligned only")
	p.found(onlyB)
	p.set("verdict", "found in the corpus")
	p.found(4)
	p.set("verdict", "all")
	p.set("section", "anatomy")
	p.found(24)
	p.set("section", "all")

	// A text that only one item has.
	item := d.Run.Records[77]
	if item.Task != "gsm8k_test" && item.Task != "lambada" && item.Task != "mmlu" {
		item = d.Run.Records[0]
	}
	p.set("task", "all")
	p.wait(`(document.querySelector('input[type=search]').focus(), true)`)
	p.do(chromedp.Do(p.ctx, chromedp.KeyEvent(strings.ToUpper(item.Item))))
	p.found(1)
	// It opens by the keyboard and shows what the model saw.
	p.wait(`(document.querySelector('.list summary').focus(), true)`)
	p.do(chromedp.Do(p.ctx, chromedp.KeyEvent(kb.Enter)))
	p.wait(`document.querySelector('.list details[open] .item')`)
	if got := value[string](p, `document.querySelector('.item pre').textContent`); got != item.Prompt {
		t.Errorf("the prompt is %q, want %q", got, item.Prompt)
	}
	if n := value[int](p, `document.querySelectorAll('.answers > div').length`); n != 2 {
		t.Errorf("%d answers, want those of both models", n)
	}

	// Tokens have their probability in a title.
	p.wait(`((e) => { e.value = ''; e.dispatchEvent(new Event('input')); return true; })(document.querySelector('input[type=search]'))`)
	p.set("task", "GSM8K")
	p.found(120)
	p.wait(`(document.querySelector('.list details').open = true)`)
	p.wait(`document.querySelector('.tok span[title*="probability"]')`)
	if got := value[string](p, `document.querySelector('.tok').textContent`); !strings.Contains(got, `\xe2\x82\xac`) {
		t.Errorf("parts of a character are not shown: %q", got)
	}
	p.wait(`([...document.querySelectorAll('.pager button')].at(-1).click(), true)`)
	p.wait(`document.querySelector('[role=status]').textContent.startsWith('51 to 100')`)
	p.set("verdict", "no verdict")
	p.wait(`[...document.querySelectorAll('.verdict')].every((e, i) => i % 2 || e.textContent.includes('no verdict'))`)
}

// TestShares: of a task normed by bytes the shares of the choices are of the normed
// scores, so that the chosen one's is the confidence.
func TestShares(t *testing.T) {
	d := &Data{Run: invented(3, 0.4, "m", "")}
	d.Run.Result.Tasks[0].Norm = task.NormBytes
	r := &d.Run.Records[0]
	r.Choices = []eval.ChoiceScore{
		{Text: "short", Logprob: -4, NumTokens: 2, NumBytes: 5},
		{Text: "much longer", Logprob: -5.5, NumTokens: 3, NumBytes: 11},
	}
	sure := 1 / (1 + math.Exp(-4./5+5.5/11))
	r.Answer, r.Confidence = "much longer", &sure
	p := open(t, d)
	p.set("task", "MMLU")
	p.found(3)
	p.wait(`(document.querySelector('.list details').open = true)`)
	p.wait(`document.querySelector('.choices')`)
	want := percent(sure)
	if got := value[string](p, `document.querySelector('.chosen td:nth-child(2)').textContent`); got != want {
		t.Errorf("the share of the chosen is %s, want %s", got, want)
	}
	if got := value[string](p, `document.querySelector('.choices th:nth-child(2)').textContent`); got != "share, per byte" {
		t.Errorf("it is called %q", got)
	}
	if got := value[string](p, `document.querySelector('.answers .pairs').textContent`); !strings.Contains(got, "confidence"+want) {
		t.Errorf("no confidence of %s: %q", want, got)
	}
}

// TestPromptEnd: a long prompt opens at its end, and says what the model did not see.
func TestPromptEnd(t *testing.T) {
	d := &Data{Run: invented(2, 0.4, "m", "")}
	for i := range d.Run.Records {
		r := &d.Run.Records[i]
		r.Prompt = strings.Repeat("Question: what?\nAnswer: that\n\n", 200) + r.Prompt
	}
	d.Run.Records[0].Cut = 1634
	p := open(t, d)
	p.wait(`(document.querySelectorAll('.list details').forEach((e) => { e.open = true; }), true)`)
	p.wait(`document.querySelectorAll('pre.prompt').length === 8`)
	if got := value[int](p, `[...document.querySelectorAll('pre.prompt')].filter((e) => e.scrollTop > 0 && e.scrollTop + e.clientHeight >= e.scrollHeight - 2).length`); got != 8 {
		t.Errorf("%d of 8 prompts are shown at their ends", got)
	}
	got := value[string](p, `[...document.querySelectorAll('.item > div > h4')].map((e) => e.textContent).filter((t) => t.startsWith('prompt')).join('|')`)
	if want := "prompt, the first 1,634 tokens not seen" + strings.Repeat("|prompt", 7); got != want {
		t.Errorf("the headings are %q, want %q", got, want)
	}
}

// TestPrint: what is closed is opened for print, but for the items and the lists of
// documents, which may take more pages than all else.
func TestPrint(t *testing.T) {
	p := open(t, two(t, 40, ""))
	p.wait(`(window.dispatchEvent(new Event('beforeprint')), true)`)
	if n := value[int](p, `document.querySelectorAll('main details:not([open]):not(.list details)').length`); n != 1 {
		t.Errorf("%d parts are closed, want the list of documents alone", n)
	}
	if n := value[int](p, `document.querySelectorAll('#contamination details[open], .list details[open]').length`); n != 0 {
		t.Errorf("%d lists are open", n)
	}
	p.wait(`(window.dispatchEvent(new Event('afterprint')), true)`)
}

// TestLook takes pictures, where POLYMATH_SHOTS names a folder for them.
func TestLook(t *testing.T) {
	dir := os.Getenv("POLYMATH_SHOTS")
	if dir == "" {
		t.Skip("POLYMATH_SHOTS names no folder for pictures")
	}
	for name, d := range map[string]*Data{"one": {Run: invented(200, 0.4, "/models/polymath-12m", "")}, "two": two(t, 300, "")} {
		p := open(t, d)
		for _, theme := range []string{"light", "dark"} {
			p.prefer(theme)
			for _, width := range []int64{1280, 390} {
				p.do(chromedp.Do(p.ctx, chromedp.EmulateViewport(width, 900)))
				at := fmt.Sprintf("%s-%d-%s", name, width, theme)
				p.set("task", "all")
				p.shot(at, "main")
				p.shot(at+"-calibration", "#calibration")
				p.shot(at+"-model", "#model")
				p.shot(at+"-contamination", "#contamination")
				for _, task := range []string{"MMLU", "GSM8K", "Encyclopedia"} {
					p.set("task", task)
					p.found(len(d.Run.Records) / 4)
					p.wait(`(document.querySelector('.list details').open = true)`)
					p.wait(`document.querySelector('.item')`)
					p.shot(at+"-items-"+task, "#items")
				}
			}
		}
		p.prefer("light")
		pdf := call(p, cdppage.PrintToPDF, cdppage.PrintToPDFParams{PrintBackground: new(true)})
		p.do(os.WriteFile(filepath.Join(dir, name+".pdf"), pdf.Data, 0o644))
	}
}
