package polymath

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/polymath-lm/polymath/infer"
)

// GenerateOptions says how to continue a prompt. The zero value is greedy and
// goes on until the model ends the text or its window is full.
type GenerateOptions struct {
	// MaxTokens bounds the completion; 0 is as many as the window has room for.
	MaxTokens int
	// ShrinkToWindow lowers MaxTokens to what the window has room for, where
	// that would be an error otherwise.
	ShrinkToWindow bool
	// Temperature divides the logits; 0 takes the most probable token.
	Temperature float32
	// TopK keeps the K most probable tokens, TopP the most probable ones that
	// reach TopP together, MinP those at least MinP times as probable as the
	// best; 0 keeps all.
	TopK int
	TopP float32
	MinP float32
	// RepetitionPenalty above 1 makes the tokens of prompt and completion less
	// likely to come again (Keskar et al., arXiv:1909.05858); 0 and 1 are off.
	RepetitionPenalty float32
	// PresencePenalty is taken from the logit of every token that the completion
	// has, FrequencyPenalty once for each time it has it; -2 to 2, 0 is off.
	PresencePenalty, FrequencyPenalty float32
	// LogitBias is added to the logits of tokens, by id.
	LogitBias map[int]float32
	// Seed makes the random choices: the same seed, the same text.
	Seed uint64
	// Choice tells several completions of one prompt and seed apart.
	Choice int
	// Stop strings end the text and are not part of it.
	Stop []string
	// Logprobs adds the log-probability of each token to Result.Tokens, and
	// TopLogprobs that of the most probable ones beside it.
	Logprobs    bool
	TopLogprobs int
	// Format holds the completion to a form.
	Format Format
}

// Result is a completion.
type Result struct {
	// Text continues the prompt. It is valid UTF-8.
	Text string
	// Tokens are those that were generated. With a stop string the last ones
	// may reach beyond Text.
	Tokens []Token
	// PromptTokens is the length of the prompt.
	PromptTokens int
	// Finish is "stop" (the model or a stop string ended the text) or "length"
	// (MaxTokens, or the window is full).
	Finish string
	Usage  Usage
}

// Token is one generated token.
type Token struct {
	ID int
	// Bytes is what it stands for; it may be a part of a character.
	Bytes []byte
	// Logprob is the natural logarithm of its probability under the model,
	// before temperature and filters. It and Top, best first, are set if the
	// options asked for them.
	Logprob float64
	Top     []Alternative
}

// Alternative is a token that might have come instead.
type Alternative struct {
	ID      int
	Bytes   []byte
	Logprob float64
}

// Chunk is a piece of a completion that is being generated.
type Chunk struct {
	// Text is what became certain with this piece. It may be empty: a stop
	// string may have begun, or a character may not be complete.
	Text string
	// Token is the token of this piece; nil in the last one.
	Token *Token
	// Finish is set in the last piece alone: see Result.
	Finish string
	// PromptTokens is the length of the prompt.
	PromptTokens int
	// Usage is set in the last piece alone.
	Usage *Usage
}

// Generate continues prompt. When ctx ends it returns the error of ctx and
// what was generated so far. Other errors wrap ErrContextWindow, ErrSampling,
// ErrStop or ErrClosed, or report a damaged model.
func (m *Model) Generate(ctx context.Context, prompt string, o GenerateOptions) (Result, error) {
	var r Result
	for chunk, err := range m.Stream(ctx, prompt, o) {
		r.Text += chunk.Text
		r.PromptTokens = chunk.PromptTokens
		if chunk.Token != nil {
			r.Tokens = append(r.Tokens, *chunk.Token)
		}
		if err != nil {
			return r, err
		}
		r.Finish = chunk.Finish
	}
	return r, nil
}

// errReceiverLeft ends a generation whose receiver wants no more.
var errReceiverLeft = errors.New("receiver left")

