package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestThemes(t *testing.T) {
	p := open(t, newAPI(t, nil))
	ground := func() string { return eval[string](p, `getComputedStyle(document.body).backgroundColor`) }
	const light, dark = "rgb(255, 255, 255)", "rgb(23, 24, 27)"
	is := func(want string) {
		t.Helper()
		p.wait(`getComputedStyle(document.body).backgroundColor === '` + want + `'`)
	}
	p.prefer("light")
	is(light)
	p.prefer("dark")
	is(dark)
	p.click(`[aria-label="Light theme"]`)
	is(light)
	p.load()
	if got := ground(); got != light {
		t.Errorf("after a reload the ground is %s", got)
	}
	p.click(`[aria-label="Dark theme"]`) // what the system has: it is followed again
	is(dark)
	p.prefer("light")
	is(light)
}

// contrasts returns the texts whose contrast to their ground is below WCAG AA.
const contrasts = `(() => {
	const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return {rgb: m.slice(0, 3), a: m[3] ?? 1}; };
	const light = (c) => c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; })
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.a === 1) return c.rgb; } return [255, 255, 255]; };
	const bad = [];
	for (const e of document.querySelectorAll('body *')) {
		const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
		if (!own || !e.checkVisibility({visibilityProperty: true}) || e.closest(':disabled, .hidden, .katex-mathml')) continue;
		const [a, b] = [light(parse(getComputedStyle(e).color).rgb), light(ground(e))].sort((x, y) => y - x);
		if ((a + 0.05) / (b + 0.05) < 4.5) bad.push(e.className + ' ' + e.textContent.slice(0, 30) + ' ' + ((a + 0.05) / (b + 0.05)).toFixed(2));
	}
	return bad;
})()`

// nameless returns what can be operated and has no name for a screen reader.
const nameless = `[...document.querySelectorAll('button, input, textarea, select, a[href], img, dialog, nav')]
	.filter((e) => !e.closest('[aria-hidden=true]') && !(e.ariaLabel || e.innerText?.trim() || e.labels?.length || e.alt || e.getAttribute('aria-labelledby')))
	.map((e) => e.outerHTML.slice(0, 80))`

func TestContrastAndNames(t *testing.T) {
	a := newAPI(t, map[string]func(*answer){"all": func(s *answer) { s.say(strings.SplitAfter(sample, " ")...); s.finish("length") }})
	p := open(t, a)
	p.ask("first", "echo: first")
	p.key("O", chromedp.ModifierCtrl, chromedp.ModifierShift)
	p.send("all")
	p.shows("article", "Cut at the longest answer set.")
	p.wait(`document.querySelector('.hljs-keyword')`)
	p.click(`[aria-label="Settings of this conversation"]`)
	p.wait(`document.querySelector('dialog[open]')`)
	for _, theme := range []string{"light", "dark"} {
		p.prefer(theme)
		if bad := eval[[]string](p, contrasts); len(bad) > 0 {
			t.Errorf("%s: too little contrast: %q", theme, bad)
		}
	}
	if bad := eval[[]string](p, nameless); len(bad) > 0 {
		t.Errorf("without a name: %q", bad)
	}
}

func TestPhone(t *testing.T) {
	a := newAPI(t, map[string]func(*answer){"wide": func(s *answer) { s.say(sample + "\n\n" + strings.Repeat("long", 60)); s.finish("stop") }})
	p := open(t, a)
	p.do(chromedp.EmulateViewport(375, 700, chromedp.EmulateScale(2), chromedp.EmulateMobile, chromedp.EmulateTouch))
	p.load()
	fits := func() {
		t.Helper()
		p.wait(`document.documentElement.scrollWidth <= 375 && document.querySelector('.scroller').scrollWidth <= 375`)
	}
	tap := func(selector string) {
		t.Helper()
		p.wait(`document.querySelector('` + selector + `')`)
		x, y := p.middle(selector)
		p.do(chromedp.TapXY(x, y))
	}
	fits()
	p.shot("phone-empty")
	tap("#prompt")
	p.write("wide")
	tap(`[aria-label="Send"]`)
	p.shows(".markdown", "longlong")
	p.idle()
	fits()
	p.wait(`document.querySelector('.katex')`)
	p.shot("phone-answer")
	p.wait(`document.querySelector('nav').inert`)
	tap(`[aria-label="Conversations"][aria-expanded]`)
	p.wait(`!document.querySelector('nav').inert && document.querySelector('main').inert && document.activeElement.textContent.includes('New chat')`)
	time.Sleep(250 * time.Millisecond) // the drawer slides in
	p.shot("phone-drawer")
	p.key(kb.Escape)
	p.wait(`document.querySelector('nav').inert && document.activeElement.getAttribute('aria-label') === 'Conversations'`)
	tap(`[aria-label="New chat"]`)
	p.wait(`document.querySelectorAll('article').length === 0`)
	small := eval[[]string](p, `[...document.querySelectorAll('main button')].filter((e) => { const r = e.getBoundingClientRect(); return r.width < 32 || r.height < 32 }).map((e) => e.ariaLabel)`)
	if len(small) > 0 {
		t.Errorf("too small for a finger: %q", small)
	}
}
