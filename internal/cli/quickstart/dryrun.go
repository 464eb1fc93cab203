package quickstart

import (
	"context"
	"fmt"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/train"
)

// dryRun prints what a quick start would do, without doing it.
func (s *session) dryRun(ctx context.Context) error {
	if err := s.measureMachine(ctx); err != nil {
		return err
	}
	m := s.state.Machine
	d, err := s.draft(ctx)
	if err != nil {
		return err
	}
	text, err := s.expected(ctx, d)
	if err != nil {
		return err
	}
	shape := d.Shape
	seconds := s.learningShare() * s.budget().Seconds()
	flops := m.Peak * train.UsualMFU() * seconds
	tokens := flops / shape.flopsPerToken()
	_, err = fmt.Fprintf(s.Out, `machine      %d threads, %s, %s in registers
text         about %s of the %s of %s in %s files
model        %s; about %s parameters active
training     about %s tokens in %s, if training reaches %.0f%% of the limit; that is measured
             before the run. The rule: the widest model that still learns %.1f tokens for each
             active parameter
sight        %s
assistant    %s
examination  the held-out text, predicted; up to %d questions about it of each kind:
             %s
time         %s in all: %.0f%% learning, %.0f%% trial steps, %.0f%% examination, %.0f%% its questions
directory    %s, with the report in %s
`, m.Threads, m.CPU, progress.Rate(m.Peak, "FLOP/s"),
		progress.Bytes(text.Text), progress.Bytes(text.Stored), d.Root, progress.Count(int64(text.Sources[0].Files)),
		shape, progress.Short(float64(shape.active())),
		progress.Short(tokens), progress.Duration(s.budget()), 100*train.UsualMFU(), float64(tokensPerParameter),
		s.plannedSight(shape), s.plannedAssistant(), mostQuestions, kindNames(),
		progress.Duration(s.budget()), 100*trainingShare, 100*trialShare, 100*examShare, 100*questionShare, s.Dir, reportName)
	return err
}

// expected tries a little of the text.
func (s *session) expected(ctx context.Context, d *Draft) (*corpus.Plan, error) {
	_, r, err := s.corpusRecipe(d)
	if err != nil {
		return nil, err
	}
	p, err := corpus.NewPlan(ctx, r, corpus.Options{})
	if err != nil {
		return nil, plain(err)
	}
	tried := &p.Sources[0]
	return p, s.enough(d.Root, p.Text, leftOut(&corpus.SourceReport{Funnel: tried.Sample}), int64(tried.Files))
}

// plannedSight says how the model learns to see.
func (s *session) plannedSight(shape Shape) string {
	if !s.sees() {
		return fmt.Sprintf("none: it takes --minutes %v or more", float64(sightMinutes))
	}
	return fmt.Sprintf("in %.0f%% of the time, from text too: %s;\n             up to %d questions about drawn scenes and lines of code",
		100*sightShare, eyesOf(shape), 2*mostDrawn)
}

// plannedAssistant says how the model learns to answer.
func (s *session) plannedAssistant() string {
	if !s.sees() {
		return fmt.Sprintf("none: it takes --minutes %v or more", float64(sightMinutes))
	}
	return fmt.Sprintf("in %.0f%% of the time, from conversations made of what the text says of names,\n             such as doc comments; up to %d questions about names that it was not taught",
		100*assistantShare, len(askedTasks)*mostAsked)
}
