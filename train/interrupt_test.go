package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// askedContext ends when it has been asked, and now says that this is the
// time.
type askedContext struct {
	context.Context
	mu   sync.Mutex
	now  func() bool
	over bool
	done chan struct{}
}

func newAskedContext(t *testing.T, now func() bool) *askedContext {
	return &askedContext{Context: t.Context(), now: now, done: make(chan struct{})}
}

func (c *askedContext) Done() <-chan struct{} { return c.done }

func (c *askedContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over && c.now() {
		c.over = true
		close(c.done)
	}
	if c.over {
		return context.Canceled
	}
	return nil
}

// interrupted trains, and ends each time that now says so, until the run is
// finished. It returns the directory, and how often the run was interrupted.
func interrupted(t *testing.T, r *Recipe, now func(trainer *Trainer, try int) bool) (dir string, result Result, times int) {
	t.Helper()
	dir = t.TempDir()
	for try := 1; ; try++ {
		trainer, err := New(r, Options{RunDir: dir, Resume: true})
		if err != nil {
			t.Fatal(err)
		}
		ctx := newAskedContext(t, func() bool { return now(trainer, try) })
		result, err = trainer.Run(ctx)
		if err := errors.Join(err, trainer.Close()); err != nil {
			t.Fatal(err)
		}
		if result.Finished {
			return dir, result, try - 1
		}
		if try > 100 {
			t.Fatal("the run makes no progress")
		}
	}
}

// TestInterruptInStep interrupts a run between the microbatches of a step.
func TestInterruptInStep(t *testing.T) {
	r := smallRun(t)
	r.Batch = BatchSpec{Tokens: 32, Rows: 1, Sequence: 16}
	whole := t.TempDir()
	want := mustRun(t, r, Options{RunDir: whole})
	asked := 0
	dir, got, times := interrupted(t, r, func(trainer *Trainer, try int) bool {
		if !trainer.stale { // not within a step
			asked = 0
			return false
		}
		asked++
		return asked == 2 && trainer.step == try
	})
	if times != r.Steps-1 {
		t.Errorf("interrupted in %d steps", times)
	}
	if diff := cmp.Diff(mustCurve(t, whole), mustCurve(t, dir)); diff != "" {
		t.Error(diff)
	}
	sameModel(t, want.ModelDir, got.ModelDir)
}

// TestInterruptMeasuring interrupts a run in its held-out measurements and
// samples: they are taken when it goes on.
func TestInterruptMeasuring(t *testing.T) {
	r := smallRun(t)
	r.Eval = EvalSpec{Every: 2, Rows: 3}
	r.Sample = SampleSpec{Every: 2, Prompts: []string{"the ", "a "}, Tokens: 3, Temperature: 1}
	whole := t.TempDir()
	want := mustRun(t, r, Options{RunDir: whole})
	// Within the first sample; before it; within the second; before that.
	moments := []int{5, 1, 9, 1}
	asked, last := 0, 0
	dir, got, times := interrupted(t, r, func(trainer *Trainer, try int) bool {
		if try != last {
			asked, last = 0, try
		}
		if trainer.stale || trainer.step%2 != 0 || trainer.step == 0 {
			asked = 0
			return false
		}
		asked++
		return try <= len(moments) && asked == moments[try-1]
	})
	if times != len(moments) {
		t.Errorf("interrupted %d times", times)
	}
	if diff := cmp.Diff(mustCurve(t, whole), mustCurve(t, dir)); diff != "" {
		t.Error(diff)
	}
	sameModel(t, want.ModelDir, got.ModelDir)
	if got.Eval != want.Eval {
		t.Errorf("in parts %+v, in one %+v", got, want)
	}
}

// TestBrokenMeasurement holds that weights whose held-out loss is not finite
// end no run: the measurement says so.
func TestBrokenMeasurement(t *testing.T) {
	r := smallRun(t)
	r.Sample = SampleSpec{Prompts: []string{"the "}, Tokens: 3}
	dir := t.TempDir()
	trainer, err := New(r, Options{RunDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	trainer.options.Observer = Observe(func(r Record) {
		if r.Kind == KindStep && r.Step == 4 {
			for _, s := range trainer.average.State() {
				s.Data[0] = float32(math.NaN())
			}
		}
	})
	result, err := trainer.Run(t.Context())
	if err != nil || !math.IsNaN(result.Eval.Loss) || result.Eval.Tokens == 0 {
		t.Errorf("%+v, %v", result, err)
	}
	records, err := ReadMetrics(dir)
	if err != nil || !slices.ContainsFunc(records, func(r Record) bool { return r.Kind == KindEval && math.IsNaN(r.Eval.Loss) }) {
		t.Errorf("no such record: %v", err)
	}
}

// TestLossOfSkipped holds that the result is not that of a skipped step, which
// a resumed run would not know.
func TestLossOfSkipped(t *testing.T) {
	r := tinyRun(t)
	r.Spike = SpikeSpec{Window: 4, Sigma: 1, Norm: 1.0001, MaxSkips: 20}
	r.Schedule = ScheduleSpec{Kind: Constant, Warmup: 3}
	r.Sample.Prompts, r.Steps = nil, 20
	dir := t.TempDir()
	mustRun(t, r, Options{RunDir: dir})
	records, err := ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	loss := math.NaN()
	r.Steps = 0
	for _, record := range records {
		if record.Kind == KindSkip {
			r.Steps = record.Step
			break
		}
		if record.Kind == KindStep {
			loss = record.Train.Loss
		}
	}
	if r.Steps == 0 {
		t.Fatal("no step was skipped")
	}
	if result := mustRun(t, r, Options{RunDir: t.TempDir()}); result.Loss != loss || result.Skipped != 1 {
		t.Errorf("%+v, the last good loss is %v", result, loss)
	}
}

// waitContext tells when somebody begins to wait for its end.
type waitContext struct {
	context.Context
	waits chan struct{}
}

func (c *waitContext) Done() <-chan struct{} {
	select {
	case c.waits <- struct{}{}:
	default:
	}
	return c.Context.Done()
}

// TestWait holds that the time of a step includes that of its data.
func TestWait(t *testing.T) {
	r := smallRun(t)
	r.Eval.Every, r.Data.HeldOut, r.Sample.Prompts = 0, 0, nil
	trainer, err := New(r, Options{RunDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	background, stop := context.WithCancel(t.Context())
	ctx := &waitContext{Context: background, waits: make(chan struct{}, 1)}
	inner := newLoader(background, trainer.feeds[0], r.Batch, 0)
	slow := &loader{ready: make(chan *stepData), empty: inner.empty}
	defer func() { stop(); <-inner.ended }()
	go func() {
		for range r.Steps {
			<-ctx.waits
			time.Sleep(time.Millisecond)
			slow.ready <- <-inner.ready
		}
	}()
	steps := 0
	trainer.options.Observer = Observe(func(r Record) {
		if r.Kind == KindStep {
			if steps++; !(r.Timing.Wait > 0 && r.Timing.Seconds > r.Timing.Wait) {
				t.Errorf("step %d: %+v", r.Step, r.Timing)
			}
		}
	})
	if err := trainer.prepare(); err != nil {
		t.Fatal(err)
	}
	defer trainer.release()
	if err := trainer.enterStage(1); err != nil {
		t.Fatal(err)
	}
	if done, err := trainer.stepsFrom(ctx, slow, &trainer.legs[0]); !done || err != nil || steps != r.Steps {
		t.Errorf("%d steps, %v, %v", steps, done, err)
	}
}
