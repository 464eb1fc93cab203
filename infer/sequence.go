package infer

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// A sequence is one request being worked on. What its cache lacks of its
// tokens is still to be read; when nothing is, the next one is sampled.
type sequence struct {
	request   Request
	number    uint64 // order of arrival
	promptLen int
	maxTokens int
	sampler   *Sampler
	adjust    *adjuster // nil: logits are taken as they are
	embedding []float32 // sums of hidden states; nil: tokens are generated
	scores    []Token   // the prompt from LogprobsFrom on; nil: not wanted
	scored    int       // position of the next token to score

	// Of the engine's goroutine.
	tokens    []int32      // what is read of the prompt, then what was generated
	keys      []key        // of the tokens
	cache     *model.Cache // nil while it waits
	held      []held       // its blocks, in order
	guessed   []int32      // tokens that may come next
	draft     *model.Cache // of the draft model, which never holds more than tokens and guessed; nil: none yet
	undrafted bool         // the draft model failed
	cached    int          // prompt tokens from the prefix cache, at first

	// While it waits: another reads its first tokens, this many of them.
	reader *sequence
	shared int

	// Of the step in progress.
	take     int // tokens of the pass, guesses not counted
	row      int // of the pass, the first of take
	logitRow int // of the first row of logits
	rows     int // of logits
	fresh    []Token
	finish   Finish // why it ends, or ""
	failure  error

	// Shared with the caller.
	abandoned atomic.Bool
	news      chan struct{} // holds one element when there is something to collect
	ended     chan struct{} // closed when the engine is done with it
	mu        sync.Mutex
	queue     []Token
	read      int // tokens of the prompt, once it began; -1: not yet
	done      bool

	// Written by the engine before ended is closed.
	err                        error
	result                     Result
	arrived, began, firstToken time.Time
}

// newSequence checks r and returns its sequence.
func (e *Engine) newSequence(r *Request) (*sequence, error) {
	maxTokens, err := r.check(e.vocabulary, e.window)
	if err != nil {
		return nil, err
	}
	if err := r.checkImages(e.imageToken, e.width); err != nil {
		return nil, err
	}
	sampler, err := NewSampler(r.Sampling)
	if err != nil {
		return nil, err
	}
	s := &sequence{
		request: *r, promptLen: len(r.Prompt), maxTokens: maxTokens, sampler: sampler,
		tokens: append(make([]int32, 0, len(r.Prompt)+min(maxTokens, 256)), r.Prompt[:r.numRead()]...),
		read:   -1, news: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	s.keys = r.appendKeys(make([]key, 0, cap(s.tokens)), len(s.tokens), e.width)
	if r.PromptLogprobs {
		s.scores = make([]Token, len(r.Prompt)-r.LogprobsFrom)
		s.scores[0].ID, s.scored = r.Prompt[r.LogprobsFrom], max(1, r.LogprobsFrom)
	}
	if r.Sampling.adjusts() {
		s.adjust = newAdjuster(&r.Sampling, r.Prompt)
	}
	return s, nil
}

// started reports whether the engine has ever worked on s.
func (s *sequence) started() bool { return !s.began.IsZero() }

// pending returns how many tokens are still to be read.
func (s *sequence) pending() int { return len(s.tokens) - s.cache.Len() }

// generated returns how many tokens were sampled.
func (s *sequence) generated() int { return len(s.tokens) - s.promptLen }

// deliver hands the step's tokens to the caller, if there are any.
func (s *sequence) deliver() {
	if len(s.fresh) == 0 {
		return
	}
	if s.firstToken.IsZero() {
		s.firstToken = time.Now()
	}
	s.mu.Lock()
	s.queue = append(s.queue, s.fresh...)
	s.mu.Unlock()
	s.fresh = s.fresh[:0]
	s.notify()
}

// tell lets the caller know how much of the prompt is read, if it asked.
func (s *sequence) tell() {
	if s.request.Progress == nil {
		return
	}
	read := min(s.cache.Len(), s.request.numRead())
	s.mu.Lock()
	more := read > s.read
	s.read = max(s.read, read)
	s.mu.Unlock()
	if more {
		s.notify()
	}
}

// fault makes s end with an error, as something that cannot be is the case.
func (s *sequence) fault(format string, args ...any) {
	s.take, s.guessed = 0, s.guessed[:0]
	s.failure = panicError(fmt.Sprintf(format, args...))
}

// duplicates reports whether some of its blocks are held twice, so that giving
// all up and adopting those in the tree saves memory.
func (s *sequence) duplicates() bool {
	return slices.ContainsFunc(s.held, func(h held) bool { return h.own })
}

// end tells the caller that nothing more comes, unless it knows.
func (s *sequence) end(finish Finish, err error) {
	select {
	case <-s.ended:
		return
	default:
	}
	s.err = err
	s.result = Result{Finish: finish, CachedTokens: s.cached}
	if !s.scoring() {
		s.result.PromptLogprobs = s.scores
	}
	if s.started() {
		s.result.QueueTime = s.began.Sub(s.arrived)
	}
	if !s.firstToken.IsZero() {
		s.result.FirstTokenTime = s.firstToken.Sub(s.arrived)
	}
	close(s.ended) // before done, which says that the result is there
	s.mu.Lock()
	s.done = true
	s.mu.Unlock()
	s.notify()
}

func (s *sequence) notify() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// collect takes what was delivered, and gives the memory of what it had
// returned before back. read is how much of the prompt is read.
func (s *sequence) collect(spent []Token) (tokens []Token, read int, done bool) {
	clear(spent)
	s.mu.Lock()
	defer s.mu.Unlock()
	tokens, s.queue = s.queue, spent[:0]
	return tokens, s.read, s.done
}

// complete adds to r what the engine knows of a sequence that it is done with.
func (s *sequence) complete(r *Result) {
	select {
	case <-s.ended:
	default:
		return // it never began
	}
	r.Finish, r.CachedTokens = s.result.Finish, s.result.CachedTokens
	r.PromptLogprobs = s.result.PromptLogprobs
	r.QueueTime, r.FirstTokenTime = s.result.QueueTime, s.result.FirstTokenTime
}

// embed adds hidden states [n, D] to the sum, in the order of their positions.
func (s *sequence) embed(hidden []tensor.BF16) {
	for i, h := range hidden {
		s.embedding[i%len(s.embedding)] += h.Float32()
	}
}

// embedded returns the mean hidden state, scaled to length 1. The scale takes
// the number of tokens out again.
func (s *sequence) embedded() ([]float32, error) {
	sum := 0.0
	for _, v := range s.embedding {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return s.embedding, nil
	}
	if sum-sum != 0 {
		return nil, fmt.Errorf("%w: the hidden states of %d tokens; the weights are damaged", model.ErrNonFinite, s.promptLen)
	}
	scale := 1 / math.Sqrt(sum)
	for i, v := range s.embedding {
		s.embedding[i] = float32(float64(v) * scale)
	}
	return s.embedding, nil
}
