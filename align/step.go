package align

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train"
)

// maxSkips is how many updates in a row may be left out before the run stops: the
// weights are as they were, and what gave no number will give none again.
const maxSkips = 10

// rate is the learning rate of step n, of a peak.
func (r *Run) rate(peak float64, n int) float64 {
	return r.recipe.Schedule.LR(peak, n, r.plan.Steps)
}

// sample records an answer in full after the step.
func (r *Run) sample(s SampleRecord) { r.samples = append(r.samples, s) }

// samplesWanted is how many answers step n is to record.
func (r *Run) samplesWanted(n int) int {
	if every := r.recipe.Sample.Every; every == 0 || n%every != 0 {
		return 0
	}
	return r.recipe.Sample.Answers
}

// spend adds to a phase of the step the time since began, and the tokens that went
// through a model in it.
func (r *Run) spend(phase string, began time.Time, tokens int) {
	p := r.phases[phase]
	p.Seconds += time.Since(began).Seconds()
	p.Tokens += int64(tokens)
	r.phases[phase] = p
}

// takeStep takes the next step. done is false where ctx ended before its first
// update: then nothing has changed.
func (r *Run) takeStep(ctx context.Context) (done bool, err error) {
	n, began := r.state.Step+1, time.Now()
	r.skipped, r.samples, r.phases = nil, nil, map[string]Phase{}
	for _, p := range r.parts {
		p.norms, p.updates = 0, 0
	}
	inner, end := r.beginStep(ctx)
	defer end()
	m := Measures{}
	err = r.method.step(inner, r, n, m)
	if err != nil && ctx.Err() != nil && !r.isCommitted() {
		return false, nil
	}
	if errors.Is(err, model.ErrNonFinite) {
		r.zeroGradients()
		err = r.skip("", err.Error())
	} else if err == nil {
		delete(r.state.InARow, "")
	}
	if err != nil {
		return false, fmt.Errorf("step %d: %w", n, err)
	}
	r.measureUpdates(n, m)
	if r.kept, err = encodeState(r.method); err != nil {
		return false, err
	}
	r.state.Step = n
	if err := r.recordStep(m, time.Since(began)); err != nil {
		return false, err
	}
	r.setCommitted(false) // the step is whole, its record included
	return true, nil
}

// beginStep returns the context of a step: it ends with ctx, until the step's first
// update.
func (r *Run) beginStep(ctx context.Context) (inner context.Context, end func()) {
	inner, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	r.mu.Lock()
	r.context, r.committed, r.ended = ctx, false, false
	r.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if !r.committed {
			r.ended = true
			cancel(context.Cause(ctx))
		}
	})
	return inner, func() { stop(); cancel(nil) }
}

// commit is called before weights change: from here on the step is taken to its
// end. It returns the error of a context that ended before.
func (r *Run) commit() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.committed {
		return nil
	}
	if err := r.context.Err(); err != nil || r.ended {
		r.ended = true
		return context.Canceled
	}
	r.committed = true
	return nil
}

func (r *Run) setCommitted(committed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.committed = committed
}

func (r *Run) isCommitted() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.committed
}

// skip notes an update of the part called name that left its weights alone, or a step
// that broke off, and ends the run after too many in a row.
func (r *Run) skip(name, reason string) error {
	if r.state.InARow == nil {
		r.state.InARow = map[string]int{}
	}
	r.state.Skipped++
	r.state.InARow[name]++
	n := r.state.InARow[name]
	r.skipped = append(r.skipped, SkipRecord{Reason: reason, InARow: n})
	if n >= maxSkips {
		return &train.SpikeError{Step: r.state.Step + 1, Skips: n, Reason: reason, Checkpoint: r.saveDir}
	}
	return nil
}

func (r *Run) zeroGradients() {
	for _, p := range r.parts {
		p.optimizer.ZeroGrad()
	}
}

// measureUpdates adds to the measures of step n what the run itself knows: the rate,
// and the mean norm of each part's gradients.
func (r *Run) measureUpdates(n int, m Measures) {
	m["lr"] = r.rate(r.recipe.Optimizer.LR, n)
	for _, p := range r.parts {
		if p.updates > 0 {
			m["grad_norm/"+p.name] = p.norms / float64(p.updates)
		}
	}
}

// recordStep records a step with what was left out and the answers it shows.
func (r *Run) recordStep(m Measures, took time.Duration) error {
	r.last = m
	err := r.record(Record{Kind: KindStep, Values: m, Timing: &Timing{
		Seconds: took.Seconds(), Phases: r.phases, ETA: r.eta(took).Seconds(),
	}})
	for i := range r.skipped {
		err = errors.Join(err, r.record(Record{Kind: KindSkip, Skip: &r.skipped[i]}))
	}
	for i := range r.samples {
		err = errors.Join(err, r.record(Record{Kind: KindSample, Sample: &r.samples[i]}))
	}
	return err
}

// record writes a record of the last step and tells the observer.
func (r *Run) record(record Record) error {
	record.Step = r.state.Step
	err := r.journal.Add(record)
	if r.options.Observer != nil {
		r.options.Observer.Observe(record)
	}
	return err
}

// eta is the time to the last step at the rate of the last steps.
func (r *Run) eta(step time.Duration) time.Duration {
	const recent = 10
	r.recent = append(r.recent, step)
	if len(r.recent) > recent {
		r.recent = append(r.recent[:0], r.recent[1:]...)
	}
	var sum time.Duration
	for _, d := range r.recent {
		sum += d
	}
	return sum / time.Duration(len(r.recent)) * time.Duration(r.plan.Steps-r.state.Step)
}

// encodeState is the method's state as JSON, as it is now.
func encodeState(m method) (json.RawMessage, error) {
	text, err := json.Marshal(m.state())
	if err != nil {
		return nil, fmt.Errorf("state of the method: %w", err)
	}
	return text, nil
}
