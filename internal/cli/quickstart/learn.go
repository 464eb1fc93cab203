package quickstart

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/train"
)

// lesson is one run of training that keeps to the time.
type lesson struct {
	dir    string
	steps  *int                 // of the plan, which changes with the pace
	least  int                  // steps: those of the warmup
	recipe func() *train.Recipe // of that many steps
	work   *Work                // what went into it
	after  float64              // seconds that are kept for what follows
	decay  float64              // the share of the steps in which the rate falls
	// preparing, if not nil, is told the share of the data that is ready.
	preparing func(share float64) error
}

// train trains the model on text.
func (s *session) train(ctx context.Context) error {
	p := s.state.Plan
	result, err := s.learn(ctx, &lesson{
		dir: s.textRun(), steps: &p.Steps, least: p.Warmup, recipe: func() *train.Recipe { return s.recipe(p) }, work: &s.state.Work,
		after: p.AfterSeconds + p.SightSeconds + p.AssistantSeconds, decay: decayShare,
	})
	if err != nil {
		return err
	}
	s.state.Training = &Training{
		Steps: result.Step, Tokens: int64(result.Step) * int64(p.Shape.StepTokens),
		Loss: result.Loss, Eval: result.Eval,
	}
	return nil
}

// learn trains to the end, and keeps to the time: where the pace turns out other
// than planned, the run is saved and goes on with another number of steps, until
// the schedule begins its decay, which all of the rest depends on.
func (s *session) learn(ctx context.Context, l *lesson) (train.Result, error) {
	view := progress.NewTraining(s.Screen, s.Log, *l.steps)
	defer s.Screen.Clear()
	for {
		view.SetSteps(*l.steps)
		result, steps, err := s.learnOnce(ctx, l, view)
		switch {
		case err != nil:
			return result, err
		case result.Finished:
			return result, nil
		case ctx.Err() != nil:
			return result, ctx.Err()
		}
		*l.steps = max(steps, result.Step+1, l.least)
		s.say("keeping to the time: %s steps in all", progress.Count(int64(*l.steps)))
		if err := s.save(); err != nil {
			return result, err
		}
	}
}

// learnOnce trains to the end, to an interruption, or to where another number
// of steps is due, which it returns.
func (s *session) learnOnce(ctx context.Context, l *lesson, view *progress.Training) (result train.Result, steps int, err error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	watch := &pace{session: s, work: l.work, after: l.after, decay: l.decay, steps: *l.steps, stop: stop}
	observe := train.Observe(func(r train.Record) {
		view.Observe(r)
		watch.observe(r)
	})
	trainer, err := train.New(l.recipe(), train.Options{
		RunDir: l.dir, Resume: true, Observer: observe, PeakFLOPS: s.state.Machine.Peak, Version: s.Version, Preparing: l.preparing,
	})
	if err != nil {
		return train.Result{}, 0, err
	}
	result, err = trainer.Run(running)
	return result, watch.steps, errors.Join(err, trainer.Close())
}

// pace compares a run with the time there is.
type pace struct {
	session *session
	work    *Work   // what goes into the run
	after   float64 // seconds that are kept for what follows
	decay   float64 // the share of the steps in which the rate falls
	steps   int     // that the run should have
	stop    func()
	ends    []time.Time   // of the steps of this run
	patient time.Duration // before the number of steps may change
	peak    float64       // of the machine, as last measured
	peakAt  time.Time     // of that measurement
}

// The machine's limit is measured again between steps, since others may be at
// work or the clocks may fall: a twentieth of a second every ten.
const (
	limitEvery = 10 * time.Second
	limitTime  = 50 * time.Millisecond
)

// limit returns what the machine can do now, in operations per second.
func (w *pace) limit() float64 {
	if w.peakAt.IsZero() {
		w.peak, w.peakAt = w.session.state.Machine.Peak, time.Now()
	}
	if time.Since(w.peakAt) >= limitEvery {
		w.peak, w.peakAt = kernel.ComputePeak(limitTime), time.Now()
	}
	return w.peak
}

// Limits of re-planning: a run goes on unchanged for so many steps and for this
// share of the time that is left, but two seconds at least; and only a deviation
// of so much of the whole time is worth a restart.
const (
	paceSteps     = 12
	paceSeconds   = 2
	paceShare     = 0.12
	paceTolerance = 0.02
)

func (w *pace) observe(r train.Record) {
	if r.Kind == train.KindCheckpoint {
		// A crash then loses none of the time accounted for. Should the disk
		// be full, the trainer's own next write reports it.
		_ = w.session.save()
		return
	}
	if r.Timing == nil {
		return
	}
	w.ends = append(w.ends, time.Now())
	work := w.work
	work.Steps++
	work.Seconds += r.Timing.Seconds
	work.FLOPs += r.Timing.MFU * r.Timing.Seconds * w.session.state.Machine.Peak
	work.Limit += w.limit() * r.Timing.Seconds
	if len(w.ends) == 1 {
		w.patient = max(paceSeconds*time.Second, time.Duration(paceShare*float64(w.session.left())))
	}
	if n := len(w.ends); w.stop != nil && n >= paceSteps && w.ends[n-1].Sub(w.ends[0]) >= w.patient {
		w.adjust(r.Step)
	}
}

// adjust stops the run if it would end early or late.
func (w *pace) adjust(step int) {
	s := w.session
	last := len(w.ends) - 1
	first := last / 2 // the later half tells how things are now
	perStep := w.ends[last].Sub(w.ends[first]).Seconds() / float64(last-first)
	left := s.left().Seconds() - w.after
	projected := float64(w.steps-step) * perStep
	if math.Abs(projected-left) < paceTolerance*s.budget().Seconds() {
		return
	}
	steps := step + max(int(left/perStep), 1)
	// A decay that has begun goes on as it began: the rate would jump. Nor may
	// fewer steps let it begin in the past.
	if float64(step) >= (1-w.decay)*float64(w.steps) {
		return
	}
	steps = max(steps, int(math.Ceil(float64(step+1)/(1-w.decay))))
	if steps == w.steps {
		return
	}
	w.steps = steps
	w.stop()
	w.stop = nil
}
