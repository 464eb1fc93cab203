package train

import (
	"context"
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
)

// sampleChunk is the most tokens of a prompt in one pass, and half of those that
// memory is planned for where all prompts are shorter.
const sampleChunk = 64

// encodePrompts makes tokens of the prompts of samples, and refuses those that the
// model cannot read whole in every stage.
func (t *Trainer) encodePrompts() error {
	end := t.data.set.Header().EndOfText
	t.promptEnds = []int32{end}
	for i, prompt := range t.recipe.Sample.Prompts {
		ids := append([]int32{end}, t.text.Encode(prompt)...)
		if t.template != nil {
			var err error
			if ids, t.promptEnds, err = t.chatPrompt(prompt); err != nil {
				return err
			}
		}
		for _, cfg := range t.shapes {
			if len(ids) >= cfg.MaxPositions {
				return recipe.Bad("sample.prompts", "prompt %d has %d tokens, which leave no place for an answer in the %d positions of the model: shorten it", i+1, len(ids), cfg.MaxPositions)
			}
		}
		t.prompts = append(t.prompts, ids)
	}
	return nil
}

// sampleOptions are the resources for one sample at a time.
func (t *Trainer) sampleOptions(cfg *model.Config) infer.Options {
	longest := 2 * sampleChunk
	for _, ids := range t.prompts {
		longest = max(longest, len(ids))
	}
	window := min(longest+t.recipe.Sample.Tokens, cfg.MaxPositions)
	return infer.Options{
		Chunk: min(sampleChunk, cfg.MaxPositions), Window: window, MaxBatch: 1,
		CacheBytes: model.CacheBytes(cfg, model.CacheBF16, window),
	}
}

// sample writes a text for each prompt, with a random number of its own for
// each step, but the first few. A prompt begins a document, or with conversations
// is a user's message. Weights that are
// not finite write nothing. done is false where ctx ended before.
func (t *Trainer) sample(ctx context.Context, skip int) (done bool, err error) {
	if skip >= len(t.recipe.Sample.Prompts) {
		return true, nil
	}
	defer t.useAverage()()
	engine := infer.NewEngine(t.model, t.sampleOptions(t.model.Config()))
	defer engine.Close()
	for i, prompt := range t.recipe.Sample.Prompts {
		if i < skip {
			continue
		}
		ids := t.prompts[i]
		var out []int32
		request := infer.Request{
			Prompt: ids, MaxTokens: min(t.recipe.Sample.Tokens, engine.Window()-len(ids)), Choice: i, End: t.promptEnds,
			Sampling: infer.Sampling{Temperature: float32(t.recipe.Sample.Temperature), Seed: t.recipe.Seed + uint64(t.step)},
		}
		_, err := engine.Generate(ctx, request, func(token infer.Token) bool {
			out = append(out, token.ID)
			return false
		})
		switch {
		case ctx.Err() != nil:
			return false, nil
		case err != nil && !errors.Is(err, model.ErrNonFinite):
			return false, fmt.Errorf("sample at step %d: %w", t.step, err)
		}
		record := &SampleRecord{Prompt: prompt, Text: t.text.Decode(out)}
		if err := t.record(Record{Kind: KindSample, Sample: record}); err != nil {
			return false, err
		}
	}
	return true, nil
}
