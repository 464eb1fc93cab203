package polymath

import "context"

// Embed returns a vector of length 1 that stands for text: the mean of the
// model's final hidden states. An empty text is what begins one. Errors wrap
// ErrContextWindow, ErrPrompt, ErrBusy or ErrClosed, or are those of ctx.
func (m *Model) Embed(ctx context.Context, text string) ([]float32, Usage, error) {
	ids, err := m.encodePrompt(text)
	if err != nil {
		return nil, Usage{}, err
	}
	return m.embed(ctx, ids)
}

// EmbedTokens is Embed for a text given as token ids, to which nothing is
// added.
func (m *Model) EmbedTokens(ctx context.Context, ids []int) ([]float32, Usage, error) {
	narrowed, err := m.narrow(ids)
	if err != nil {
		return nil, Usage{}, err
	}
	return m.embed(ctx, narrowed)
}

func (m *Model) embed(ctx context.Context, ids []int32) ([]float32, Usage, error) {
	engine := m.engine.Load()
	if engine == nil {
		return nil, Usage{}, ErrClosed
	}
	vector, err := engine.Embed(ctx, ids)
	return vector, Usage{PromptTokens: len(ids)}, err
}
