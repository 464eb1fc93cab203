package infer

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
)

// prefixLimit returns how many of its tokens s may take from the prefix cache:
// what is wanted of the others comes from reading them.
func (s *sequence) prefixLimit() int {
	switch {
	case s.embedding != nil:
		return 0
	case s.scoring():
		return s.scored - 1
	}
	return len(s.tokens) - 1 // the last one's logits are needed
}

// silent reports whether s ends with its prompt.
func (s *sequence) silent() bool { return s.embedding != nil || s.request.PromptOnly }

// scoring reports whether log-probabilities of the prompt are still to come.
func (s *sequence) scoring() bool { return s.scores != nil && s.scored < s.promptLen }

// score computes the log-probabilities of the prompt tokens that follow those
// which the pass has read, of all sequences together and with as many rows of
// logits at a time as there is room for: the weights of the head go through the
// processor once for each. An error is of the pass, and not of a sequence.
func (e *Engine) score(all []*sequence) error {
	p := &e.pass
	p.selectScores(all)
	p.scorer.logits, p.scorer.width, p.scorer.vocabulary = p.logits, p.width, e.vocabulary
	for left := p.scorer.wanted; len(left) > 0; left = left[len(p.rows):] {
		p.rows = p.rows[:0]
		for _, w := range left[:min(len(left), len(p.logits)/p.width)] {
			p.rows = append(p.rows, w.row)
		}
		if err := e.model.Logits(p.workspace, p.rows, p.logits[:len(p.rows)*p.width]); err != nil {
			return err
		}
		p.scorer.next = left
		par.Run(len(p.rows), &p.scorer)
		for i := range p.rows {
			left[i].settle()
		}
	}
	clear(p.scorer.wanted) // what has ended is not kept alive
	p.scorer.next = nil
	return nil
}

// selectScores lists the prompt tokens that the pass gives log-probabilities of.
func (p *pass) selectScores(all []*sequence) {
	p.scorer.wanted = p.scorer.wanted[:0]
	for _, s := range all {
		if !s.scoring() {
			continue
		}
		at := s.cache.Len() - s.take - len(s.guessed)
		for position := s.scored; position < min(at+s.take+1, s.promptLen); position++ {
			p.scorer.wanted = append(p.scorer.wanted, wanted{sequence: s, position: position, row: int32(s.row + position - 1 - at)})
		}
	}
}

// wanted is a prompt token that is to be scored by the logits of a row of the
// pass.
type wanted struct {
	sequence *sequence
	position int
	row      int32
	failure  error
}

// settle counts the token as scored, or ends the sequence.
func (w *wanted) settle() {
	switch s := w.sequence; {
	case s.failure != nil:
	case w.failure != nil:
		s.failure = w.failure
	default:
		s.scored = w.position + 1
	}
}

// A scorer computes the log-probabilities of prompt tokens from rows of logits.
type scorer struct {
	wanted            []wanted  // of the pass
	next              []wanted  // those that the rows of logits are for
	logits            []float32 // [rows, width], raw
	width, vocabulary int
}

// Do scores the token that row i is about.
func (c *scorer) Do(_, i int) {
	w := &c.next[i]
	s := w.sequence
	raw := c.logits[i*c.width:][:c.vocabulary]
	id := s.request.Prompt[w.position]
	own, top := Logprobs(raw, id, s.request.TopLogprobs)
	if own.Logprob-own.Logprob != 0 { // the sum of the exponentials finds what is not finite
		w.failure = checkFinite(raw, w.position)
		if w.failure == nil && own.Logprob != own.Logprob {
			w.failure = allInfinite(w.position)
		}
		if w.failure != nil {
			return
		}
	}
	s.scores[w.position-s.request.LogprobsFrom] = Token{
		ID: id, Position: w.position, Logprob: own.Logprob, Top: top, Greedy: isGreedy(raw, id),
	}
}

// isGreedy reports whether the token is the one that Greedy returns.
func isGreedy(logits []float32, token int32) bool {
	own := logits[token]
	for _, logit := range logits[:token] {
		if logit >= own {
			return false
		}
	}
	for _, logit := range logits[token+1:] {
		if logit > own {
			return false
		}
	}
	return true
}

// allInfinite is about logits that are all negative infinity.
func allInfinite(position int) error {
	return fmt.Errorf("%w: every logit of position %d; the weights are damaged", model.ErrNonFinite, position)
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
