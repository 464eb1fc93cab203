package quickstart

import (
	"context"
	"fmt"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Sample is a text that the finished model wrote.
type Sample struct {
	Prompt      string  `json:"prompt"`
	Text        string  `json:"text"`
	Temperature float32 `json:"temperature"`
}

// samplesSeconds is the time that samples should find left.
const samplesSeconds = 1

// writeSamples lets the finished model write.
func (s *session) writeSamples(ctx context.Context) error {
	if s.left().Seconds() < samplesSeconds-0.1*s.budget().Seconds() {
		s.skip("samples", "no time is left")
		return nil
	}
	m, err := model.Load(s.modelDir(), false)
	if err != nil {
		return err
	}
	t, err := tokenizer.Load(s.tokenizerPath())
	if err != nil {
		return err
	}
	engine := infer.NewEngine(m, infer.Options{})
	var samples []Sample
	for _, prompt := range s.state.Tokens.Prompts {
		sample := Sample{Prompt: prompt, Temperature: 0.7}
		request := infer.Request{
			Prompt: append([]int32{t.EOS()}, t.Encode(prompt)...), MaxTokens: min(96, engine.Window()/2), End: []int32{t.EOS()},
			Sampling: infer.Sampling{Temperature: sample.Temperature, TopP: 0.95, Seed: 1},
		}
		decoder := t.NewDecoder()
		_, err := engine.Generate(ctx, request, func(token infer.Token) bool {
			sample.Text += decoder.Next(token.ID)
			return false
		})
		if err != nil {
			return fmt.Errorf("samples: %w", err)
		}
		samples = append(samples, sample)
	}
	s.state.Samples = samples // all or none: the stage is done when they are there
	return nil
}
