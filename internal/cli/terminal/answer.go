package terminal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/polymath-lm/polymath"
)

// answer is one being written.
type answer struct {
	pieces  chan piece
	cancel  context.CancelFunc
	stopped bool   // by the user
	text    string // so far
	shown   int    // bytes of text that are in the scrollback
	tokens  int
	reading *polymath.Progress // until the prompt is read
	begun   time.Time          // the first token
	latest  time.Time          // the last one so far
}

// pieces are the next ones of an answer; ended says that it is complete.
type pieces struct {
	of    *answer
	all   []piece
	ended bool
}

// ask begins the answer to what was said.
func (u *ui) ask() tea.Cmd {
	ctx, cancel := context.WithCancel(u.ctx)
	a := &answer{pieces: make(chan piece, 256), cancel: cancel}
	u.answer = a
	next := u.session.answer(ctx)
	go func() {
		defer close(a.pieces)
		for p := range next {
			select {
			case a.pieces <- p:
			case <-u.ctx.Done(): // nobody reads any more
				return
			}
		}
	}()
	return a.wait
}

// wait returns the pieces that are there, and waits for the first.
func (a *answer) wait() tea.Msg {
	m := pieces{of: a}
	for p := range a.pieces {
		m.all = append(m.all, p)
		if len(a.pieces) == 0 {
			return m
		}
	}
	m.ended = true
	return m
}

// receive adds pieces to the answer.
func (u *ui) receive(m pieces) tea.Cmd {
	a := m.of
	if a != u.answer {
		return nil
	}
	for _, p := range m.all {
		if a.reading = p.reading; p.reading != nil {
			continue
		}
		if a.begun.IsZero() {
			a.begun = p.at
		}
		a.latest = p.at
		a.text += p.text
		a.tokens += p.tokens
		if p.err != nil || p.finish != "" {
			u.end(p)
			return nil
		}
	}
	if m.ended {
		u.end(piece{err: errors.New("the answer ended without a reason")})
		return nil
	}
	if whole, _ := cutBlocks(a.text[a.shown:]); whole != "" {
		u.queue = append(u.queue, u.markdown.render(whole), "")
		a.shown += len(whole)
	}
	return a.wait
}

// end takes the answer's last piece.
func (u *ui) end(last piece) {
	a := u.answer
	a.cancel()
	u.answer = nil
	if rest := a.text[a.shown:]; strings.TrimSpace(rest) != "" {
		u.queue = append(u.queue, u.markdown.render(rest), "")
	}
	u.status = a.rate()
	switch {
	case last.err == nil && last.finish == "length":
		u.note(fmt.Sprintf("(cut after %d tokens: /set max-tokens or the context window)", a.tokens))
	case a.stopped && last.err != nil:
		u.note("(stopped)")
		if a.text == "" {
			u.takeBack()
			return
		}
	case last.err != nil:
		u.refuse(last.err, a.text)
		return
	}
	if err := u.session.answered(a.text); err != nil {
		u.fail(err)
	}
	u.count()
}

// refuse reports an error. A message without any answer goes back to the input.
func (u *ui) refuse(err error, text string) {
	u.fail(err)
	if text != "" {
		if err := u.session.answered(text); err != nil {
			u.fail(err)
		}
		return
	}
	u.takeBack()
	if errors.Is(err, polymath.ErrContextWindow) {
		u.status = "shorten the message, or begin anew with /clear"
	}
}

// takeBack puts the message that was not answered back into the input, and its
// images to those that are attached.
func (u *ui) takeBack() {
	message, _ := u.session.unsay()
	u.session.images = append(imagesOf(message), u.session.images...)
	if u.input.Value() == "" {
		u.fill(textOf(message))
	}
}

// rate says how fast the answer came.
func (a *answer) rate() string {
	took := a.latest.Sub(a.begun)
	if took <= 0 || a.tokens < 2 {
		return ""
	}
	return fmt.Sprintf("%.0f tokens/s", float64(a.tokens-1)/took.Seconds())
}

// count counts the conversation's tokens for the line of status.
func (u *ui) count() {
	used, _, err := u.session.tokens()
	if err == nil {
		u.used = used
	}
}
