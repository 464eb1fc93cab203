package infer

import (
	"context"
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/model"
)

// defaultChunk is how many tokens of a prompt one forward pass takes unless
// Options say otherwise: enough to use the matrix units well, and a few
// megabytes of activations.
const defaultChunk = 256

// Options are the resources of an Engine. They do not change what it writes.
type Options struct {
	// Chunk is the number of prompt tokens per forward pass; 0 means 256.
	Chunk int
	// Window is the longest sequence; 0 means the model's own limit, and more
	// than that is cut to it.
	Window int
	// Vocabulary is the number of tokens there are; 0 means the model's own
	// vocab_size, and more than that is cut to it. Models round their
	// vocabulary up, and the rows beyond are no tokens.
	Vocabulary int
}

// An Engine generates with one model. Goroutines may share it; it works on one
// request at a time.
type Engine struct {
	model      *model.Model
	window     int
	vocabulary int

	turn      chan struct{} // holds one element while a request is worked on
	workspace *model.Workspace
	logits    []float32 // [V], raw
	restrict  []float32 // [V], after the Mask
	row       [1]int32
	next      [1]int32
	batch     model.Batch
}

// NewEngine returns an Engine for m, which must not be trained meanwhile.
func NewEngine(m *model.Model, o Options) *Engine {
	cfg := m.Config()
	e := &Engine{
		model: m, window: cfg.MaxPositions, vocabulary: cfg.VocabSize,
		turn: make(chan struct{}, 1), logits: make([]float32, cfg.VocabSize),
	}
	if o.Vocabulary > 0 {
		e.vocabulary = min(e.vocabulary, o.Vocabulary)
	}
	if o.Window > 0 {
		e.window = min(e.window, o.Window)
	}
	chunk := o.Chunk
	if chunk <= 0 {
		chunk = defaultChunk
	}
	e.workspace = model.NewWorkspace(m, min(chunk, e.window), false)
	e.batch.Spans = make([]model.Span, 1)
	return e
}

// Window returns the longest sequence that the engine takes, in tokens.
func (e *Engine) Window() int { return e.window }

// Generate continues r.Prompt and hands each token to receive as soon as it is
// known; receive returns true when the completion is complete with that token.
// A nil receive takes them all. receive must not call Generate of the same
// Engine, which would wait for this request to end.
//
// A request that cannot work is an error before the first token (ErrSampling,
// ErrPrompt, ErrContextWindow). When ctx ends, so does the wait for another
// request, or the generation after the token in progress, with the error of
// ctx and the Result so far. Logits that are not finite are an error wrapping
// model.ErrNonFinite.
func (e *Engine) Generate(ctx context.Context, r Request, receive func(Token) (complete bool)) (Result, error) {
	maxTokens, err := r.check(e.vocabulary, e.window)
	if err != nil {
		return Result{}, err
	}
	sampler, err := NewSampler(r.Sampling)
	if err != nil {
		return Result{}, err
	}
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return Result{}, ctx.Err()
	}
	cache := e.model.NewCache(len(r.Prompt) + maxTokens)
	result := Result{PromptTokens: len(r.Prompt)}
	if err := e.prefill(ctx, cache, r.Prompt); err != nil {
		return result, err
	}
	for {
		token, err := e.choose(&r, sampler, cache.Len())
		if err != nil {
			return result, err
		}
		if slices.Contains(r.End, token.ID) {
			result.Finish = FinishEnd
			return result, nil
		}
		result.CompletionTokens++
		if receive != nil && receive(token) {
			result.Finish = FinishEnd
			return result, nil
		}
		if result.CompletionTokens == maxTokens {
			result.Finish = FinishLength
			return result, nil
		}
		e.next[0] = token.ID
		if err := e.prefill(ctx, cache, e.next[:]); err != nil {
			return result, err
		}
	}
}

// prefill runs the model over tokens in chunks and leaves the logits after the
// last one in e.logits. A chunk of one token is a decoding step.
func (e *Engine) prefill(ctx context.Context, cache *model.Cache, tokens []int32) error {
	for len(tokens) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(tokens), e.workspace.MaxTokens())
		e.batch.Tokens = tokens[:n]
		e.batch.Spans[0] = model.Span{Len: n, Pos: cache.Len(), Cache: cache}
		if err := e.model.Forward(e.workspace, &e.batch); err != nil {
			return err
		}
		e.row[0] = int32(n - 1)
		tokens = tokens[n:]
	}
	e.model.Logits(e.workspace, e.row[:], e.logits)
	return nil
}

// choose samples the token for position from e.logits.
func (e *Engine) choose(r *Request, sampler *Sampler, position int) (Token, error) {
	raw := e.logits[:e.vocabulary]
	logits := raw
	for id, l := range raw {
		if l-l != 0 && l != negativeInfinity {
			return Token{}, fmt.Errorf("%w: the logit of token %d at position %d; the weights are damaged", model.ErrNonFinite, id, position)
		}
	}
	if r.Mask != nil {
		e.restrict = append(e.restrict[:0], logits...)
		logits = e.restrict
		r.Mask.Restrict(logits)
	}
	id := sampler.Sample(logits, r.Choice, position)
	switch {
	case id < 0 && Greedy(raw) < 0:
		return Token{}, fmt.Errorf("%w: every logit of position %d; the weights are damaged", model.ErrNonFinite, position)
	case id < 0:
		return Token{}, fmt.Errorf("%w: position %d", ErrNoToken, position)
	}
	if r.Mask != nil {
		r.Mask.Accept(id)
	}
	token := Token{ID: id, Position: position}
	if r.Logprobs || r.TopLogprobs > 0 {
		own, top := Logprobs(raw, id, r.TopLogprobs)
		token.Logprob, token.Top = own.Logprob, top
	}
	return token, nil
}
