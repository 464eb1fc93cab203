package polymath

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/infer"
)

// completion is a text to generate.
type completion struct {
	prompt  *prompt
	options GenerateOptions
	stops   []string // strings that end the text
	end     []int32  // tokens that end it
	mask    mask     // nil: every token is allowed
	markup  []int32  // special tokens that are part of the text all the same

	// progress receives what options.Progress asks for, and returns true when
	// nothing more is wanted.
	progress func(Progress) bool
}

// mask is an infer.Mask that knows whether a text may end, and why it allows no
// token where the grammar is not the reason.
type mask interface {
	infer.Mask
	Complete() bool
	Err() error
}

// write generates c. It hands each token to receive, with the text that became
// certain with it, until receive returns true. rest is the text held back until
// the end; it is right with an error too.
func (m *Model) write(ctx context.Context, c completion, receive func(text string, t Token) bool) (rest string, r infer.Result, err error) {
	engine := m.engine.Load()
	if engine == nil {
		return "", r, ErrClosed
	}
	stop, err := infer.NewStop(c.stops...)
	if err != nil {
		return "", r, err
	}
	request, err := m.request(c)
	if err != nil {
		return "", r, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if c.options.Progress {
		request.Progress = c.readings(cancel)
	}
	r, err = engine.Generate(ctx, request, func(t infer.Token) bool {
		token := m.token(t, c.markup)
		text, stopped := stop.Push(token.Bytes)
		return receive(text, token) || stopped
	})
	if errors.Is(err, infer.ErrNoToken) && c.mask != nil {
		switch {
		case c.mask.Err() != nil:
			err = fmt.Errorf("%w: %w", ErrFormat, c.mask.Err())
		case c.mask.Complete(): // a vocabulary without a token that ends a text
			r.Finish, err = infer.FinishEnd, nil
		}
	}
	return stop.Flush(), r, err
}

// readings returns what the engine tells its progress; leave ends the completion
// of a receiver that has left.
func (c *completion) readings(leave func()) func(read, total, cached int) {
	var began time.Time
	left := false
	return func(read, total, cached int) {
		if began.IsZero() {
			began = time.Now()
		}
		if left = left || c.progress(Progress{Read: read, Total: total, Cached: cached, Time: time.Since(began)}); left {
			leave()
		}
	}
}

// request is c as the engine wants it.
func (m *Model) request(c completion) (infer.Request, error) {
	o := c.options
	if room := m.window - len(c.prompt.ids); o.ShrinkToWindow && room > 0 {
		o.MaxTokens = min(o.MaxTokens, room)
	}
	r := infer.Request{
		Prompt: c.prompt.ids, Images: c.prompt.images, MaxTokens: o.MaxTokens, Choice: o.Choice, End: c.end,
		Sampling: infer.Sampling{
			Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP, MinP: o.MinP, Seed: o.Seed,
			RepetitionPenalty: o.RepetitionPenalty,
			PresencePenalty:   o.PresencePenalty, FrequencyPenalty: o.FrequencyPenalty,
		},
		Logprobs: o.Logprobs, TopLogprobs: o.TopLogprobs,
	}
	if c.mask != nil { // an interface that holds nil is not nil
		r.Mask = c.mask
	}
	if len(o.LogitBias) > 0 {
		r.Sampling.Bias = make(map[int32]float32, len(o.LogitBias))
	}
	for id, bias := range o.LogitBias {
		if id < 0 || id >= m.tokenizer.VocabSize() {
			return r, fmt.Errorf("%w: bias for token %d, which is not in the model's vocabulary of %d",
				ErrSampling, id, m.tokenizer.VocabSize())
		}
		r.Sampling.Bias[int32(id)] = bias
	}
	return r, nil
}

// token is t with its text. Control tokens are no text, markup excepted.
func (m *Model) token(t infer.Token, markup []int32) Token {
	token := Token{ID: int(t.ID), Logprob: float64(t.Logprob)}
	if m.isText(t.ID, markup) {
		token.Bytes = m.tokenizer.Bytes(t.ID)
	}
	for _, top := range t.Top {
		token.Top = append(token.Top, Alternative{
			ID: int(top.ID), Bytes: m.tokenizer.Bytes(top.ID), Logprob: float64(top.Logprob),
		})
	}
	return token
}

// usage sums r up.
func usage(r infer.Result) *Usage {
	return &Usage{
		PromptTokens: r.PromptTokens, ImageTokens: r.ImageTokens, CachedTokens: r.CachedTokens,
		CompletionTokens: r.CompletionTokens,
		QueueTime:        r.QueueTime, FirstTokenTime: r.FirstTokenTime,
	}
}

// spelling finds out which tokens a piece of text came from.
type spelling struct {
	raw    []byte  // of the tokens, less what became text
	tokens []Token // not yet handed out
	spent  int     // bytes of the first of tokens that became text
}

func (s *spelling) add(t Token) {
	s.raw = append(s.raw, t.Bytes...)
	s.tokens = append(s.tokens, t)
}

// take returns the tokens whose last byte is in text, the next piece.
func (s *spelling) take(text string) []Token {
	n := rawLength(s.raw, text)
	s.raw = s.raw[n:]
	s.spent += n
	taken := 0
	for taken < len(s.tokens) && s.spent >= len(s.tokens[taken].Bytes) {
		s.spent -= len(s.tokens[taken].Bytes)
		taken++
	}
	tokens := s.tokens[:taken:taken]
	s.tokens = s.tokens[taken:]
	return tokens
}

// last returns the tokens that text, the last piece, came from; what a stop
// string cut off is not among them.
func (s *spelling) last(text string) []Token {
	tokens := s.take(text)
	if s.spent > 0 {
		tokens = append(tokens, s.tokens[0])
	}
	return tokens
}

// rawLength returns how many bytes at the beginning of raw became text, in
// which every byte that is not part of a character is U+FFFD.
func rawLength(raw []byte, text string) int {
	n := 0
	for text != "" && n < len(raw) {
		r, size := utf8.DecodeRune(raw[n:])
		wrote, width := utf8.DecodeRuneInString(text)
		if wrote != r { // the character was cut after some of its bytes
			size = 1
		}
		n += size
		text = text[width:]
	}
	return n
}