// Stream is Generate piece by piece, as the tokens come. An error is the last
// thing it yields, with the Chunk holding back nothing. Breaking out of the
// loop ends the generation. The loop must not generate with the same Model,
// which works on one completion at a time.
func (m *Model) Stream(ctx context.Context, prompt string, o GenerateOptions) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		c := completion{model: m, options: o, yield: yield}
		err := c.run(ctx, prompt)
		if err != nil && !errors.Is(err, errReceiverLeft) {
			yield(Chunk{Text: c.flush(), PromptTokens: c.promptTokens}, err)
		}
	}
}

// GenerateTokens is Generate for a prompt given as token ids, to which nothing
// is added.
func (m *Model) GenerateTokens(ctx context.Context, prompt []int, o GenerateOptions) (Result, error) {
	return Result{}, errNotYet
}

// StreamTokens is Stream for a prompt given as token ids, to which nothing is
// added.
func (m *Model) StreamTokens(ctx context.Context, prompt []int, o GenerateOptions) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) { yield(Chunk{}, errNotYet) }
}

// completion is one text being generated.
type completion struct {
	model        *Model
	options      GenerateOptions
	yield        func(Chunk, error) bool
	stop         *infer.Stop
	promptTokens int
	left         bool // the receiver
}

func (c *completion) run(ctx context.Context, prompt string) error {
	m, o := c.model, c.options
	engine := m.engine.Load()
	if engine == nil {
		return ErrClosed
	}
	var err error
	if c.stop, err = infer.NewStop(o.Stop...); err != nil {
		return err
	}
	ids, err := m.encodePrompt(prompt)
	if err != nil {
		return err
	}
	c.promptTokens = len(ids)
	if room := m.window - len(ids); o.ShrinkToWindow && room > 0 {
		o.MaxTokens = min(o.MaxTokens, room)
	}
	request := infer.Request{
		Prompt: ids, MaxTokens: o.MaxTokens, Choice: o.Choice, End: m.end,
		Sampling: infer.Sampling{Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP, MinP: o.MinP, Seed: o.Seed},
		Logprobs: o.Logprobs, TopLogprobs: o.TopLogprobs,
	}
	result, err := engine.Generate(ctx, request, c.receive)
	switch {
	case err != nil:
		return err
	case c.left:
		return errReceiverLeft
	}
	c.yield(Chunk{Text: c.flush(), Finish: string(result.Finish), PromptTokens: c.promptTokens}, nil)
	return nil
}

// receive hands a token on and says whether the text is complete.
func (c *completion) receive(t infer.Token) bool {
	bytes := c.model.tokenizer.Bytes(t.ID)
	if c.model.tokenizer.IsSpecial(t.ID) {
		bytes = nil // control tokens are no text
	}
	text, stopped := c.stop.Push(bytes)
	token := Token{ID: int(t.ID), Bytes: bytes, Logprob: float64(t.Logprob)}
	for _, top := range t.Top {
		token.Top = append(token.Top, Alternative{ID: int(top.ID), Bytes: c.model.tokenizer.Bytes(top.ID), Logprob: float64(top.Logprob)})
	}
	c.left = !c.yield(Chunk{Text: text, Token: &token, PromptTokens: c.promptTokens}, nil)
	return stopped || c.left
}

// flush returns the text held back.
func (c *completion) flush() string {
	if c.stop == nil {
		return ""
	}
	return c.stop.Flush()
}

// encodePrompt returns the prompt's tokens, after those that begin a text:
// what the tokenizer's post_processor puts there, or without one the
// bos_token_id of config.json. An empty prompt begins a new text.
func (m *Model) encodePrompt(prompt string) ([]int32, error) {
	var ids []int32
	if prefix, _ := m.tokenizer.Template(); m.tokenizer.HasTemplate() {
		ids = append(ids, prefix...)
	} else if bos := m.config.BOSTokenID; bos >= 0 {
		ids = append(ids, int32(bos))
	}
	ids = m.tokenizer.AppendEncode(ids, []byte(prompt))
	if len(ids) == 0 && len(m.end) > 0 {
		ids = append(ids, m.end[0]) // after the end of another text
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: this model has no token that begins a text, so give it one to continue", infer.ErrPrompt)
	}
	return ids, nil
}
