package infer

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
)

// minScoreRows is how many rows of logits there is room for at least, so that a
// prompt is not scored token by token.
const minScoreRows = 16

// prefixLimit returns how many of its tokens s may take from the prefix cache:
// what is wanted of the others comes from reading them.
func (s *sequence) prefixLimit() int {
	switch {
	case s.embedding != nil:
		return 0
	case s.scored < len(s.scores):
		return s.scored - 1
	}
	return len(s.tokens) - 1 // the last one's logits are needed
}

// silent reports whether s ends with its prompt.
func (s *sequence) silent() bool { return s.embedding != nil || s.request.PromptOnly }

// score computes the log-probabilities of the prompt tokens that follow those
// which the pass has read, with as many rows of logits at a time as there is
// room for. An error is of the pass, and not of s.
func (e *Engine) score(s *sequence) error {
	p := &e.pass
	at := s.cache.Len() - s.take - len(s.guessed)
	end := min(at+s.take+1, len(s.scores))
	for s.scored < end && s.failure == nil {
		n := min(end-s.scored, len(p.logits)/p.width)
		p.rows = p.rows[:0]
		for i := range n {
			p.rows = append(p.rows, int32(s.row+s.scored+i-1-at))
		}
		if err := e.model.Logits(p.workspace, p.rows, p.logits[:n*p.width]); err != nil {
			return err
		}
		c := &p.scorer
		c.sequence, c.logits, c.width, c.vocabulary = s, p.logits, p.width, e.vocabulary
		c.failures = append(c.failures[:0], make([]error, n)...)
		par.Run(n, c)
		for _, err := range c.failures {
			if err != nil && s.failure == nil {
				s.failure = err
			}
		}
		c.sequence = nil
		if s.failure == nil {
			s.scored += n
		}
	}
	return nil
}

// A scorer computes the log-probabilities of prompt tokens from rows of logits.
type scorer struct {
	sequence          *sequence // its next tokens to score
	logits            []float32 // [rows, width], raw
	width, vocabulary int
	failures          []error // by row
}

// Do scores the token that row i is about.
func (c *scorer) Do(_, i int) {
	s := c.sequence
	at := s.scored + i
	raw := c.logits[i*c.width:][:c.vocabulary]
	if c.failures[i] = checkFinite(raw, at); c.failures[i] != nil {
		return
	}
	id := s.tokens[at]
	own, top := Logprobs(raw, id, s.request.TopLogprobs)
	s.scores[at] = Token{ID: id, Position: at, Logprob: own.Logprob, Top: top}
}

// checkFinite refuses the logits of a position of which one is not finite.
func checkFinite(raw []float32, position int) error {
	for id, l := range raw {
		if l-l != 0 && l != negativeInfinity {
			return fmt.Errorf("%w: the logit of token %d at position %d; the weights are damaged", model.ErrNonFinite, id, position)
		}
	}
	return nil
}
