package ui

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// progress streams how much of the prompt is read.
func (s *answer) progress(processed, total, milliseconds int) {
	s.event(map[string]any{"choices": []any{}, "prompt_progress": map[string]any{"total": total, "cache": 0, "processed": processed, "time_ms": milliseconds}})
}

// paste pastes text into the field.
func (p *tab) paste(text string) {
	p.Helper()
	p.click("#prompt")
	quoted, err := json.Marshal(text)
	if err != nil {
		p.Fatal(err)
	}
	eval[bool](p, fmt.Sprintf(`(() => {
		const clipboardData = new DataTransfer();
		clipboardData.setData('text/plain', %s);
		document.activeElement.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}));
		return true;
	})()`, quoted))
}

// TestLongDocument pastes a document of 500 kB, with a question below it.
func TestLongDocument(t *testing.T) {
	document := strings.Repeat("It was a long book, and every line of it said the same.\n", 9000)
	text := document + "What does it say?"
	a := newAPI(t, map[string]func(*answer){text: func(s *answer) {
		s.progress(0, 126000, 0)
		s.progress(63000, 126000, 30_000)
		s.wait()
		s.progress(126000, 126000, 65_000)
		s.say("The same.")
		s.wait()
		s.finish("stop")
	}})
	a.set("", `{"data":[{"id":"tiny","polymath":{"window":131072}}]}`)
	p := open(t, a)
	began := time.Now()
	p.paste(document)
	p.write("What does it say?")
	p.key(kb.Enter)
	p.shows(".reading", "63,000 of 126,000 tokens, 2,100 a second")
	t.Logf("on its way after %v", time.Since(began))
	p.wait(`document.querySelector('[role=progressbar]').ariaValueText === '63,000 of 126,000 tokens' && Math.abs(document.querySelector('.reading i').getBoundingClientRect().width - document.querySelector('[role=progressbar]').getBoundingClientRect().width / 2) < 1`)
	p.wait(`!document.querySelector('.waiting')`)
	for _, theme := range []string{"light", "dark"} {
		p.prefer(theme)
		if bad := eval[[]string](p, contrasts); len(bad) > 0 {
			t.Errorf("%s: too little contrast: %q", theme, bad)
		}
		p.shot("reading-" + theme)
	}
	a.release(t)
	p.shows(".markdown", "The same.")
	p.wait(`!document.querySelector('.reading')`)
	a.release(t)
	p.idle()
	// The message stands there by its beginning and its end, and whole where that is wanted.
	p.wait(`document.querySelector('.bubble').textContent.length < 5000 && document.querySelector('.bubble').textContent.endsWith('What does it say?')`)
	p.click(".more")
	p.wait(`document.querySelector('.bubble').textContent.length > 500_000 && document.querySelector('.more').ariaExpanded === 'true'`)
	p.click(".more")
	p.wait(`document.querySelector('.bubble').textContent.length < 5000`)
	p.load() // what is kept is whole
	p.shows(".more", "Show all 504,017 characters")
	if got := a.seen()[0].text(); got != text {
		t.Errorf("%d bytes were sent of %d", len(got), len(text))
	}
	if n := len(a.seen()[0].text()); n < 500_000 {
		t.Errorf("only %d bytes", n)
	}
}

// TestStopWhileReading: an answer that has not begun can be stopped, and leaves no
// bar behind.
func TestStopWhileReading(t *testing.T) {
	left := make(chan bool, 1)
	a := newAPI(t, map[string]func(*answer){"go": func(s *answer) {
		s.progress(10, 1000, 2000)
		left <- !s.wait()
	}})
	p := open(t, a)
	p.send("go")
	p.shows(".reading", "10 of 1,000 tokens")
	p.do(chromedp.Focus(chromedp.CSS("#prompt")))
	p.click(`[aria-label="Stop"]`)
	p.idle()
	if !<-left {
		t.Error("the server was not told")
	}
	p.shows("article", "Stopped.")
	p.wait(`!document.querySelector('.reading')`)
}
