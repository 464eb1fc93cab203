package polymath

import (
	"context"

	"github.com/polymath-lm/polymath/infer"
)

// Score returns the tokens of text, after what begins a text, each with its
// log-probability given those before it, and with the top most probable ones
// beside it. The first token has neither. A text may fill the window. Errors
// wrap ErrContextWindow, ErrPrompt, ErrBusy or ErrClosed, or are those of ctx.
func (m *Model) Score(ctx context.Context, text string, top int) ([]Token, Usage, error) {
	ids, err := m.encodePrompt(text)
	if err != nil {
		return nil, Usage{}, err
	}
	return m.score(ctx, ids, top)
}

// ScoreTokens is Score for a text given as token ids, to which nothing is
// added.
func (m *Model) ScoreTokens(ctx context.Context, ids []int, top int) ([]Token, Usage, error) {
	narrowed, err := m.narrow(ids)
	if err != nil {
		return nil, Usage{}, err
	}
	return m.score(ctx, narrowed, top)
}

func (m *Model) score(ctx context.Context, ids []int32, top int) ([]Token, Usage, error) {
	engine := m.engine.Load()
	if engine == nil {
		return nil, Usage{}, ErrClosed
	}
	r, err := engine.Generate(ctx, infer.Request{Prompt: ids, PromptOnly: true, PromptLogprobs: true, TopLogprobs: max(0, top)}, nil)
	if err != nil {
		return nil, *usage(r), err
	}
	tokens := make([]Token, len(r.PromptLogprobs))
	for i, t := range r.PromptLogprobs {
		tokens[i] = m.token(t, nil)
	}
	return tokens, *usage(r), nil
}
