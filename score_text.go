package polymath

import (
	"context"
	"fmt"
)

// ScoreText returns the log-probability of a text of any length, for perplexity
// and bits per byte. What fits into the window is scored as one, after what
// begins a text, as ScoreContinuation does for an empty prompt. Of a longer text
// each token is scored once, in windows of which each takes up where the last one
// ended: its tokens have at least overlap tokens before them, and those of the
// last window as many as there is room for. overlap is 1 to the window's length;
// 1, lm-evaluation-harness' rule (loglikelihood_rolling), reads the text once, half
// a window reads it twice and gives every token half a window of context at least.
//
// Continuation.Cut is 0, and Usage counts what was read in all windows. Equal
// texts give equal bits. An empty text, or an overlap that cannot be, is an error
// wrapping ErrPrompt; others are ErrBusy and ErrClosed, or are those of ctx.
func (m *Model) ScoreText(ctx context.Context, text string, overlap int) (Continuation, error) {
	if overlap < 1 || overlap > m.window {
		return Continuation{}, fmt.Errorf("%w: windows that overlap by %d tokens; give 1 to %d", ErrPrompt, overlap, m.window)
	}
	if text == "" {
		return Continuation{}, fmt.Errorf("%w: the text is empty", ErrPrompt)
	}
	ids := m.beginOrEnd()
	next := len(ids)
	ids = m.appendText(ids, text)
	var c Continuation
	for next < len(ids) {
		end := min(len(ids), m.window+1)
		if len(c.Tokens) > 0 {
			end = min(len(ids), next+m.window+1-overlap)
		}
		start := max(0, end-(m.window+1))
		r, err := m.scoreFrom(ctx, ids[start:end], next-start, 0, nil)
		c.Usage.PromptTokens += r.PromptTokens
		c.Usage.CachedTokens += r.CachedTokens
		c.Usage.QueueTime += r.QueueTime
		if err != nil {
			return c, err
		}
		c.add(m, r.PromptLogprobs)
		next = end
	}
	return c, nil
}

// ScoreBeginning is ScoreText for the beginning of a text, as many tokens as the
// window has room for, which are read as one: each has all those before it. left is
// how many tokens behind them were not scored. progress, if not nil, is told in the
// caller's goroutine how many tokens are read, of how many. Errors are those of
// ScoreText.
func (m *Model) ScoreBeginning(ctx context.Context, text string, progress func(read, total int)) (c Continuation, left int, err error) {
	if text == "" {
		return c, 0, fmt.Errorf("%w: the text is empty", ErrPrompt)
	}
	ids := m.beginOrEnd()
	from := len(ids)
	ids = m.appendText(ids, text)
	left = max(0, len(ids)-(m.window+1))
	var told func(read, total, cached int)
	if progress != nil {
		told = func(read, total, _ int) { progress(read, total) }
	}
	r, err := m.scoreFrom(ctx, ids[:len(ids)-left], from, 0, told)
	c.Usage = *usage(r)
	if err == nil {
		c.add(m, r.PromptLogprobs)
	}
	return c, left, err
}
