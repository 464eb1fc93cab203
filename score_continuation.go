package polymath

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/polymath-lm/polymath/infer"
)

// Continuation is what a text is worth to a model after another one.
type Continuation struct {
	// Tokens are those of the continuation, each with its log-probability given
	// all before it.
	Tokens []Token
	// Logprob is the natural logarithm of the continuation's probability: the sum
	// over Tokens, in order.
	Logprob float64
	// Greedy says that each token was the most probable one, the lowest id among
	// equals: greedy generation would write the continuation.
	Greedy bool
	// Cut is how many tokens at the beginning of the prompt had no room in the
	// window and were left out.
	Cut int
	// Usage counts prompt and continuation together as the prompt.
	Usage Usage
}

// ScoreContinuation returns the log-probability of continuation after prompt,
// by the rules of lm-evaluation-harness, with which scores are compared:
//
//   - White space at the end of prompt belongs to the continuation, because
//     tokens begin with spaces.
//   - Both are one text to the tokenizer. As many tokens as the prompt has by
//     itself, after what begins a text, are the prompt, and the rest is the
//     continuation, of which one token at least is left.
//   - A prompt that is empty, or white space, is what begins a text: the model's
//     own token for that, or else the one that ends a text, as between two
//     documents. Where a model has neither, the first token of the continuation
//     has nothing to follow: its Logprob is 0 and it does not count.
//   - Where both are too long the beginning of the prompt is left out. The last
//     token is not read, so the window has room for one token more.
//
// It differs in that a prompt comes after what begins a text if the model has
// that (their add_bos_token), and that names of special tokens are text.
//
// Equal texts give equal bits, alone or beside others, in any order, whatever is
// cached, on every machine. What prompts have in common is read once. An empty
// continuation is an error wrapping ErrPrompt, one that is longer than the window
// wraps ErrContextWindow; others are ErrBusy and ErrClosed, or are those of ctx.
func (m *Model) ScoreContinuation(ctx context.Context, prompt, continuation string) (Continuation, error) {
	if continuation == "" {
		return Continuation{}, fmt.Errorf("%w: the continuation is empty; give the text whose probability is wanted", ErrPrompt)
	}
	ids, from := m.splitContinuation(prompt, continuation)
	if n := len(ids) - from; n > m.window {
		return Continuation{}, &ContextWindowError{Window: m.window, Prompt: n, Most: m.window}
	}
	cut := max(0, len(ids)-(m.window+1))
	return m.scoreContinuation(ctx, ids[cut:], max(0, from-cut), cut)
}

// splitContinuation returns the tokens of both texts, and where those of the
// continuation begin.
func (m *Model) splitContinuation(prompt, continuation string) (ids []int32, from int) {
	bare := strings.TrimRightFunc(prompt, isSpace)
	continuation = prompt[len(bare):] + continuation
	ids = m.begin()
	if bare == "" {
		ids = m.beginOrEnd()
		from = len(ids)
		return m.appendText(ids, continuation), from
	}
	from = len(ids) + len(m.appendText(nil, bare))
	ids = m.appendText(ids, bare+continuation)
	return ids, min(from, len(ids)-1)
}

// beginOrEnd returns what begins a text, or what ends the one before it.
func (m *Model) beginOrEnd() []int32 {
	if begin := m.begin(); len(begin) > 0 || len(m.end) == 0 {
		return begin
	}
	return []int32{m.end[0]}
}

// isSpace reports whether Python's str.rstrip cuts r off.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// scoreContinuation scores the tokens of ids from position from on, of a text
// that has lost cut tokens.
func (m *Model) scoreContinuation(ctx context.Context, ids []int32, from, cut int) (Continuation, error) {
	r, err := m.scoreFrom(ctx, ids, from, 0, nil)
	c := Continuation{Cut: cut, Usage: *usage(r)}
	if err != nil {
		return c, err
	}
	c.add(m, r.PromptLogprobs)
	return c, nil
}

// add appends tokens that were scored. The first of a text has no
// log-probability.
func (c *Continuation) add(m *Model, tokens []infer.Token) {
	if c.Tokens == nil {
		c.Greedy = true
	}
	c.Tokens = append(c.Tokens, m.scored(tokens)...)
	for _, t := range tokens {
		if t.Position > 0 {
			c.Logprob += float64(t.Logprob)
			c.Greedy = c.Greedy && t.Greedy
		}
	}
}
