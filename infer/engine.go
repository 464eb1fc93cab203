package infer

import (
	"context"
	"errors"
	"sync"

	"github.com/polymath-lm/polymath/model"
)

// Errors of an Engine that takes no more.
var (
	// ErrBusy: as many requests wait as Options.QueueLimit allows.
	ErrBusy = errors.New("too many requests are waiting")
	// ErrClosed: the Engine has been closed.
	ErrClosed = errors.New("the engine is closed")
)

// An Engine generates with one model. Goroutines share it: their requests are
// worked on together. It runs a goroutine while there is work, and none else.
type Engine struct {
	model      *model.Model
	window     int
	vocabulary int
	imageToken int32 // -1: the model does not see
	width      int   // D
	chunk      int
	maxBatch   int
	queueLimit int

	mu      sync.Mutex // guards what follows
	waiting []*sequence
	active  bool // the goroutine runs
	full    bool // memory, not maxBatch, keeps the first of waiting out
	closed  bool
	count   uint64 // sequences so far
	stats   Stats
	idle    *sync.Cond // signaled when active becomes false

	// Of the goroutine.
	running []*sequence // oldest first
	pool    *pool
	drafter *drafter // nil: no guesses
	pass    pass
}

// NewEngine returns an Engine for m, which must not be trained meanwhile. It
// panics if Options.Draft has another vocabulary.
func NewEngine(m *model.Model, o Options) *Engine {
	cfg := m.Config()
	o = o.limits(cfg)
	footprint := FootprintOf(cfg, o)
	e := &Engine{
		model: m, window: o.Window, vocabulary: o.Vocabulary, chunk: o.Chunk,
		maxBatch: o.MaxBatch, queueLimit: o.QueueLimit,
		pool: newPool(m, o.kind(), footprint.NumBlocks),
	}
	e.imageToken = imageToken(m)
	e.width = cfg.HiddenSize
	e.idle = sync.NewCond(&e.mu)
	e.stats.BlockTokens, e.stats.NumBlocks = model.BlockTokens, e.pool.capacity
	e.stats.BlockBytes = footprint.BlockBytes
	e.pass = pass{
		workspace: model.NewWorkspace(m, o.stepTokens(), false),
		logits:    make([]float32, o.logitRows(cfg.VocabSize)*cfg.VocabSize),
		width:     cfg.VocabSize,
	}
	if o.guesses() {
		e.drafter = newDrafter(o, e.imageToken)
	}
	return e
}

// imageToken returns the token that stands for rows of pictures, -1 if m does not
// see.
func imageToken(m *model.Model) int32 {
	if v := m.Config().Vision; v != nil {
		return int32(v.ImageTokenID)
	}
	return -1
}

// Window returns the longest sequence that the engine takes, in tokens.
func (e *Engine) Window() int { return e.window }

// Close ends all requests with ErrClosed, waits until they are gone, and lets
// go of the memory. Later requests are ErrClosed too.
func (e *Engine) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for e.active {
		e.idle.Wait()
	}
	e.pool, e.pass, e.drafter = nil, pass{}, nil
	e.stats.KeptBlocks = 0
}

// Generate continues r.Prompt and hands each token to receive, in the caller's
// goroutine, as soon as it is known; receive returns true when the completion
// is complete with that token. A nil receive takes them all. A slow receive
// holds up nobody else.
//
// A request that cannot work is an error before the first token (ErrSampling,
// ErrPrompt, ErrContextWindow, ErrBusy, ErrClosed). When ctx ends, so does the
// wait for other requests, or the generation after the step in progress, with
// the error of ctx and the Result so far. Logits that are not finite are an
// error wrapping model.ErrNonFinite, and a bug is a *PanicError.
func (e *Engine) Generate(ctx context.Context, r Request, receive func(Token) (complete bool)) (Result, error) {
	s, err := e.newSequence(&r)
	if err != nil {
		return Result{}, err
	}
	if err := e.submit(ctx, s); err != nil {
		return Result{}, err
	}
	return e.attend(ctx, s, receive)
}

// Embed returns the mean of the final hidden states of tokens, scaled to
// length 1: [D]. Errors are those of Generate.
func (e *Engine) Embed(ctx context.Context, tokens []int32) ([]float32, error) {
	s, err := e.newSequence(&Request{Prompt: tokens, PromptOnly: true})
	if err != nil {
		return nil, err
	}
	s.embedding = make([]float32, e.width)
	if err := e.submit(ctx, s); err != nil {
		return nil, err
	}
	if _, err := e.attend(ctx, s, nil); err != nil {
		return nil, err
	}
	return s.embedded()
}
