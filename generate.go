package polymath

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/chat"
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
	// has, FrequencyPenalty once for each time it has it; -10 to 10, 0 is off.
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
	// Progress adds pieces to a stream that say how much of the prompt is read,
	// before the first token.
	Progress bool
	// Images are shown to a model that sees: where a prompt of text has the places
	// chat.ImageToken ("<image>"), as many as there are images, or, if it has none,
	// before it, each with a newline after. They are not for prompts of tokens;
	// those of a conversation are in its messages.
	Images []chat.Image
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

// Progress says how much of a prompt has been read.
type Progress struct {
	// Read of Total tokens have been; the first Cached of them were in the cache.
	Read, Total, Cached int
	// Time passed since the work on the prompt began.
	Time time.Duration
}

// Chunk is a piece of a completion that is being generated.
type Chunk struct {
	// Text is what became certain with this piece. It may be empty: a stop
	// string may have begun, or a character may not be complete.
	Text string
	// Token is the token of this piece; nil in the last one.
	Token *Token
	// Progress is set, if the options asked for it, in pieces that have nothing else.
	// The first comes when the work begins, others as the prompt is read: Read grows,
	// and is Total in the last of them, which comes before the first token. One who
	// takes long over a piece misses some, but never the last.
	Progress *Progress
	// Finish is set in the last piece alone: see Result.
	Finish string
	// PromptTokens is the length of the prompt.
	PromptTokens int
	// Usage is set in the last piece alone.
	Usage *Usage
}

// Generate continues prompt. When ctx ends it returns the error of ctx and
// what was generated so far. Other errors wrap one of this package's, or report
// a damaged model.
func (m *Model) Generate(ctx context.Context, prompt string, o GenerateOptions) (Result, error) {
	return collect(m.Stream(ctx, prompt, o))
}

// GenerateTokens is Generate for a prompt given as token ids, to which nothing
// is added.
func (m *Model) GenerateTokens(ctx context.Context, prompt []int, o GenerateOptions) (Result, error) {
	return collect(m.StreamTokens(ctx, prompt, o))
}

// collect puts the pieces of a completion together.
func collect(chunks iter.Seq2[Chunk, error]) (Result, error) {
	var r Result
	var text strings.Builder
	for chunk, err := range chunks {
		text.WriteString(chunk.Text)
		r.PromptTokens = chunk.PromptTokens
		if chunk.Token != nil {
			r.Tokens = append(r.Tokens, *chunk.Token)
		}
		if chunk.Usage != nil {
			r.Usage = *chunk.Usage
		}
		r.Text, r.Finish = text.String(), chunk.Finish
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// Stream is Generate piece by piece, as the tokens come. An error is the last
// thing it yields, with the Chunk holding back nothing. Breaking out of the
// loop ends the generation at once.
func (m *Model) Stream(ctx context.Context, text string, o GenerateOptions) iter.Seq2[Chunk, error] {
	return m.stream(ctx, o, func() (*prompt, error) {
		if len(o.Images) > 0 {
			return m.imagePrompt(text, o.Images)
		}
		ids, err := m.encodePrompt(text)
		return &prompt{ids: ids}, err
	})
}

// StreamTokens is Stream for a prompt given as token ids, to which nothing is
// added.
func (m *Model) StreamTokens(ctx context.Context, tokens []int, o GenerateOptions) iter.Seq2[Chunk, error] {
	return m.stream(ctx, o, func() (*prompt, error) {
		if len(o.Images) > 0 {
			return nil, fmt.Errorf("%w: a prompt of tokens takes no images", ErrImage)
		}
		ids, err := m.narrow(tokens)
		return &prompt{ids: ids}, err
	})
}

func (m *Model) stream(ctx context.Context, o GenerateOptions, begin func() (*prompt, error)) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		c, err := m.continuation(ctx, o, begin)
		if err != nil {
			yield(Chunk{}, err)
			return
		}
		defer c.prompt.release() // also when the receiver panics
		left := false
		c.progress = func(p Progress) bool {
			left = !yield(Chunk{Progress: &p, PromptTokens: len(c.prompt.ids)}, nil)
			return left
		}
		rest, r, err := m.write(ctx, c, func(text string, t Token) bool {
			left = !yield(Chunk{Text: text, Token: &t, PromptTokens: len(c.prompt.ids)}, nil)
			return left
		})
		c.prompt.release() // the receiver may take long over the end
		last := Chunk{Text: rest, PromptTokens: len(c.prompt.ids), Usage: usage(r)}
		if err == nil {
			last.Finish = string(r.Finish)
		}
		if !left {
			yield(last, err)
		}
	}
}

// continuation is a completion of a text.
func (m *Model) continuation(ctx context.Context, o GenerateOptions, begin func() (*prompt, error)) (completion, error) {
	c := completion{options: o, stops: o.Stop, end: m.end}
	var err error
	if c.prompt, err = begin(); err != nil {
		return c, err
	}
	if o.Format.Kind != FormatText {
		c.end = m.chatEnd // what ends an answer may end a constrained text
		if c.mask, err = m.formatMask(ctx, o.Format); err != nil {
			return c, err
		}
	}
	return c, m.hold(ctx, c.prompt)
}

// encodePrompt returns the prompt's tokens, after those that begin a text:
// what the tokenizer's post_processor puts there, or without one the
// bos_token_id of config.json. An empty prompt begins a new text.
func (m *Model) encodePrompt(prompt string) ([]int32, error) {
	ids := m.begin()
	ids = m.appendText(ids, prompt)
	if len(ids) == 0 && len(m.end) > 0 {
		ids = append(ids, m.end[0]) // after the end of another text
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w: this model has no token that begins a text, so give it one to continue", infer.ErrPrompt)
	}
	return ids, nil
}

// begin returns the tokens that begin a text, for the caller to append to.
func (m *Model) begin() []int32 {
	if m.tokenizer.HasTemplate() {
		prefix, _ := m.tokenizer.Template()
		return slices.Clone(prefix)
	}
	if bos := m.config.BOSTokenID; bos >= 0 {
		return []int32{int32(bos)}
	}
	return nil
}
