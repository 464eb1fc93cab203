package ui

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	download "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestServersErrorsAreShown(t *testing.T) {
	once := map[string]int{}
	fail := func(status int, retryAfter, body string) func(*answer) {
		return func(s *answer) {
			if once[s.request.text()]++; once[s.request.text()] > 1 {
				s.say("better now")
				s.finish("stop")
				return
			}
			if retryAfter != "" {
				s.w.Header().Set("Retry-After", retryAfter)
			}
			s.w.WriteHeader(status)
			io.WriteString(s.w, body)
		}
	}
	a := newAPI(t, map[string]func(*answer){
		"busy":  fail(503, "20", `{"error":{"message":"too many requests are waiting"}}`),
		"often": fail(429, "7", `{"error":{"message":"60 requests a minute are allowed"}}`),
		"proxy": fail(502, "", "<html>bad gateway</html>"),
		"inside": func(s *answer) {
			s.say("some ")
			s.event(map[string]any{"error": map[string]any{"message": "worker fell over"}})
		},
	})
	p := open(t, a)
	for message, want := range map[string][]string{
		"busy":   {"too many requests are waiting", "HTTP 503", "try again in "},
		"often":  {"60 requests a minute are allowed", "HTTP 429", "try again in "},
		"proxy":  {"Bad Gateway", "HTTP 502"},
		"inside": {"worker fell over"},
	} {
		p.send(message)
		for _, w := range want {
			p.shows(".failure", w)
		}
		p.wait(`document.querySelector('[aria-live=polite]').textContent.startsWith('The answer failed. ')`)
		p.idle()
		if message == "inside" {
			p.shows(".markdown", "some")
			p.key("O", chromedp.ModifierCtrl, chromedp.ModifierShift)
			continue
		}
		if message == "often" {
			p.shot("error")
		}
		p.click(".failure button")
		p.shows(".markdown", "better now")
		p.idle()
		p.wait(`!document.querySelector('.failure')`) // an empty failed answer leaves no branch
		p.key("O", chromedp.ModifierCtrl, chromedp.ModifierShift)
	}
}

// The same again would be as long as before.
func TestTooLongIsNotTriedAgain(t *testing.T) {
	a := newAPI(t, map[string]func(*answer){
		"long": func(s *answer) {
			refuse(s.w, 400, "prompt of 5000 tokens exceeds the window of 4096", "context_length_exceeded")
		},
	})
	a.set("", `{"data":[{"id":"tiny","polymath":{"window":4096}},{"id":"large","polymath":{"window":8192}}]}`)
	p := open(t, a)
	p.ask("short", "echo: short")
	p.send("long")
	p.shows(".failure", "prompt of 5000 tokens exceeds the window of 4096")
	p.shows(".failure", "Start a new chat, or edit a message above to make it shorter.")
	p.shows(".failure", "HTTP 400")
	p.shows(".failure button", "New chat")
	p.shot("too-long")
	// Another model may have room for it.
	choose := func(model string) {
		p.do(chromedp.SetValue(chromedp.CSS(`[aria-label="Model"]`), model))
		eval[bool](p, `document.querySelector('[aria-label="Model"]').dispatchEvent(new Event('change', {bubbles: true}))`)
	}
	choose("large")
	p.shows(".failure button", "Retry")
	choose("tiny")
	p.shows(".failure button", "New chat")
	p.load() // what is kept knows it too
	p.shows(".failure button", "New chat")
	p.click(".failure button")
	p.wait(`document.querySelectorAll('article').length === 0 && document.activeElement.id === 'prompt'`)
}

func TestLongestAnswerMayBeLowered(t *testing.T) {
	a := newAPI(t, map[string]func(*answer){
		"long": func(s *answer) {
			if s.request.all["max_completion_tokens"] == 5000.0 {
				refuse(s.w, 400, "you requested 5100 tokens", "context_length_exceeded")
				return
			}
			s.say("it fits")
			s.finish("stop")
		},
	})
	p := open(t, a)
	longest := func(tokens string) {
		p.click(`[aria-label="Settings of this conversation"]`)
		p.click("#set-max_completion_tokens")
		p.key("a", chromedp.ModifierCtrl)
		p.write(tokens)
		p.key(kb.Tab)
		p.key(kb.Escape)
		p.wait(`!document.querySelector('dialog[open]')`)
	}
	longest("5000")
	p.send("long")
	p.shows(".failure", "or lower the longest answer in the settings.")
	p.shows(".failure button", "New chat")
	longest("50")
	p.shows(".failure button", "Retry")
	p.click(".failure button")
	p.shows(".markdown", "it fits")
}

