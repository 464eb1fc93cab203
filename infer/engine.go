package infer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/polymath-lm/polymath/model"
)

// Errors of an Engine that takes no more.
var (
	// ErrBusy: as many requests wait as Options.QueueLimit allows.
	ErrBusy = errors.New("too many requests are waiting")
	// ErrClosed: the Engine has been closed.
	ErrClosed = errors.New("the engine is closed")
)

// Defaults of Options.
const (
	defaultChunk    = 256 // uses the matrix units well, and takes a few megabytes of activations
	defaultMaxBatch = 32
	defaultWindows  = 4 // full windows of keys and values
)

// Options are the resources of an Engine. None but Int8 changes what it writes.
type Options struct {
	// Chunk is the number of prompt tokens per forward pass; 0 means 256.
	Chunk int
	// Window is the longest sequence; 0 means the model's own limit, and more
	// than that is cut to it, or to what CacheBytes has room for.
	Window int
	// Vocabulary is the number of tokens there are; 0 means the model's own
	// vocab_size, and more than that is cut to it. Models round their
	// vocabulary up, and the rows beyond are no tokens.
	Vocabulary int
	// MaxBatch is how many sequences are worked on at a time; 0 means 32.
	MaxBatch int
	// CacheBytes bounds the memory of keys and values, those of ended
	// sequences that are kept for the next included; 0 means room for 4 full
	// windows. Memory is taken as it is needed.
	CacheBytes int64
	// Int8 keeps keys and values in 8 bits (model.CacheInt8): about half the
	// memory, and slightly other completions, which are just as much the same
	// whatever else is being worked on.
	Int8 bool
	// QueueLimit is how many requests may wait; 0 means any number.
	QueueLimit int
	// Draft guesses the next tokens, to be checked in one pass: a small model
	// with the same vocabulary. Nil means none.
	Draft *model.Model
	// Lookup guesses the next tokens from what followed the same words before.
	// With both, Draft guesses where Lookup finds nothing.
	Lookup bool
}

