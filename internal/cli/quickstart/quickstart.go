// Package quickstart makes a language model from raw text in a given time: it
// reads text, measures the machine, plans, trains a tokenizer and a model, lets it
// learn to see drawn pictures, and examines the model on what it never saw: how well
// it predicts the text, and what it answers to questions about text and pictures.
package quickstart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/polymath-lm/polymath/internal/cli/interrupt"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
)

// Options say what to make, and where.
type Options struct {
	// Dir holds everything that the quick start makes. An unfinished one goes
	// on where it was.
	Dir string
	// Text is a file or directory to learn from; empty is the Go toolchain's
	// own sources.
	Text string
	// Minutes is the time for everything.
	Minutes float64
	// DryRun prints the plan and stops; nothing is written.
	DryRun bool
	// Fresh throws away what Dir holds of an earlier quick start.
	Fresh bool
	// Version is the program's, for manifests.
	Version string
	// Out receives the plan and the card, Screen the progress, Log its log
	// lines where Screen is no terminal.
	Out    io.Writer
	Screen *progress.Screen
	Log    *slog.Logger
}

// Limits of Options.Minutes.
const (
	minMinutes = 0.1
	maxMinutes = 24 * 60
)

// OptionError is an impossible option, or one that does not belong to what the
// directory holds.
type OptionError struct{ Problem string }

// Error says what is wrong and what to do.
func (e *OptionError) Error() string { return e.Problem }

// ErrInterrupted is wrapped by the error of a quick start that was interrupted
// and has saved its state.
var ErrInterrupted = errors.New("interrupted")

// session is one quick start at work.
type session struct {
	Options
	state state
	start time.Time // of this session; state.Seconds were spent before
	ready bool      // Dir is made and the state may be saved
	// measured says that the machine is that of this session: another one may
	// have begun.
	measured bool
	unlock   func() error
}

// Run makes a model, or goes on making it. Interrupted by ctx it saves and
// returns an error wrapping ErrInterrupted.
func Run(ctx context.Context, o Options) error {
	if !(o.Minutes >= minMinutes && o.Minutes <= maxMinutes) {
		return &OptionError{fmt.Sprintf("--minutes %v; give %v to %v", o.Minutes, minMinutes, maxMinutes)}
	}
	s := &session{Options: o, start: time.Now()}
	if o.Fresh && !o.DryRun { // what is there is removed only where something new can begin
		if err := s.findText(ctx); err != nil {
			return err
		}
	}
	if err := s.open(); err != nil {
		return errors.Join(err, s.release())
	}
	err := s.run(ctx)
	if s.ready {
		err = errors.Join(err, s.save())
	}
	err = errors.Join(err, s.release())
	if err != nil && ctx.Err() != nil {
		return s.interrupted(err)
	}
	return err
}

// release lets another session at the directory.
func (s *session) release() error {
	if s.unlock == nil {
		return nil
	}
	return s.unlock()
}

// interrupted says what an interruption left: everything, unless something else
// went wrong.
func (s *session) interrupted(err error) error {
	if !interrupt.Alone(err) {
		return fmt.Errorf("%w after %s, and not everything was saved: %w", ErrInterrupted, progress.Duration(s.spent()), err)
	}
	return fmt.Errorf("%w after %s; everything so far is in %s", ErrInterrupted, progress.Duration(s.spent()), s.Dir)
}

// stage is one part of a quick start. done says that it was completed, maybe in
// an earlier session, and its output is there.
type stage struct {
	name string
	done func() bool
	run  func(context.Context) error
}

func (s *session) run(ctx context.Context) error {
	if s.DryRun {
		return s.dryRun(ctx)
	}
	if s.state.finished() {
		s.say("%s is finished already, and the text is not read again; --fresh begins anew", s.Dir)
	}
	for _, stage := range []stage{
		{"machine", func() bool { return s.measured || s.state.Training != nil }, s.measureMachine},
		{"tokenizer and tokens", func() bool { return s.state.Tokens != nil }, s.makeTokens},
		{"plan", func() bool { return s.state.Plan != nil }, s.plan},
		{"training", func() bool { return s.state.Training != nil }, s.train},
		{sightStage, func() bool { return s.state.looked() }, s.look},
		{assistantStage, func() bool { return s.state.taught() }, s.teach},
		{"examination", func() bool { return s.state.examined() }, s.examine},
		{"samples", func() bool { return s.state.sampled() }, s.writeSamples},
		{drawnStage, func() bool { return s.state.read() }, s.askDrawn},
		{askedStage, func() bool { return s.state.asked() }, s.askAssistant},
		{"questions", func() bool { return s.state.answered() }, s.answer},
	} {
		if stage.done() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := stage.run(ctx); err != nil {
			return err
		}
		if err := s.save(); err != nil {
			return err
		}
	}
	return s.printCard()
}

// say tells the user one thing, above the progress.
func (s *session) say(format string, args ...any) {
	if s.Screen.Live() {
		s.Screen.Print(fmt.Sprintf(format, args...))
		return
	}
	s.Log.Info(fmt.Sprintf(format, args...))
}

// budget is the time for everything, spent what is gone of it, in all sessions.
func (s *session) budget() time.Duration {
	return time.Duration(s.Minutes * float64(time.Minute))
}

func (s *session) spent() time.Duration {
	return s.state.spent() + time.Since(s.start)
}

func (s *session) left() time.Duration { return s.budget() - s.spent() }

// skip names a stage that does not fit the time.
func (s *session) skip(name, reason string) {
	if s.state.Skipped == nil {
		s.state.Skipped = map[string]string{}
	}
	s.state.Skipped[name] = reason
	s.say("skipped: %s: %s", name, reason)
}

func (s *session) path(elements ...string) string {
	return filepath.Join(append([]string{s.Dir}, elements...)...)
}

// Machine is what was measured of the machine.
type Machine struct {
	CPU     string  `json:"cpu"`
	Threads int     `json:"threads"`
	Peak    float64 `json:"peak_flops"` // bf16 products, in operations per second
}

// measurePeak takes half a second. Whatever else runs slows some of the
// measurements, so the best one counts.
func measurePeak() float64 {
	best := 0.0
	for range 3 {
		best = max(best, kernel.ComputePeak(160*time.Millisecond))
	}
	return best
}

func (s *session) measureMachine(context.Context) error {
	m := Machine{CPU: kernel.CPU(), Threads: par.Threads(), Peak: measurePeak()}
	s.state.Machine, s.measured = &m, true
	s.say("machine: %d threads, %s, %s in registers", m.Threads, m.CPU, progress.Rate(m.Peak, "FLOP/s"))
	return nil
}

// remove deletes what a quick start makes in Dir, and nothing else.
func (s *session) remove() error {
	var err error
	for _, name := range madeNames {
		err = errors.Join(err, os.RemoveAll(s.path(name)))
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(s.path(stateName)) // last: it marks the others as ours
}