// An answer that was cut says by what.
func TestWindowIsFull(t *testing.T) {
	cut := func(pieces int) func(*answer) {
		return func(s *answer) {
			for range pieces {
				s.say("a ")
			}
			s.finish("length")
		}
	}
	a := newAPI(t, map[string]func(*answer){"fill": cut(28), "cut": cut(27)}) // the prompt has 100
	a.set("", `{"data":[{"id":"tiny","polymath":{"window":128}}]}`)
	p := open(t, a)
	p.send("cut")
	p.shows("article .note", "Cut at the longest answer set.")
	p.send("fill")
	p.shows("article .note", "The window is full. Start a new chat, or edit an earlier message.")
	p.idle()
	p.shot("full")
	p.load()
	p.shows("article .note", "The window is full.")
}

func TestServerGone(t *testing.T) {
	n := 0
	a := newAPI(t, map[string]func(*answer){
		"break": func(s *answer) {
			if n++; n > 1 {
				s.say("whole")
				s.finish("stop")
				return
			}
			s.say("the first half")
			s.wait()
			s.vanish()
		},
		"end early": func(s *answer) { s.say("no finish") },
	})
	p := open(t, a)
	p.send("break")
	p.shows(".markdown", "the first half")
	a.release(t)
	p.shows(".failure", "before the answer was finished")
	p.shows(".markdown", "the first half")
	p.shot("server-gone")
	p.click(".failure button")
	p.shows(".markdown", "whole")
	p.shows(".branch", "2/2") // the partial answer is kept

	p.send("end early")
	p.shows(".failure", "The server went away")
	p.shows(".markdown", "no finish")

	a.server.CloseClientConnections()
	a.server.Listener.Close()
	p.send("anyone?")
	p.shows(".failure", "The server cannot be reached.")
	p.shows(".user", "anyone?")
}

func TestKeyIsAskedFor(t *testing.T) {
	a := newAPI(t, nil)
	a.set("secret-1", tinyModels)
	p := open(t, a)
	p.shows("form", "")
	p.wait(`document.querySelector('[aria-label="API key"]')`)
	p.shot("key")
	use := func(key string) {
		p.click(`[aria-label="API key"]`)
		p.write(key)
		p.key(kb.Enter)
	}
	use("wrong")
	p.shows("#key-why", "did not accept")
	use("secret-1")
	p.wait(`!document.querySelector('[aria-label="API key"]')`)
	p.ask("hello", "echo: hello")
	if !eval[bool](p, `sessionStorage.getItem('polymath.key') === 'secret-1' && localStorage.getItem('polymath.key') === null`) {
		t.Error("the key is not where it should be")
	}
	p.load()
	p.ask("again", "echo: again")
	a.set("secret-2", tinyModels) // revoked while the page is open
	p.send("more")
	p.shows(".failure", "this server needs a key")
	p.wait(`document.querySelector('[aria-label="API key"]')`)
	p.click(`[type=checkbox]`)
	use("secret-2")
	p.wait(`localStorage.getItem('polymath.key') === 'secret-2'`)
}

// A database that opens late takes the focus from nobody who types a key.
func TestKeyKeepsTheFocus(t *testing.T) {
	a := newAPI(t, nil)
	a.set("secret", tinyModels)
	p := open(t, a)
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `Object.defineProperty(IDBOpenDBRequest.prototype, 'onsuccess', {
			set(f) { this.addEventListener('success', (e) => setTimeout(() => { f.call(this, e); window.late = true; }, 300)); },
		})`,
	})
	p.load()
	p.wait(`document.querySelector('[aria-label="API key"]')`)
	p.click(`[aria-label="API key"]`)
	p.write("sec")
	p.wait(`window.late`)
	time.Sleep(150 * time.Millisecond) // what follows it
	p.write("ret")
	p.key(kb.Enter)
	p.wait(`!document.querySelector('[aria-label="API key"]')`)
	if n := len(a.seen()); n > 0 {
		t.Errorf("%d requests: the key went into a message", n)
	}
}

