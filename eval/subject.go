// Package eval puts the items of tasks to models and says what the answers are
// worth: scores with intervals, comparisons in pairs, calibration.
package eval

import (
	"context"
	"errors"

	"github.com/polymath-lm/polymath/chat"
)

// ErrUnsupported is wrapped by what a Subject cannot do, such as an endpoint that
// gives no log-probabilities. Tasks that need it are not run, and the report says
// why.
var ErrUnsupported = errors.New("the model cannot do this")

// ErrUnavailable is wrapped by errors of a subject that cannot be reached, after
// what could be done about it. When several items fail with it in a row the run
// ends: going on would only make more failures.
var ErrUnavailable = errors.New("the model cannot be reached")

// ErrWindow is wrapped where a text is longer than the window and cannot be cut.
var ErrWindow = errors.New("longer than the model's window")

// A Subject is who sits the examination: a model in this process or an endpoint.
// Goroutines share it. The same request gives the same answer, in whatever order
// and company requests come, as far as Info.Deterministic says so.
type Subject interface {
	Info() SubjectInfo
	// Score returns the log-probability of the tokens of continuation after
	// prompt. Both are one text to the tokenizer; where a token straddles the
	// border it belongs to the continuation (as in lm-evaluation-harness, with
	// which scores are compared: the tokens of the prompt alone are counted, and as
	// many at the beginning of the whole are the prompt). An empty prompt is what
	// begins a text. A text longer than the window loses its beginning.
	Score(ctx context.Context, prompt, continuation string) (Score, error)
	// Generate writes on after r.Prompt, or answers r.Conversation.
	Generate(ctx context.Context, r Request) (Answer, error)
}

// A TextScorer is a Subject that scores texts longer than its window: each token after
// as much of what is before it as the windows hold. Others are given long texts in
// parts.
type TextScorer interface {
	ScoreText(ctx context.Context, text string) (Score, error)
}

// A BeginningScorer is a Subject that scores the beginning of a text, as much as its
// window holds, in one reading: each token after all that is before it. left is how many
// bytes of the text are behind that. progress, if not nil, is told as Request.Progress is.
type BeginningScorer interface {
	ScoreBeginning(ctx context.Context, text string, progress func(read, total int)) (score Score, left int, err error)
}

// SubjectInfo describes who was examined.
type SubjectInfo struct {
	// Name is the path or the name at the endpoint; Fingerprint identifies the
	// weights (64 hexadecimal digits, or what an endpoint says), and is empty if
	// unknown.
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint,omitempty"`
	// Address is where an endpoint is; it tells models of one name and without a
	// Fingerprint apart.
	Address string `json:"-"`
	// Card is what else the report says of the model, in order.
	Card []CardLine `json:"card,omitempty"`
	// ContextWindow in tokens; 0 if unknown.
	ContextWindow int `json:"context_window,omitempty"`
	// Chat says that the model answers conversations: items to be generated are
	// put to it as such.
	Chat bool `json:"chat"`
	// Deterministic says that requests with the same seed give the same answer.
	Deterministic bool `json:"deterministic"`
	// Parallel is how many requests at once are worth while.
	Parallel int `json:"-"`
}

// CardLine is one line of a model's card.
type CardLine struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Score is what a continuation is worth to a model.
type Score struct {
	// Logprob is the natural logarithm of its probability: the sum over Tokens, in order.
	Logprob float64
	// Greedy says that each token was the most probable one, the lowest id among equals.
	Greedy bool
	Tokens []TokenScore
	// Cut is how many tokens of the prompt did not fit into the window.
	Cut int
	// PromptTokens is the length of prompt and continuation together, CachedTokens
	// how much of it need not be read; 0 if unknown.
	PromptTokens, CachedTokens int
}

// TokenScore is one token of a text with its log-probability.
type TokenScore struct {
	Text    string  `json:"text"` // the bytes of the token; they may not be UTF-8 in themselves
	Logprob float64 `json:"logprob"`
}

// Request asks for a text.
type Request struct {
	Prompt string
	// Conversation is answered, if it has messages; Prompt is empty then.
	Conversation chat.Conversation
	MaxTokens    int
	Temperature  float64
	TopP         float64
	Stop         []string
	// Seed is all that the random choices depend on; each sample has its own.
	Seed uint64
	// Whole says that nothing may be cut: what does not fit the window with MaxTokens
	// behind it is a *WindowError.
	Whole bool
	// Progress, if not nil, is told how many tokens of how many of the prompt are read,
	// where the subject knows. It should return soon.
	Progress func(read, total int)
	// Logprobs asks for Answer.Tokens.
	Logprobs bool
	// Choices, if any, are the texts of which the answer is one, where the subject
	// can hold it to them.
	Choices []string
	// Schema, if any, is a JSON Schema that the answer conforms to, where the subject
	// can hold it to one; others take no notice of it.
	Schema string
}

// Answer is a text that a model wrote.
type Answer struct {
	Text string
	// Tokens are there if they were asked for and the subject knows them.
	Tokens []TokenScore
	// Full says that MaxTokens ended the text, or the window.
	Full                       bool
	PromptTokens, CachedTokens int
	CompletionTokens           int
	// Cut is how many tokens of the prompt did not fit into the window.
	Cut int
}
