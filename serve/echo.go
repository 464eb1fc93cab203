package serve

import (
	"context"
	"iter"

	"github.com/polymath-lm/polymath"
)

// scored is the tokens of a prompt with their log-probabilities.
type scored struct {
	tokens []polymath.Token
	usage  polymath.Usage
}

// echo begins each choice with its prompt, and with the log-probabilities of
// the prompt's tokens if those of tokens are wanted.
func (c *completer) echo() error {
	scores, err := c.score()
	if err != nil {
		return err
	}
	for i := range c.states {
		text, err := c.promptText(i)
		if err != nil {
			return err
		}
		c.states[i].text = []byte(text)
		if c.r.options.Logprobs {
			var named func(id int) []byte
			if c.prompts[i/c.r.choices].ids != nil {
				named = c.x.model.Model.TokenBytes
			}
			c.states[i].begin(scores[i/c.r.choices].tokens, named)
		}
	}
	return nil
}

// begin puts the tokens of the prompt first. bytesOf is of those that are no text, where
// the prompt's text names them; else it is nil.
func (s *completionState) begin(prompt []polymath.Token, bytesOf func(id int) []byte) {
	for i, t := range prompt {
		if len(t.Bytes) == 0 && bytesOf != nil {
			t.Bytes = bytesOf(t.ID)
		}
		if i == 0 {
			s.logprobs.addFirst(t)
		} else {
			s.logprobs.add(t, s.offset)
		}
		s.move(t)
	}
}

// score reads the prompts, all at the same time, if anything of them is wanted.
func (c *completer) score() ([]scored, error) {
	o, m := c.r.options, c.x.model.Model
	scores := make([]scored, len(c.prompts))
	if !o.Logprobs && !c.r.promptOnly {
		return scores, nil
	}
	run := func(ctx context.Context, index int) iter.Seq2[scored, error] {
		return func(yield func(scored, error) bool) {
			var s scored
			var err error
			if p := c.prompts[index]; p.ids != nil {
				s.tokens, s.usage, err = m.ScoreTokens(ctx, p.ids, o.TopLogprobs)
			} else {
				s.tokens, s.usage, err = m.Score(ctx, p.text, o.TopLogprobs)
			}
			yield(s, err)
		}
	}
	err := consume(c.x, len(c.prompts), run, func(index int, s scored) error {
		scores[index] = s
		if c.r.promptOnly { // otherwise the completions count them
			c.x.usage.PromptTokens += s.usage.PromptTokens
		}
		return nil
	}, nil, nil)
	return scores, err
}
