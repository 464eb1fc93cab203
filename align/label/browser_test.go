package label

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/localpage/browser"
)

// hostile are texts that would do something if they were more than texts.
const (
	hostile = "<img src=x onerror=alert(1)>\n<script>alert(2)</script>\n"
	poem    = "A wren is a small brown bird with a short tail that it holds upright. It weighs about ten grams, sings louder than its size would let one think, and builds round nests of moss.\n\n"
)

// TestBrowser labels with the keyboard alone and then with the mouse: hostile texts
// stay texts, labels can be taken back, and the page looks right.
func TestBrowser(t *testing.T) {
	s := openWith(t, fileIn(t), 0, Options{Overlap: 2})
	for i := range 4 {
		p := Prompt{Messages: []chat.Message{
			chat.Text(chat.System, "You know birds."), chat.Text(chat.User, "Hello!"), chat.Text(chat.Assistant, "Hello. What would you like to know?"),
			chat.Text(chat.User, fmt.Sprintf("Name a bird, please, and tell me what it is like (%d). <b onclick=alert(3)>", i)),
		}}
		if _, err := s.Add(t.Context(), p, answers(hostile+strings.Repeat(poem, 1+3*i), fmt.Sprint("A bat. ", i))); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Minute)
	defer stop()
	urls, ended := make(chan string, 1), make(chan error, 1)
	page := NewPage(s, false)
	go func() { ended <- page.Serve(ctx, "127.0.0.1:0", func(url string) { urls <- url }) }()
	p := browser.Open(t, <-urls)
	count := func(want string) { t.Helper(); p.Wait(fmt.Sprintf("count.textContent === %q && !busy", want)) }
	seen := func() { t.Helper(); p.Wait("performance.now() - shownAt > guard") }

	count("0 of 4")
	p.Wait("document.querySelector('.sides').innerText.includes('<img src=x onerror=alert(1)>')")
	p.Wait("!document.querySelector('img') && !document.querySelector('section b') && document.querySelectorAll('script').length === 1")
	p.Wait("at('undo').disabled && document.querySelectorAll('[aria-pressed=true]').length === 0")
	p.Key("q")
	p.Key("p")
	p.Looks("label")
	p.Key("p") // a mark can be removed
	p.Wait("pressed('unsafe_left') && !pressed('made_up_right')")

	// Keys alone, with undo.
	p.Wait("(window.before = state.comparison) && true")
	seen()
	p.Key("1")
	p.Key("1") // twice by mistake: the next has not been seen
	count("1 of 4")
	p.Key("u")
	count("0 of 4")
	p.Wait("state.comparison === window.before && pressed('unsafe_left') && pressed('choice_left') && at('left').className === 'won'")
	p.Looks("label-undone")
	seen()
	p.Key(kb.ArrowRight)
	count("1 of 4")
	p.Wait("document.querySelectorAll('[aria-pressed=true]').length === 0 && (window.before = state.comparison)")
	p.Key("s")
	p.Wait("state.comparison !== window.before && !busy")
	seen()
	p.Key("x5") // no keys of the page
	p.Key("3")
	count("2 of 4")
	// By Tab and Enter.
	p.Wait("at('choice_both').focus() === undefined")
	seen()
	p.Key(kb.Enter)
	count("3 of 4")

	// The mouse.
	seen()
	p.Click("made_up_right")
	p.Wait("pressed('made_up_right')")
	p.Click("choice_left")
	count("4 of 4")
	p.Wait("!at('end').hidden && at('work').hidden && document.body.innerText.includes('Thank you')")
	page.Coming(true)

	// The second person in this browser, who agrees with nobody.
	p.Click("together")
	p.Wait("at('together').open || at('together').querySelector('summary').click() === undefined")
	p.Wait("at('summary').innerText.includes('4 of 8')")
	p.Looks("label-end")
	p.Click("leave")
	count("0 of 4")
	for i := range 4 {
		seen()
		p.Key("2")
		count(fmt.Sprintf("%d of 4", i+1))
	}
	p.Wait("document.body.innerText.includes('looks again by itself')")
	// What comes meanwhile is shown without being asked for.
	if _, err := s.Add(t.Context(), prompt("Late?"), answers("Yes.", "No.")); err != nil {
		t.Fatal(err)
	}
	count("4 of 5")
	p.Wait("at('messages').innerText.includes('Late?')")
	stop()
	<-ended
	p.Wait("performance.now() - shownAt > guard")
	p.Key("4")
	p.Wait("at('problem').textContent.startsWith('Not saved: ')")
	sum, err := s.Summary(context.Background())
	if err != nil || sum.Labels != 8 || sum.Labellers != 2 || sum.Agreement.Choice == nil {
		t.Errorf("%+v, %v", sum, err)
	}
}