func TestHostileAnswer(t *testing.T) {
	const hostile = "<script>window.hit=1</script> <img src=x onerror=\"window.hit=2\">\n\n" +
		"<img src=\"http://192.0.2.1/a.png\">\n\n![spy](http://192.0.2.1/b.png) [click](javascript:window.hit=3) " +
		"[data](data:text/html,<script>window.hit=4</script>) [ok](https://example.org/?a=\"b)\n\n" +
		"<iframe src=\"http://192.0.2.1/\"></iframe>\n\n<svg onload=window.hit=5><style>@import 'http://192.0.2.1/c.css';</style>\n\n" +
		"<a href=\"javascript:window.hit=6\" onclick=\"window.hit=7\">x</a> <form action=\"http://192.0.2.1\"><input autofocus onfocus=window.hit=8></form>\n\n" +
		"$\\href{javascript:window.hit=9}{x} \\includegraphics{http://192.0.2.1/d.png} \\htmlStyle{background:url(http://192.0.2.1/e)}{y}$\n\n" +
		"```\"><img src=x onerror=window.hit=10>\n</code></pre><img src=x onerror=window.hit=11>\n```\n\n" +
		"| a |\n|---|\n| <img src=x onerror=window.hit=12> |\n\n<sub onclick=window.hit=13>s</sub> <math><mi><style><img onerror=window.hit=14 src=x></style></mi></math>\n\nthe end"
	a := newAPI(t, map[string]func(*answer){"attack": func(s *answer) { s.say(strings.SplitAfter(hostile, " ")...); s.finish("stop") }})
	p := open(t, a)
	p.click(`[aria-label="Probabilities"]`)
	p.send("attack")
	p.shows(".markdown", "the end")
	p.idle()
	p.wait(`document.querySelector('.token') && document.querySelector('.katex')`)
	p.click(".markdown .token") // whatever hides in it
	if hit := eval[any](p, `window.hit ?? null`); hit != nil {
		t.Errorf("attack %v worked", hit)
	}
	for _, bad := range []string{"script", "img", "iframe", "style", "form", "input", "[onclick]", "[onerror]", "[onload]", "object", "embed"} {
		if n := eval[int](p, `document.querySelectorAll('.markdown `+bad+`').length`); n > 0 {
			t.Errorf("%d × %s in the answer", n, bad)
		}
	}
	links := eval[[]string](p, `[...document.querySelectorAll('.markdown a[href]')].map((a) => a.protocol + a.rel + a.target)`)
	if len(links) < 2 {
		t.Errorf("links: %q", links)
	}
	for _, l := range links {
		if !strings.Contains(l, "noopener") || !strings.HasPrefix(l, "http") || !strings.HasSuffix(l, "_blank") {
			t.Errorf("link %q", l)
		}
	}
	p.shows(".markdown", "<script>window.hit=1</script>") // as text
	p.shot("hostile")
}

func TestExportAndImport(t *testing.T) {
	folder := t.TempDir()
	p := open(t, newAPI(t, nil))
	if _, err := chromedp.CallBrowser(p.ctx, download.SetDownloadBehavior, download.SetDownloadBehaviorParams{
		Behavior: "allow", DownloadPath: folder, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	}); err != nil {
		t.Fatal(err)
	}
	p.ask("keep this", "echo: keep this")
	p.click(`[aria-label="Regenerate"]`)
	p.shows(".branch", "2/2")
	p.idle()
	p.click(`[aria-label="Export all conversations"]`)
	file := filepath.Join(folder, "conversations.json")
	waitFor(t, file)

	p.click(`nav [aria-label="Delete keep this"]`)
	p.wait(`document.querySelectorAll('nav li').length === 0`)
	upload := func(file string) {
		p.do(chromedp.SetUploadFiles(chromedp.CSS(`nav input[type=file]`), []string{file}, chromedp.NodeReady))
	}
	upload(file)
	p.shows(".toast", "Imported 1 conversation.")
	p.click("nav li .title")
	p.shows(".user", "keep this")
	p.shows(".branch", "2/2")
	upload(file) // again: a second one, the first stays
	p.wait(`document.querySelectorAll('nav li').length === 2`)

	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for broken, want := range map[string]string{
		"{":  "This file is not JSON.",
		"{}": "not an export",
		strings.Replace(string(data), `"role": "user"`, `"role": "root"`, 1): "conversations[0].messages[0].role is neither",
	} {
		bad := filepath.Join(folder, "bad.json")
		if err := os.WriteFile(bad, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		upload(bad)
		p.shows(".toasts", want)
	}
	p.wait(`document.querySelectorAll('nav li').length === 2`)
}

func TestNoListOfModels(t *testing.T) {
	a := newAPI(t, nil)
	a.set("", `{"data":[]}`)
	p := open(t, a)
	p.shows("[role=alert]", "The server has no model.")
	a.set("", `{"data":[{"id":"bare"}]}`) // without what only our server says
	p.click("[role=alert] button")
	p.wait(`!document.querySelector('[role=alert]')`)
	p.ask("hi", "echo: hi")
	if got := p.api.seen()[0].Model; got != "bare" {
		t.Errorf("asked the model %q", got)
	}
	p.wait(`!document.querySelector('[role=meter]')`)
	p.shows(".meter", "102 tokens")
}
