package eval

import (
	"context"
	"errors"
	"strings"

	"github.com/polymath-lm/polymath"
)

// ScoreBeginning implements BeginningScorer.
func (l *local) ScoreBeginning(ctx context.Context, text string, progress func(read, total int)) (Score, int, error) {
	c, _, err := l.m.ScoreBeginning(ctx, text, progress)
	score, err := scoreOf(c, err)
	read := 0
	for _, t := range score.Tokens {
		read += len(t.Text)
	}
	return score, max(0, len(text)-read), err
}

// whole writes on after what is not to be cut, and tells how far it is read.
func (l *local) whole(ctx context.Context, r *Request, o polymath.GenerateOptions) (Answer, error) {
	o.ShrinkToWindow, o.Progress = false, r.Progress != nil
	w := written{progress: r.Progress}
	var err error
	if len(r.Conversation.Messages) > 0 {
		for chunk, failed := range l.m.ChatStream(ctx, r.Conversation, polymath.ChatOptions{GenerateOptions: o}) {
			for _, e := range chunk.Events {
				w.text.WriteString(e.Content)
			}
			w.tokens, err = append(w.tokens, chunk.Tokens...), failed
			w.add(chunk.Progress, chunk.Finish, chunk.Usage)
		}
	} else {
		for chunk, failed := range l.m.Stream(ctx, r.Prompt, o) {
			w.text.WriteString(chunk.Text)
			if chunk.Token != nil {
				w.tokens = append(w.tokens, *chunk.Token)
			}
			err = failed
			w.add(chunk.Progress, chunk.Finish, chunk.Usage)
		}
	}
	if full := new(polymath.ContextWindowError); errors.As(err, &full) {
		err = &WindowError{Prompt: full.Prompt, Completion: full.Completion, Window: full.Window, Err: err}
	}
	return answerOf(w.text.String(), w.tokens, w.finish, w.usage, 0, o.Logprobs), err
}

// written is what came of a stream so far.
type written struct {
	text     strings.Builder
	tokens   []polymath.Token
	finish   string
	usage    polymath.Usage
	progress func(read, total int)
}

// add takes what a piece has beside its text.
func (w *written) add(p *polymath.Progress, finish string, u *polymath.Usage) {
	w.finish = finish
	if u != nil {
		w.usage = *u
	}
	if p != nil {
		w.progress(p.Read, p.Total)
	}
}
