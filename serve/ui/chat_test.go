package ui

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestStreamingAppearsAsItComes(t *testing.T) {
	a := newAPI(t, map[string]func(*answer){"go": func(s *answer) {
		s.say("one ")
		s.wait()
		s.say("two ")
		s.wait()
		s.say("three")
		s.finish("stop")
	}})
	p := open(t, a)
	p.send("go")
	p.shows(".markdown", "one")
	p.wait(`document.querySelector('[aria-label="Stop"]') && document.querySelector('[aria-busy=true]')`)
	if eval[bool](p, text(".markdown")+`.includes("two")`) {
		t.Error("two is there before it was sent")
	}
	a.release(t)
	p.shows(".markdown", "one two")
	a.release(t)
	p.shows(".markdown", "one two three")
	p.idle()
	p.shows(".figures", "tokens/s")
	p.shows(".figures", "3 tokens")
	p.wait(`document.querySelector('[role=meter]').ariaValueText === '103 of 4096 tokens'`)
	p.wait(`document.querySelector('[aria-live=polite]').textContent === 'Answer: one two three'`)
	q := a.seen()[0]
	if q.Model != "tiny" || !q.Stream || q.StreamOptions["include_usage"] != true || q.Logprobs || len(q.all) != 5 || q.all["return_progress"] != true {
		t.Errorf("the request is %v", q.all)
	}
}

func TestStop(t *testing.T) {
	left := make(chan bool, 2)
	a := newAPI(t, map[string]func(*answer){"go": func(s *answer) {
		s.say("begun ")
		left <- !s.wait()
	}})
	p := open(t, a)
	for _, stop := range []func(){
		func() { p.click(`[aria-label="Stop"]`) },
		func() { p.key(kb.Escape) },
	} {
		p.send("go")
		p.wait(`document.querySelector('[aria-label="Stop"]')`)
		p.shows(".markdown", "begun")
		stop()
		p.idle()
		if !<-left {
			t.Error("the server was not told")
		}
		p.shows("article", "Stopped.")
		p.shows(".markdown", "begun")
	}
	p.ask("still there?", "echo: still there?")
	if q := a.seen()[2]; len(q.Messages) != 5 || q.Messages[1].Content != "begun " {
		t.Errorf("after two stops the messages are %v", q.Messages)
	}
}

func TestEditMakesABranch(t *testing.T) {
	p := open(t, newAPI(t, nil))
	p.ask("first", "echo: first")
	p.ask("second", "echo: second")
	p.click(`.user:first-child [aria-label="Edit the message"]`)
	p.wait(`document.activeElement.ariaLabel === 'Edit the message' && document.activeElement.value === 'first'`)
	p.write(" edited")
	p.key(kb.Enter)
	p.shows(".markdown", "echo: first edited")
	p.idle()
	if n := eval[int](p, `document.querySelectorAll('article').length`); n != 2 {
		t.Errorf("%d messages after the edit of the first", n)
	}
	if q := p.api.seen()[2]; len(q.Messages) != 1 {
		t.Errorf("the edited message was sent with %v", q.Messages)
	}
	p.shows(".branch", "2/2")
	p.click(`[aria-label="Previous version"]`)
	p.shows(".branch", "1/2")
	p.shows(".markdown", "echo: second")
	p.wait(`document.querySelectorAll('article').length === 4`)
	p.click(`[aria-label="Next version"]`)
	p.shows(".markdown", "echo: first edited")

	p.click(`[aria-label="Edit the message"]`)
	p.write("never sent")
	p.key(kb.Escape)
	p.wait(`document.activeElement.ariaLabel === 'Edit the message' && document.activeElement.tagName === 'BUTTON'`)
	if n := len(p.api.seen()); n != 3 {
		t.Errorf("%d requests after an edit that was given up", n)
	}
}

func TestRegenerate(t *testing.T) {
	n := 0
	a := newAPI(t, map[string]func(*answer){"roll": func(s *answer) {
		n++
		s.say(map[int]string{1: "heads", 2: "tails"}[n])
		s.finish("stop")
	}})
	p := open(t, a)
	p.ask("roll", "heads")
	p.click(`[aria-label="Regenerate"]`)
	p.shows(".markdown", "tails")
	p.idle()
	p.shows(".branch", "2/2")
	p.click(`[aria-label="Previous version"]`)
	p.shows(".markdown", "heads")
	if q := a.seen()[1]; len(q.Messages) != 1 {
		t.Errorf("the second answer was asked with %v", q.Messages)
	}
}

func TestReloadKeepsTheConversation(t *testing.T) {
	a := newAPI(t, map[string]func(*answer){"slow": func(s *answer) {
		s.say("half an ")
		s.wait()
	}})
	p := open(t, a)
	p.ask("remember me", "echo: remember me")
	p.click(`[aria-label="Regenerate"]`)
	p.shows(".branch", "2/2")
	p.idle()
	p.click(`[aria-label="Previous version"]`)
	p.shows(".branch", "1/2")
	p.load()
	p.shows(".user", "remember me")
	p.shows(".branch", "1/2")
	p.shows("nav", "remember me")

	p.send("slow")
	p.shows(".markdown", "half an")
	p.load()
	p.shows(".user", "slow")
	p.shows(".failure", "page was closed before")
}

