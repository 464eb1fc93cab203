package quickstart

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/train"
)

// Assistant is how the model learned to answer: it goes on with conversations that are
// made of the text's own names and what the text says of them, of names that do not
// exist, and of a rubric's prompts, with text and pictures among them.
type Assistant struct {
	TextTokens int64 `json:"text_tokens"` // of texts among them, about
	Ready      bool  `json:"ready"`       // what it learns from is written
	Steps      int   `json:"steps"`       // changes with the pace
	Warmup     int   `json:"warmup"`
	EvalEvery  int   `json:"eval_every"`
	Work       Work  `json:"work"`
	// Tokens are those that it learned from, 0 until all is done; Loss is the last one.
	Tokens int64   `json:"tokens,omitempty"`
	Loss   float64 `json:"loss,omitempty"`
}

// talks says that the model has learned to answer.
func (s *state) talks() bool { return s.Assistant != nil && s.Assistant.Tokens > 0 }

// taught says that the stage is over.
func (s *state) taught() bool { return s.talks() || s.Skipped[assistantStage] != "" }

const (
	assistantStage = "assistant"
	// assistantShare is the part of the time for it.
	assistantShare = 0.1
	// Parts of the tokens: reviewShare are pictures, if the model sees, retoldShare is
	// plain text, and the rest are conversations.
	reviewShare = 0.35
	retoldShare = 0.15
	// towerShare is what is left of the tower's rate.
	towerShare = 0.25
)

// planAssistant makes the conversations, or says why there will be none.
func (s *session) planAssistant(ctx context.Context, p *Plan) error {
	if !s.sees() {
		s.skip(assistantStage, fmt.Sprintf("it takes --minutes %v or more", float64(sightMinutes)))
		return nil
	}
	p.AssistantSeconds = assistantShare * s.budget().Seconds()
	talks, err := s.makeTalks(ctx, (1-reviewShare-retoldShare)*p.assistantTokens())
	var none *noTalksError
	if errors.As(err, &none) {
		p.AssistantSeconds = 0
		s.skip(assistantStage, none.Error())
		return nil
	}
	if err != nil {
		return fmt.Errorf("assistant: %w", err)
	}
	p.Talks = *talks
	return nil
}

// assistantTokens are those that the time for it is enough for.
func (p *Plan) assistantTokens() float64 {
	return p.AssistantSeconds / p.lessonSeconds(reviewShare) * float64(p.Eyes.StepTokens)
}

// teach lets the model learn to answer.
func (s *session) teach(ctx context.Context) error {
	p := s.state.Plan
	left := s.left().Seconds() - p.AfterSeconds
	if s.state.Assistant == nil {
		if least := leastLesson * p.AssistantSeconds; left < least {
			s.skip(assistantStage, fmt.Sprintf("it needs %.0f s and %.0f are left", least, max(left, 0)))
			return nil
		}
		s.state.Assistant = s.newAssistant(p, left)
		if err := s.save(); err != nil {
			return err
		}
	}
	a := s.state.Assistant
	if !a.Ready {
		if err := s.retell(ctx, a); err != nil {
			return fmt.Errorf("assistant: %w", err)
		}
		a.Ready = true
		if err := s.save(); err != nil {
			return err
		}
	}
	result, err := s.learn(ctx, &lesson{
		dir: s.path(runDir), steps: &a.Steps, least: a.Warmup, recipe: func() *train.Recipe { return s.assistantRecipe(p, a) }, work: &a.Work,
		after: p.AfterSeconds, decay: decayShare, preparing: s.showPreparing(),
	})
	var memory *train.MemoryError
	if errors.As(err, &memory) {
		s.state.Assistant = nil
		s.skip(assistantStage, fmt.Sprintf("it needs %s of memory, and %s are available", progress.Bytes(memory.Need.Total), progress.Bytes(memory.Available)))
		return nil
	}
	if err != nil {
		return err
	}
	a.Tokens, a.Loss = int64(result.Step)*int64(p.Eyes.StepTokens), result.Loss
	return nil
}

// newAssistant plans it for the seconds that are left.
func (s *session) newAssistant(p *Plan, seconds float64) *Assistant {
	pictures := 0.0
	if s.state.seeing() {
		pictures = reviewShare
	}
	a := &Assistant{Steps: max(int(seconds/p.lessonSeconds(pictures)), 10)}
	a.Warmup, a.EvalEvery = max(a.Steps/40, 1), max(a.Steps/evalsPlanned, 1)
	a.TextTokens = int64(retoldShare * p.assistantTokens())
	return a
}

// retell takes texts to go among the conversations. Where the model learned to see they
// are there already.
func (s *session) retell(ctx context.Context, a *Assistant) error {
	if s.state.seeing() {
		return nil
	}
	from, err := s.readSources(ctx, a.TextTokens, 0)
	if err != nil {
		return err
	}
	return s.writeTexts(assistantDir, from.texts)
}

func (s *session) assistantRecipe(p *Plan, a *Assistant) *train.Recipe {
	o := s.lessonOptions(p, a.Steps, a.Warmup, a.EvalEvery)
	o.name, o.from, o.decay, o.towerShare = "quick start: assistant", filepath.Join(s.textRun(), "model"), decayShare, towerShare
	o.files, o.examples = []string{s.path(assistantDir, talksName), s.path(assistantDir, textsName)}, p.Talks.Number
	if s.state.seeing() {
		o.from = filepath.Join(s.sightRun(), "model")
		o.files = append(o.files, s.path(assistantDir, picturesName))
	}
	r := p.Eyes.recipe(p.Shape, o)
	if !s.state.seeing() {
		r.Optimizer.Vision, r.Optimizer.Projector = nil, nil
	}
	return r
}
