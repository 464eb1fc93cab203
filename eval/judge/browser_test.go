package judge

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/polymath-lm/polymath/internal/localpage/browser"
)

// TestBrowser judges with the keyboard and the mouse: hostile texts stay texts,
// judgments can be taken back, and the page looks right.
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
	p := browser.Open(t, <-urls)
	count := func(want string) { t.Helper(); p.Wait(fmt.Sprintf("count.textContent === %q", want)) }
	count("0 of 3")
	p.Wait("answer.textContent.startsWith('<img src=x')")
	p.Wait("!document.querySelector('img') && !document.querySelector('fieldset b')")
	p.Wait("at('save').disabled")
	p.Looks("judge")
	p.Key(kb.Enter) // nothing is marked yet
	p.Key("1")
	p.Wait("document.querySelectorAll('[aria-pressed=true]').length === 1 && document.querySelectorAll('fieldset')[1].className === 'now'")
	p.Key("94") // there is no ninth level
	p.Wait("document.querySelectorAll('[aria-pressed=true]').length === 2 && !at('save').disabled")
	p.Key("n")
	p.Wait("document.activeElement === note")
	p.Key("su1")
	p.Key(kb.Enter)
	count("1 of 3")
	p.Key("u")
	count("0 of 3")
	p.Wait("note.value === 'su1' && document.querySelectorAll('[aria-pressed=true]').length === 2")
	p.Key(kb.Enter)
	count("1 of 3")
	p.Wait("(window.before = state.question) && at('save').disabled")
	p.Key("s")
	p.Wait("state.question !== window.before")
	for i := range 2 {
		p.Wait("at('save').disabled")
		p.Key("2")
		p.Wait("document.querySelectorAll('[aria-pressed=true]').length === 1")
		p.Key("0")
		p.Wait("!at('save').disabled")
		p.Click("save")
		count(fmt.Sprintf("%d of 3", i+2))
	}
	p.Wait("!end.hidden")
	p.Click("finish")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	p.Wait("document.body.innerText.includes('Thank you')")
	marks, err := readMarks(path)
	if err != nil || len(marks) != 3 || marks[0].Note != "su1" || marks[0].Shares[0] != 0.5 || marks[0].Shares[1] != 1 {
		t.Errorf("%+v, %v", marks, err)
	}
}