func TestNewChatAndList(t *testing.T) {
	p := open(t, newAPI(t, nil))
	p.ask("about whales", "echo: about whales")
	p.key("O", chromedp.ModifierCtrl, chromedp.ModifierShift)
	p.wait(`document.querySelectorAll('article').length === 0 && document.activeElement.id === 'prompt'`)
	p.ask("about <b>tables</b>", "echo: about")
	p.wait(`document.querySelectorAll('nav li').length === 2`)
	p.shows("nav li:first-child", "about <b>tables</b>")

	p.key("k", chromedp.ModifierCtrl)
	p.write("echo whale")
	p.wait(`document.querySelectorAll('nav li').length === 1`)
	p.shows("nav li", "about whales")
	p.click("nav li .title")
	p.shows(".user", "about whales")

	p.click(`nav [aria-label="Rename about whales"]`)
	p.wait(`document.activeElement.ariaLabel === 'New name'`)
	p.write("Sea mammals")
	p.key(kb.Enter)
	p.shows("nav li", "Sea mammals")

	p.click(`nav [aria-label="Delete Sea mammals"]`)
	p.wait(`document.querySelectorAll('nav li').length === 0 && document.querySelectorAll('article').length === 0`)
	p.shows(".toast", "Deleted “Sea mammals”.")
	p.click(".toast .act")
	p.shows(".user", "about whales")
	p.load()
	p.wait(`document.querySelectorAll('nav li').length === 2`)
	p.shows("nav", "Sea mammals")
}

func TestKeyboardAlone(t *testing.T) {
	p := open(t, newAPI(t, nil))
	p.wait(`document.activeElement.id === 'prompt'`)
	p.write("line one")
	p.key(kb.Enter, chromedp.ModifierShift)
	p.write("line two")
	p.key(kb.Enter)
	p.shows(".markdown", "line two")
	p.idle()
	if got := p.api.seen()[0].text(); got != "line one\nline two" {
		t.Errorf("sent %q", got)
	}
	p.wait(`document.activeElement.id === 'prompt'`)

	// Backwards from the field to the answer's buttons, by Tab alone.
	focused := func() string { return eval[string](p, `document.activeElement.ariaLabel ?? ''`) }
	for range 6 {
		if focused() == "Regenerate" {
			break
		}
		p.key(kb.Tab, chromedp.ModifierShift)
	}
	if focused() != "Regenerate" {
		t.Fatalf("Tab does not reach the answer, it is at %q", focused())
	}
	if eval[string](p, `getComputedStyle(document.activeElement).outlineStyle`) == "none" {
		t.Error("the focus is not seen")
	}
	p.key(" ")
	p.shows(".branch", "2/2")
	p.idle()
	eval[bool](p, `document.activeElement.blur() ?? true`)
	p.key("/")
	p.wait(`document.activeElement.id === 'prompt' && document.activeElement.value === ''`)
	eval[bool](p, `document.activeElement.blur() ?? true`)
	p.key("?", chromedp.ModifierShift)
	p.wait(`document.querySelector('dialog[open]')`)
	p.shows("dialog", "Ctrl")
	p.shot("help")
	p.key(kb.Escape)
	p.wait(`!document.querySelector('dialog')`)
}

func TestLongAnswerDoesNotFightTheReader(t *testing.T) {
	a := newAPI(t, map[string]func(*answer){"long": func(s *answer) {
		for range 60 {
			s.say("a line\n\n")
		}
		s.wait()
		for range 20 {
			s.say("another line\n\n")
		}
		s.wait()
		s.say("the end")
		s.finish("stop")
	}})
	p := open(t, a)
	const gap = `(() => { const s = document.querySelector('.scroller'); return s.scrollHeight - s.scrollTop - s.clientHeight })()`
	p.send("long")
	p.wait(`document.querySelectorAll('.block').length === 60 && ` + gap + ` < 5`)
	eval[bool](p, `(window.kept = document.querySelector('.block').firstChild).isConnected`)
	eval[bool](p, `(document.querySelector('.scroller').scrollTop = 200) > 0`)
	p.wait(`document.querySelector('[aria-label="To the end"]')`)
	a.release(t)
	p.wait(`document.querySelectorAll('.block').length === 80`)
	if top := eval[float64](p, `document.querySelector('.scroller').scrollTop`); top != 200 {
		t.Errorf("the reader was moved to %v", top)
	}
	p.click(`[aria-label="To the end"]`)
	p.wait(gap + ` < 5 && !document.querySelector('[aria-label="To the end"]')`)
	a.release(t)
	p.shows(".markdown", "the end")
	p.wait(gap + ` < 5`)
	p.idle()
	if !eval[bool](p, `window.kept.isConnected`) {
		t.Error("what had been there was rendered anew, and a selection in it lost")
	}
}
