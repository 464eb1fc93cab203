package infer

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestImpossibleRequests(t *testing.T) {
	e := NewEngine(testModel(t), Options{Window: 100})
	for name, c := range map[string]struct {
		request Request
		want    error
	}{
		"no prompt":       {Request{}, ErrPrompt},
		"foreign token":   {Request{Prompt: []int32{1, 97}}, ErrPrompt},
		"negative token":  {Request{Prompt: []int32{-1}}, ErrPrompt},
		"negative length": {Request{Prompt: tokens(1), MaxTokens: -1}, ErrPrompt},
		"full window":     {Request{Prompt: tokens(100)}, ErrContextWindow},
		"too much":        {Request{Prompt: tokens(90), MaxTokens: 11}, ErrContextWindow},
		"temperature":     {Request{Prompt: tokens(1), Sampling: Sampling{Temperature: -1}}, ErrSampling},
		"nothing allowed": {Request{Prompt: tokens(1), Mask: forbid{}}, ErrNoToken},
	} {
		if _, err := e.Generate(t.Context(), c.request, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// The advice is exact: a prompt of that length fits.
func TestContextWindowAdvice(t *testing.T) {
	e := NewEngine(testModel(t), Options{Window: 100})
	for most, r := range map[int]Request{
		99:  {},
		100: {PromptOnly: true},
		101: {PromptOnly: true, PromptLogprobs: true},
	} {
		r.Prompt = tokens(most + 1)
		_, err := e.Generate(t.Context(), r, nil)
		if advice := fmt.Sprintf("shorten it to %d or fewer", most); !errors.Is(err, ErrContextWindow) || !strings.Contains(err.Error(), advice) {
			t.Errorf("%v, want %q", err, advice)
		}
		r.Prompt = r.Prompt[:most]
		if _, err := e.Generate(t.Context(), r, nil); err != nil {
			t.Errorf("%d tokens: %v", most, err)
		}
	}
}

type forbid struct{}

func (forbid) Accept(int32) {}

func (forbid) Restrict(logits []float32) {
	for i := range logits {
		logits[i] = negativeInfinity
	}
}
