package infer

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Errors that a Request can be refused with.
var (
	// ErrContextWindow: prompt and completion together do not fit.
	ErrContextWindow = errors.New("context window exceeded")
	// ErrPrompt: the prompt is empty or holds ids that are no tokens.
	ErrPrompt = errors.New("impossible prompt")
	// ErrNoToken: the Mask left no token to choose from.
	ErrNoToken = errors.New("no token is allowed here")
)

// A Mask restricts which tokens may follow, for output that must keep to a
// grammar. It serves one completion.
type Mask interface {
	// Restrict sets the logits [Vocabulary] of the tokens that must not follow to
	// negative infinity.
	Restrict(logits []float32)
	// Accept tells the mask which token was chosen.
	Accept(token int32)
}

// Request is one completion to generate.
type Request struct {
	// Prompt is continued; it must not be empty.
	Prompt []int32
	// Images are the pictures in it, in order, for a model that sees. Image tokens
	// that belong to none are refused, and none is ever generated.
	Images []Image
	// MaxTokens bounds the completion. 0 means all that the context window
	// has room for; more than that is an error wrapping ErrContextWindow.
	MaxTokens int
	// Sampling says how tokens are chosen, Choice which of several
	// completions of one prompt this is.
	Sampling Sampling
	Choice   int
	// End are the tokens that end a completion; they are not part of it.
	End []int32
	// Logprobs asks for the log-probability of each token, and TopLogprobs
	// for those of that many of the most probable tokens beside it.
	Logprobs    bool
	TopLogprobs int
	// PromptLogprobs asks for the log-probabilities of the prompt's own tokens
	// from position LogprobsFrom on, TopLogprobs as of generated ones, in
	// Result.PromptLogprobs. What they follow is read for them, from the token
	// before LogprobsFrom on: the prefix cache does not have them. Those of image
	// tokens are of the token, and say nothing of the picture.
	PromptLogprobs bool
	LogprobsFrom   int
	// PromptOnly ends the request with its prompt, which may fill the window:
	// no token is generated, and MaxTokens does not count. With PromptLogprobs
	// nothing depends on the last token, which is not read then and may be one
	// more than the window has room for.
	PromptOnly bool
	// Mask, if not nil, restricts the tokens. The engine calls it from another
	// goroutine, one call at a time, until Generate returns.
	Mask Mask
	// Progress, if not nil, learns how much of the prompt is read: read of total
	// tokens, of which cached, from the beginning, were in the prefix cache. It is
	// called in the goroutine of Generate, which the engine does not wait for: once
	// when the work begins, with read the same as cached, and after each step that
	// reads more, up to total, before the first token. A caller that is slow misses
	// some, never the last; read does not fall, also where a sequence gives its memory up
	// and reads again.
	Progress func(read, total, cached int)
}

// Token is one generated token, or one of a prompt with its log-probability.
type Token struct {
	ID int32
	// Position is its place in the sequence; the prompt begins at 0.
	Position int
	// Logprob and Top are set if the request asked for them; Top is best
	// first and the receiver's to keep.
	Logprob float32
	Top     []Logprob
	// Greedy says that no token was more probable, nor one of a lower id as
	// probable. It is set with Logprob.
	Greedy bool
}

// Finish says why a completion ended.
type Finish string

// Why a completion ended.
const (
	FinishEnd    Finish = "stop"   // an end token, or the receiver said that it is complete
	FinishLength Finish = "length" // MaxTokens, PromptOnly, or the context window is full
)

// Result sums a completion up.
type Result struct {
	PromptTokens, CompletionTokens int
	// ImageTokens is how much of the prompt is pictures.
	ImageTokens int
	// CachedTokens is how much of the prompt was in the prefix cache.
	CachedTokens int
	Finish       Finish
	// PromptLogprobs is the prompt from LogprobsFrom on with its
	// log-probabilities, if they were asked for: each is the token's given those
	// before it, and the first of the prompt has none. It is nil if the request
	// ended before they were known.
	PromptLogprobs []Token
	// QueueTime is the wait for the first step, FirstTokenTime from the
	// request to its first token; 0 if there was none.
	QueueTime, FirstTokenTime time.Duration
}

// ContextWindowError says that a request does not fit; errors.Is takes it for
// ErrContextWindow.
type ContextWindowError struct {
	Window, Prompt int // in tokens
	Completion     int // what was asked for; 0: as much as fits
	Most           int // what the prompt may have if nothing follows it; 0: something does
}

// Error says what to shorten.
func (e *ContextWindowError) Error() string {
	most := e.Most
	if most == 0 {
		most = e.Window - 1 // a token to generate
	}
	if e.Prompt > most {
		return fmt.Sprintf("%v: the prompt has %d tokens and the window is %d; shorten it to %d or fewer",
			ErrContextWindow, e.Prompt, e.Window, most)
	}
	return fmt.Sprintf("%v: the prompt has %d tokens, the window is %d, and %d more are asked for; ask for %d or fewer",
		ErrContextWindow, e.Prompt, e.Window, e.Completion, e.Window-e.Prompt)
}

// Is reports whether target is ErrContextWindow.
func (e *ContextWindowError) Is(target error) bool { return target == ErrContextWindow }

// numRead returns how many tokens of the prompt something depends on.
func (r *Request) numRead() int {
	if r.PromptOnly && r.PromptLogprobs {
		return max(1, len(r.Prompt)-1)
	}
	return len(r.Prompt)
}

// check refuses a request that cannot work and returns how many tokens it may
// generate.
func (r *Request) check(vocabulary, window int) (maxTokens int, err error) {
	if err := r.Sampling.Validate(); err != nil {
		return 0, err
	}
	if len(r.Prompt) == 0 {
		return 0, fmt.Errorf("%w: it holds no token", ErrPrompt)
	}
	if at := slices.IndexFunc(r.Prompt, func(id int32) bool { return id < 0 || int(id) >= vocabulary }); at >= 0 {
		return 0, fmt.Errorf("%w: token %d at position %d is not in the model's vocabulary of %d",
			ErrPrompt, r.Prompt[at], at, vocabulary)
	}
	if r.PromptLogprobs && (r.LogprobsFrom < 0 || r.LogprobsFrom >= len(r.Prompt)) {
		return 0, fmt.Errorf("%w: log-probabilities from position %d on of %d tokens", ErrPrompt, r.LogprobsFrom, len(r.Prompt))
	}
	room := window - len(r.Prompt)
	switch {
	case r.PromptOnly && window >= r.numRead():
		return 0, nil
	case r.PromptOnly:
		return 0, &ContextWindowError{Window: window, Prompt: len(r.Prompt), Most: window + len(r.Prompt) - r.numRead()}
	case r.MaxTokens < 0:
		return 0, fmt.Errorf("%w: %d tokens asked for; give 0 (as many as fit) or more", ErrPrompt, r.MaxTokens)
	case room <= 0 || r.MaxTokens > room:
		return 0, &ContextWindowError{Window: window, Prompt: len(r.Prompt), Completion: r.MaxTokens}
	case r.MaxTokens == 0:
		return room, nil
	}
	return r.MaxTokens, nil
}
