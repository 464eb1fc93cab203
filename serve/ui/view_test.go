package ui

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func waitFor(t *testing.T, file string) {
	t.Helper()
	for range 200 {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s never came", file)
}

func TestProbabilities(t *testing.T) {
	a := newAPI(t, map[string]func(*answer){"spell": func(s *answer) {
		s.sayWith("The ", 0.95, nil)
		s.sayWith("**straw", 0.3, map[string]float64{"**blue": 0.5, "**goose": 0.15})
		s.sayWith("berry** & ", 0.99, nil)
		s.sayWith("`x+1`", 0.6, nil)
		s.sayWith(" said \"ok\".\n\n```go\nfunc main", 0.05, map[string]float64{" ": 0.9})
		s.sayWith("() {}\n```\n\nso $x$ it ", 0.7, nil)
		s.sayWith("ends", 0.97, nil)
		s.finish("stop")
	}})
	p := open(t, a)
	p.ask("spell", "ends")
	p.click(`[aria-label="Probabilities"]`)
	p.wait(`document.querySelector('[aria-label="Probabilities"]').ariaPressed === 'true'`)
	if eval[bool](p, `document.querySelector('.token') !== null`) {
		t.Error("an answer without probabilities has tokens")
	}
	p.click(`[aria-label="Regenerate"]`)
	p.idle()
	if q := a.seen()[1]; !q.Logprobs || q.TopLogprobs != 5 {
		t.Errorf("asked %v", q.all)
	}
	p.wait(`document.querySelector('.token[data-token="0"]') && document.querySelector('.token[data-token="4"]') && document.querySelector('.token[data-token="6"]')`)
	got := eval[map[string]string](p, `Object.fromEntries([...document.querySelectorAll('.token')].map((e) => [e.textContent, e.dataset.token]))`)
	for piece, token := range map[string]string{"The ": "0", "straw": "1", "berry": "2", " & ": "2", "x+1": "3", ` said "ok".`: "4", "main": "4", "so ": "5", "ends": "6"} {
		if got[piece] != token {
			t.Errorf("%q belongs to token %q, want %s", piece, got[piece], token)
		}
	}
	p.hover(`.token[data-token="1"]`)
	p.shows("#alternatives", "30.0%")
	p.shows("#alternatives", "**blue")
	p.shows("#alternatives", "50.0%")
	p.shows("#alternatives", "in all 29.7%, 2 tokens")
	if first := eval[string](p, `document.querySelector('#alternatives li').innerText`); !strings.Contains(first, "blue") {
		t.Errorf("the likeliest is not first: %q", first)
	}
	p.shot("probabilities")
	p.hover("#prompt")
	p.wait(`!document.querySelector('#alternatives')`)

	// By keyboard: one stop of Tab, then the arrows.
	p.wait(`document.querySelectorAll('.token[tabindex="0"]').length === 1`)
	eval[bool](p, `document.querySelector('.token[tabindex="0"]').focus() ?? true`)
	p.shows("#alternatives", "95.0%")
	p.key(kb.ArrowRight)
	p.shows("#alternatives", "30.0%")
	p.wait(`document.activeElement.getAttribute('aria-describedby') === 'alternatives'`)
	p.key(kb.Escape)
	p.wait(`!document.querySelector('#alternatives')`)

	p.load() // they are kept with the conversation
	p.wait(`document.querySelectorAll('.token').length > 8`)
	p.click(`[aria-label="Probabilities"]`)
	p.wait(`!document.querySelector('.token')`)
}

const sample = "## Convolution\n\nFor signals $f$ and $g$ the **convolution** is\n\n$$(f * g)(t) = \\int_{-\\infty}^{\\infty} f(\\tau)\\,g(t-\\tau)\\,d\\tau$$\n\n" +
	"and its transform is the *product* of theirs: \\(\\mathcal F(f*g) = \\mathcal F f \\cdot \\mathcal F g\\). It costs $5, not $10.\n\n" +
	"1. Pad both to length `n`\n2. Transform, multiply, transform back\n   - done in place\n   - [x] tested\n\n" +
	"```go\n// Convolve returns the full convolution of f and g.\nfunc Convolve(f, g []float64) []float64 {\n\tout := make([]float64, len(f)+len(g)-1)\n\tfor i, a := range f {\n\t\tfor j, b := range g {\n\t\t\tout[i+j] += a * b // O(n²)\n\t\t}\n\t}\n\treturn out\n}\n```\n\n" +
	"| method | time | exact |\n|---|--:|:-:|\n| direct | 12.5 ms | yes |\n| FFT | 0.9 ms | no |\n\n> A quotation, with [a link](https://example.org/).\n"

func TestMarkdownMathematicsAndCode(t *testing.T) {
	a := newAPI(t, map[string]func(*answer){"explain convolution": func(s *answer) {
		s.say(strings.SplitAfter(sample, " ")...)
		s.finish("stop")
	}})
	p := open(t, a)
	p.send("explain convolution")
	p.shows(".markdown", "A quotation")
	p.idle()
	p.wait(`document.querySelectorAll('.markdown .katex').length === 4 && document.querySelectorAll('.katex-display').length === 1`)
	p.wait(`document.querySelector('.hljs-keyword') && document.querySelector('.markdown td[align=right]')`)
	p.shows(".markdown", "It costs $5, not $10.")
	if h := eval[float64](p, `document.querySelector('.katex .mfrac, .katex .mop').getBoundingClientRect().height`); h < 10 {
		t.Errorf("an integral sign %v pixels high: the styles of the mathematics are missing", h)
	}
	p.wait(`document.fonts.check('16px KaTeX_Main') && [...document.fonts].some((f) => f.family.includes('KaTeX') && f.status === 'loaded')`)
	eval[bool](p, `(navigator.clipboard.writeText = async (t) => { window.copied = t }) && true`)
	p.click(".code .copy")
	p.wait(`window.copied?.startsWith('// Convolve') && window.copied.includes('\tout := make')`)
	p.shows(".copy", "Copied")
	p.click(`[aria-label="Copy the answer"]`)
	p.wait(`window.copied.startsWith('## Convolution')`)
	eval[bool](p, `(document.querySelector('.scroller').scrollTop = 0) === 0`)
	p.shot("math-code-light")
	p.prefer("dark")
	p.shot("math-code-dark")
}

func TestSettingsAreSentAndKept(t *testing.T) {
	a := newAPI(t, nil)
	a.set("", `{"data":[{"id":"tiny","polymath":{"window":4096}},{"id":"large"}]}`)
	p := open(t, a)
	p.click(`[aria-label="Settings of this conversation"]`)
	p.wait(`document.querySelector('dialog[open]')`)
	for field, value := range map[string]string{"#system": "Answer in verse.", "#set-temperature": "0", "#set-top_p": "7", "#set-seed": "42", "#set-max_completion_tokens": "16"} {
		p.click(field)
		p.write(value)
	}
	p.shows("#hint-top_p", "not between 0 and 1")
	p.shot("settings")
	p.click("#set-top_p")
	p.key("\b")
	p.wait(`!document.querySelector('.bad')`)
	p.click("dialog .buttons button") // the last row's; then the defaults'
	p.wait(`document.querySelector('dialog[open]')`)
	eval[bool](p, `document.querySelector('dialog .buttons button').click() ?? true`)
	p.shows("dialog .buttons:not(.lower) button:first-child", "Kept")
	p.key(kb.Escape)
	p.wait(`!document.querySelector('dialog')`)
	eval[bool](p, `(() => { const s = document.querySelector('select'); s.value = 'large'; return s.dispatchEvent(new Event('change', {bubbles: true})) })()`)
	p.ask("hello", "echo: hello")
	p.key("O", chromedp.ModifierCtrl, chromedp.ModifierShift)
	p.ask("new", "echo: new")
	for i, q := range a.seen() {
		if q.all["temperature"] != 0.0 || q.all["seed"] != 42.0 || q.all["max_completion_tokens"] != 16.0 || q.all["top_p"] != nil || q.Messages[0].Content != "Answer in verse." || q.Model != "large" {
			t.Errorf("request %d: %v", i, q.all)
		}
	}
}