// An Engine generates with one model. Goroutines share it: their requests are
// worked on together. It runs a goroutine while there is work, and none else.
type Engine struct {
	model      *model.Model
	window     int
	vocabulary int
	chunk      int
	maxBatch   int
	queueLimit int

	mu      sync.Mutex // guards what follows
	waiting []*sequence
	active  bool // the goroutine runs
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

// Stats is what an Engine does now, and has done so far.
type Stats struct {
	Running, Waiting int // sequences
	// Keys and values: positions of a block, blocks that the budget has room
	// for, blocks of running sequences, and of ended ones that are kept.
	BlockTokens, NumBlocks, UsedBlocks, KeptBlocks int
	BlockBytes                                     int64 // memory of a block

	Steps         uint64        // forward passes
	PrefixQueries uint64        // prompt tokens that were looked for in the prefix cache
	PrefixHits    uint64        // those that were found
	Preemptions   uint64        // sequences that gave up their memory for a while
	Drafted       uint64        // guessed tokens
	Accepted      uint64        // those that were right
	PassTime      time.Duration // in forward passes and sampling, of StepTime
	StepTime      time.Duration // in steps
}

// CacheUsage returns the part of the budget that running sequences use, 0 to 1.
func (s Stats) CacheUsage() float64 {
	if s.NumBlocks == 0 {
		return 0
	}
	return float64(s.UsedBlocks) / float64(s.NumBlocks)
}

// limits returns o with its defaults for a model of this shape.
func (o Options) limits(cfg *model.Config) Options {
	if o.Window <= 0 {
		o.Window = cfg.MaxPositions
	}
	o.Window = min(o.Window, cfg.MaxPositions)
	if o.Vocabulary <= 0 {
		o.Vocabulary = cfg.VocabSize
	}
	o.Vocabulary = min(o.Vocabulary, cfg.VocabSize)
	if o.Chunk <= 0 {
		o.Chunk = defaultChunk
	}
	o.Chunk = min(o.Chunk, o.Window)
	if o.MaxBatch <= 0 {
		o.MaxBatch = defaultMaxBatch
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = defaultWindows * model.CacheBytes(cfg, o.kind(), o.Window)
	}
	blocks := max(1, o.CacheBytes/model.BlockBytes(cfg, o.kind()))
	o.Window = int(min(int64(o.Window), blocks*model.BlockTokens))
	o.Chunk = min(o.Chunk, o.Window)
	return o
}

// kind is the form of keys and values.
func (o Options) kind() model.CacheKind {
	if o.Int8 {
		return model.CacheInt8
	}
	return model.CacheBF16
}

// guesses reports whether tokens are guessed.
func (o Options) guesses() bool { return o.Draft != nil || o.Lookup }

// stepTokens is the most tokens of a forward pass.
func (o Options) stepTokens() int {
	n := o.Chunk + o.MaxBatch
	if o.guesses() {
		n += maxGuessed
	}
	return n
}

// Bytes returns the memory that an Engine with o takes at most beside the
// models' weights: keys and values, activations, and logits. The keys and
// values of a draft model are not in it.
func Bytes(cfg *model.Config, o Options) int64 {
	o = o.limits(cfg)
	blocks := max(1, o.CacheBytes/model.BlockBytes(cfg, o.kind()))
	logits := 4 * int64(cfg.VocabSize) * int64(o.logitRows())
	return blocks*model.BlockBytes(cfg, o.kind()) + model.WorkspaceBytes(cfg, o.stepTokens(), false) + logits
}

// logitRows is the most rows of logits of a pass.
func (o Options) logitRows() int {
	if o.guesses() {
		return o.MaxBatch + maxGuessed
	}
	return o.MaxBatch
}

// NewEngine returns an Engine for m, which must not be trained meanwhile. It
// panics if Options.Draft has another vocabulary.
func NewEngine(m *model.Model, o Options) *Engine {
	cfg := m.Config()
	o = o.limits(cfg)
	e := &Engine{
		model: m, window: o.Window, vocabulary: o.Vocabulary, chunk: o.Chunk,
		maxBatch: o.MaxBatch, queueLimit: o.QueueLimit,
		pool: newPool(m, o.kind(), int(max(1, o.CacheBytes/model.BlockBytes(cfg, o.kind())))),
	}
	e.idle = sync.NewCond(&e.mu)
	e.stats.BlockTokens, e.stats.NumBlocks = model.BlockTokens, e.pool.capacity
	e.stats.BlockBytes = model.BlockBytes(cfg, o.kind())
	e.pass = pass{
		workspace: model.NewWorkspace(m, o.stepTokens(), false),
		logits:    make([]float32, o.logitRows()*cfg.VocabSize),
		width:     cfg.VocabSize,
	}
	if o.guesses() {
		e.drafter = newDrafter(o)
	}
	return e
}

// Window returns the longest sequence that the engine takes, in tokens.
func (e *Engine) Window() int { return e.window }

// Stats returns what the engine does now and has done so far.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats
	s.Waiting = len(e.waiting)
	return s
}

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
// error wrapping model.ErrNonFinite.
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
	s, err := e.newSequence(&Request{Prompt: tokens, embed: true})
	if err != nil {
		return nil, err
	}
	s.embedding = make([]float32, e.model.Config().HiddenSize)
	if err := e.submit(ctx, s); err != nil {
		return nil, err
	}
	if _, err := e.attend(ctx, s, nil); err != nil {
		return nil, err
	}
	return s.embedded(), nil
}

// submit puts s in the queue and wakes the engine.
func (e *Engine) submit(ctx context.Context, s *sequence) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.closed:
		return ErrClosed
	case e.queueLimit > 0 && len(e.waiting) >= e.queueLimit:
		return ErrBusy
	}
	e.count++
	s.number = e.count
	s.arrived = time.Now()
	e.waiting = append(e.waiting, s)
	if !e.active {
		e.active = true
		go e.work()
	}
	return nil
}

// attend hands the tokens of s on until it ends.
func (e *Engine) attend(ctx context.Context, s *sequence, receive func(Token) bool) (Result, error) {
	result := Result{PromptTokens: s.promptLen}
	for {
		select {
		case <-s.news:
		case <-ctx.Done():
			e.abandon(s)
			s.complete(&result)
			return result, ctx.Err()
		}
		tokens, done := s.collect()
		for _, token := range tokens {
			if ctx.Err() != nil {
				e.abandon(s)
				return result, ctx.Err()
			}
			result.CompletionTokens++
			if receive != nil && receive(token) {
				e.abandon(s)
				s.complete(&result)
				result.Finish = FinishEnd
				return result, nil
			}
		}
		if done {
			s.complete(&result)
			return result, s.err
		}
	}
}

// abandon takes s out of the queue, or tells the engine to drop it and waits
// until it has, so that the request's mask is the caller's again.
func (e *Engine) abandon(s *sequence) {
	s.abandoned.Store(true)
	e.mu.Lock()
	for i, w := range e.waiting {
		if w == s && !s.started() {
			e.waiting = append(e.waiting[:i:i], e.waiting[i+1:]...)
			e.mu.Unlock()
			return
		}
	}
	e.mu.Unlock()
	<-s.ended
}
