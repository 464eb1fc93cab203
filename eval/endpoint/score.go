package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/eval"
)

// errNoScores is wrapped where an API gives no log-probabilities of a prompt.
var errNoScores = errors.New("the endpoint gives no log-probabilities of a prompt (completions with echo and logprobs)")

// Score asks for the log-probabilities of both texts together, and takes those of the
// continuation. Where the API gives none for the first token of a text, that token of
// an empty prompt's continuation does not count. Of a text that is too long the beginning
// of the prompt is left out, in steps, and Cut is an estimate.
func (e *Endpoint) Score(ctx context.Context, prompt, continuation string) (eval.Score, error) {
	if e.score.why != "" {
		return eval.Score{}, fmt.Errorf("%w: %s", eval.ErrUnsupported, e.score.why)
	}
	cut := 0
	for {
		score, err := e.scoreWhole(ctx, prompt[cut:], continuation)
		var f *fault
		switch {
		case err == nil:
			score.Cut = tokensOf(cut)
			return score, nil
		case !errors.As(err, &f) || !f.window():
			return eval.Score{}, err
		case cut == len(prompt):
			return eval.Score{}, fmt.Errorf("%w: %w", eval.ErrWindow, err)
		}
		cut = further(prompt, cut)
	}
}

// further is where a prompt that is too long begins next: an eighth of it later.
func further(prompt string, cut int) int {
	cut = min(cut+max(len(prompt)/8, 1), len(prompt))
	for cut < len(prompt) && !utf8.RuneStart(prompt[cut]) {
		cut++
	}
	return cut
}

// tokensOf estimates the number of tokens of some bytes.
func tokensOf(bytes int) int {
	const bytesPerToken = 4
	return (bytes + bytesPerToken - 1) / bytesPerToken
}

// scoreWhole asks once.
func (e *Endpoint) scoreWhole(ctx context.Context, prompt, continuation string) (eval.Score, error) {
	var c completion
	err := e.client.call(ctx, http.MethodPost, "/completions", fields{
		"model": e.model, "prompt": prompt + continuation, "max_tokens": e.score.maxTokens, "echo": true, "logprobs": 1, "temperature": 0,
	}, &c)
	if err != nil {
		return eval.Score{}, err
	}
	if len(c.Choices) == 0 || c.Choices[0].Logprobs == nil {
		return eval.Score{}, errNoScores
	}
	l := c.Choices[0].Logprobs
	if err := l.check(e.score.maxTokens); err != nil {
		return eval.Score{}, err
	}
	score, err := l.continuation(prompt, continuation)
	score.PromptTokens, score.CachedTokens = c.Usage.PromptTokens, c.Usage.cached()
	return score, err
}

// check makes sure that the lists belong together, and drops the tokens that were
// generated.
func (l *legacy) check(generated int) error {
	n := len(l.Tokens)
	if n == 0 || len(l.TokenLogprobs) != n || len(l.TextOffset) != n || len(l.TopLogprobs) != 0 && len(l.TopLogprobs) != n {
		return fmt.Errorf("%w: %d tokens, %d log-probabilities, %d offsets", errNoScores, n, len(l.TokenLogprobs), len(l.TextOffset))
	}
	if generated > 0 && n > generated {
		n -= generated
		l.Tokens, l.TokenLogprobs, l.TextOffset = l.Tokens[:n], l.TokenLogprobs[:n], l.TextOffset[:n]
		if len(l.TopLogprobs) > 0 {
			l.TopLogprobs = l.TopLogprobs[:n]
		}
	}
	for i := 1; i < n; i++ {
		if l.TextOffset[i] < l.TextOffset[i-1] {
			return fmt.Errorf("%w: offsets that go back", errNoScores)
		}
	}
	return nil
}

// continuation takes the tokens that end behind the prompt, whose white space at the end
// belongs to the continuation; a token that straddles the border belongs to it too.
// Offsets are characters, and may begin with markup that is no part of the text.
func (l *legacy) continuation(prompt, continuation string) (eval.Score, error) {
	bare := strings.TrimRightFunc(prompt, unicode.IsSpace)
	n := len(l.Tokens)
	end := l.TextOffset[n-1] + utf8.RuneCountInString(l.Tokens[n-1])
	border := end - utf8.RuneCountInString(prompt[len(bare):]+continuation)
	from := n - 1 // one token at least
	for from > 0 && l.TextOffset[from] > border {
		from--
	}
	s := eval.Score{Greedy: true}
	for i := from; i < n; i++ {
		token := eval.TokenScore{Text: l.Tokens[i]}
		switch p := l.TokenLogprobs[i]; {
		case p != nil:
			token.Logprob = *p
			s.Greedy = s.Greedy && l.isBest(i)
		case i > 0:
			return s, fmt.Errorf("%w: token %d has none", errResponse, i)
		}
		s.Logprob += token.Logprob
		s.Tokens = append(s.Tokens, token)
	}
	return s, nil
}

// isBest says that no other token was more probable.
func (l *legacy) isBest(i int) bool {
	if len(l.TopLogprobs) == 0 {
		return false
	}
	for _, p := range l.TopLogprobs[i] {
		if p != nil && *p > *l.TokenLogprobs[i] {
			return false
		}
	}
	return true
}
