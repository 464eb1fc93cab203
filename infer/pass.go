package infer

import (
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
)

// A pass is the memory of one forward pass and of the sampling after it.
type pass struct {
	workspace *model.Workspace
	batch     model.Batch
	logits    []float32 // [rows, V], raw
	width     int       // V
	rows      []int32   // of the pass, those whose logits are needed
	all, done []*sequence
	adjusted  [][]float32 // by worker, [V]: after biases, penalties and the mask
	scorer    scorer
	engine    *Engine
}

// run runs the model over what was planned, and samples.
func (e *Engine) run() {
	p := &e.pass
	p.engine = e
	p.all = p.all[:0]
	for _, s := range e.running {
		if s.take > 0 {
			p.all = append(p.all, s)
		}
	}
	if err := e.forward(p.all); err != nil {
		e.runAlone(p.all, err)
	} else {
		e.sample(p.all)
	}
	clear(p.all) // what has ended is not kept alive
	clear(p.batch.Spans)
}

// runAlone finds out which sequence of a pass that failed is to blame: each is
// run by itself.
func (e *Engine) runAlone(all []*sequence, err error) {
	for _, s := range all {
		if len(all) > 1 {
			err = e.forward([]*sequence{s})
		}
		if err != nil {
			s.failure = err
			continue
		}
		e.sample([]*sequence{s})
	}
}

// forward runs the model and leaves the logits of the rows that are needed. A
// panic, which can only be a bug, becomes an error. With an error the caches hold what
// they held before, so that the pass can be made again.
func (e *Engine) forward(all []*sequence) (err error) {
	p := &e.pass
	defer func() {
		if v := recover(); v != nil {
			err = panicError(v)
		}
		if err != nil {
			p.undo(all)
		}
	}()
	p.assemble(all)
	if len(p.batch.Tokens) == 0 {
		return nil
	}
	if err := e.model.Forward(p.workspace, &p.batch); err != nil {
		return err
	}
	if err := e.score(all); err != nil {
		return err
	}
	if p.selectRows(all); len(p.rows) > 0 {
		if err := e.model.Logits(p.workspace, p.rows, p.logits[:len(p.rows)*p.width]); err != nil {
			return err
		}
	}
	d := e.model.Config().HiddenSize
	for _, s := range all { // last, since a pass that is made again would add it again
		if s.embedding != nil {
			s.embed(e.model.Hidden(p.workspace)[s.row*d : (s.row+s.take)*d])
		}
	}
	return nil
}

// undo takes the positions back that a pass that failed has read.
func (p *pass) undo(all []*sequence) {
	for i, span := range p.batch.Spans {
		if c := all[i].cache; c.Len() > span.Pos {
			c.Truncate(span.Pos)
		}
	}
}

// assemble lays the sequences' tokens out as a batch.
func (p *pass) assemble(all []*sequence) {
	b := &p.batch
	b.Tokens, b.Spans, b.Features = b.Tokens[:0], b.Spans[:0], b.Features[:0]
	for _, s := range all {
		s.row = len(b.Tokens)
		at := s.cache.Len()
		b.Tokens = append(b.Tokens, s.tokens[at:at+s.take]...)
		b.Tokens = append(b.Tokens, s.guessed...)
		b.Features = s.appendFeatures(b.Features, at, s.take, p.engine.width)
		b.Spans = append(b.Spans, model.Span{Start: s.row, Len: len(b.Tokens) - s.row, Pos: at, Cache: s.cache})
	}
}

// selectRows lists the rows from which tokens are sampled: those of the last
// token and of the guesses of what is read to its end.
func (p *pass) selectRows(all []*sequence) {
	p.rows = p.rows[:0]
	for _, s := range all {
		s.logitRow, s.rows = len(p.rows), 0
		if s.silent() || s.cache.Len() < len(s.tokens) {
			continue
		}
		s.rows = 1 + len(s.guessed)
		for i := range s.rows {
			p.rows = append(p.rows, int32(s.row+s.take-1+i))
		}
	}
}

// sample chooses the next tokens, each sequence by itself.
func (e *Engine) sample(all []*sequence) {
	p := &e.pass
	for len(p.adjusted) < par.Threads() {
		p.adjusted = append(p.adjusted, make([]float32, p.width))
	}
	p.done = all
	par.Run(len(all), p)
	p.done = nil
}

// Do samples for sequence i.
func (p *pass) Do(worker, i int) {
	s := p.done[i]
	defer func() {
		if v := recover(); v != nil { // a mask's, for one
			s.failure = panicError(v)
		}
	}()
	if s.failure == nil {
		s.extend(p, p.adjusted[worker][:p.engine.vocabulary])
	}
}

// extend samples tokens from the rows of logits as long as they are what was
// guessed, so that each row's prefix is right.
func (s *sequence) extend(p *pass, scratch []float32) {
	if s.silent() && s.cache.Len() == len(s.tokens) {
		s.finish = FinishLength
	}
	for r := range s.rows {
		logits := p.logits[(s.logitRow+r)*p.width:][:p.engine.vocabulary]
		token, err := s.choose(logits, scratch, p.engine.imageToken)
		if err != nil {
			s.failure = err
			return
		}
		if slices.Contains(s.request.End, token.ID) {
			s.finish = FinishEnd
			return
		}
		s.tokens, s.keys = append(s.tokens, token.ID), append(s.keys, key{id: token.ID})
		s.fresh = append(s.fresh, token)
		if s.generated() == s.maxTokens {
			s.finish = FinishLength
			return
		}
		if r < len(s.guessed) && s.guessed[r] != token.ID {
			return
		}
	}
}

// choose samples the token after s.tokens from raw logits [V], never that of
// images; scratch has the same size.
func (s *sequence) choose(raw, scratch []float32, image int32) (Token, error) {
	position := len(s.tokens)
	r := &s.request
	if err := checkFinite(raw, position); err != nil {
		return Token{}, err
	}
	logits := raw
	if s.adjust != nil || r.Mask != nil || image >= 0 {
		logits = scratch
		copy(logits, raw)
	}
	if s.adjust != nil {
		s.adjust.apply(logits)
	}
	if r.Mask != nil {
		r.Mask.Restrict(logits)
	}
	if image >= 0 && int(image) < len(logits) {
		logits[image] = negativeInfinity
	}
	id := s.sampler.Sample(logits, r.Choice, position)
	switch {
	case id < 0 && Greedy(raw) < 0:
		return Token{}, allInfinite(position)
	case id < 0:
		return Token{}, fmt.Errorf("%w: position %d", ErrNoToken, position)
	}
	if r.Mask != nil {
		r.Mask.Accept(id)
	}
	if s.adjust != nil {
		s.adjust.accept(id)
	}
	token := Token{ID: id, Position: position}
	if r.Logprobs || r.TopLogprobs > 0 {
		own, top := Logprobs(raw, id, r.TopLogprobs)
		token.Logprob, token.Top, token.Greedy = own.Logprob, top, isGreedy(raw, id)
	}
	return token, nil
}
