package quickstart

import (
	"context"
	"fmt"

	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// dryRun prints what a quick start would do, without doing it.
func (s *session) dryRun(ctx context.Context) error {
	if err := s.measureMachine(ctx); err != nil {
		return err
	}
	m := s.state.Machine
	shape := s.expectedShape()
	text, err := s.readText(ctx, s.expectedText(shape))
	if err != nil {
		return err
	}
	seconds := trainingShare * s.budget().Seconds()
	flops := m.Peak * expectedMFU * seconds
	tokens := flops / shape.flopsPerToken()
	_, err = fmt.Fprintf(s.Out, `machine      %d threads, %s, %s in registers
text         %s of %s in %d documents; files left out: %s
model        %s; about %s parameters active
training     about %s tokens in %s, if training reaches %.0f%% of the limit; that is measured
             before the run. The rule: the widest model that still learns %.1f tokens for each
             active parameter
time         %s in all: %.0f%% training, %.0f%% trial steps, %.0f%% examination
directory    %s
`, m.Threads, m.CPU, progress.Rate(m.Peak, "FLOP/s"),
		progress.Bytes(text.Bytes), text.Root, len(text.Documents), text.Left,
		shape, progress.Short(float64(shape.active())),
		progress.Short(tokens), progress.Duration(s.budget()), 100*expectedMFU, float64(tokensPerParameter),
		progress.Duration(s.budget()), 100*trainingShare, 100*trialShare, 100*examShare, s.Dir)
	return err
}
