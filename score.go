package polymath

import (
	"context"

	"github.com/polymath-lm/polymath/infer"
)

// Score returns the tokens of text, after what begins a text, each with its
// log-probability given those before it, and with the top most probable ones
// beside it. The first token has neither. A text may fill the window, and its
// last token come after it. Errors wrap ErrContextWindow, ErrPrompt, ErrBusy or ErrClosed, or are those of ctx.
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
	r, err := m.scoreFrom(ctx, ids, 0, max(0, top), nil)
	if err != nil {
		return nil, *usage(r), err
	}
	return m.scored(r.PromptLogprobs), *usage(r), nil
}

// scoreFrom scores the tokens of ids from position from on. progress is as in
// infer.Request.
func (m *Model) scoreFrom(ctx context.Context, ids []int32, from, top int, progress func(read, total, cached int)) (infer.Result, error) {
	engine := m.engine.Load()
	if engine == nil {
		return infer.Result{}, ErrClosed
	}
	return engine.Generate(ctx, infer.Request{
		Prompt: ids, PromptOnly: true, PromptLogprobs: true, LogprobsFrom: from, TopLogprobs: top, Progress: progress,
	}, nil)
}

// scored returns tokens with their texts.
func (m *Model) scored(tokens []infer.Token) []Token {
	scored := make([]Token, len(tokens))
	for i, t := range tokens {
		scored[i] = m.token(t, nil)
	}
	return scored
}
