package train

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"github.com/polymath-lm/polymath/train/optim"
)

// Run trains to the last step and writes the finished model. When ctx ends it
// saves a checkpoint and returns with Result.Finished false and no error.
//
// A run that does not fit is refused before anything is written, with a
// *MemoryError where the memory is too little. A *SpikeError stops a run that
// skips step after step. Run is called once.
func (t *Trainer) Run(ctx context.Context) (result Result, err error) {
	defer func() { err = errors.Join(err, t.release()) }()
	if t.options.Meter != nil {
		defer t.options.Meter.Watch()()
	}
	if err := t.prepare(); err != nil {
		return t.result(), err
	}
	done, err := t.trainSteps(ctx)
	if err != nil {
		return t.result(), errors.Join(err, t.savePage())
	}
	if !done {
		err := t.save()
		if t.options.Meter != nil {
			err = errors.Join(err, t.info().save(t.options.RunDir))
		}
		return t.result(), errors.Join(err, t.savePage())
	}
	return t.finish()
}

// release closes what prepare opened.
func (t *Trainer) release() error {
	var err error
	if t.journal != nil {
		err = t.journal.Close()
	}
	if t.unlock != nil {
		err = errors.Join(err, t.unlock())
	}
	return err
}

// finish saves the last checkpoint and the model.
func (t *Trainer) finish() (Result, error) {
	if err := t.save(); err != nil {
		return t.result(), err
	}
	dir := ""
	if !t.options.NoSave {
		var err error
		if dir, err = t.saveModel(); err != nil {
			return t.result(), err
		}
	}
	result := t.result()
	result.Finished, result.ModelDir = true, dir
	if result.Energy != nil {
		if err := t.info().save(t.options.RunDir); err != nil {
			return result, err
		}
	}
	return result, t.savePage()
}

func (t *Trainer) result() Result {
	return Result{Step: t.step, Checkpoint: t.saveDir, Loss: t.loss, Eval: t.evaluated, Skipped: t.watcher.Total, Energy: t.energy(), Tokens: t.tokensAfter(t.step)}
}

func (t *Trainer) savePage() error {
	if t.journal == nil {
		return nil
	}
	return savePage(t.options.RunDir, t.info(), t.journal.Records())
}

func (t *Trainer) makeOptimizer() {
	t.holdGradients()
	params := OptimizerParams(&t.recipe.Optimizer, t.trained)
	t.optimizer = optim.New(params, t.recipe.Optimizer.Settings())
	if t.recipe.EMA > 0 {
		t.average = optim.NewAverage(params, t.recipe.EMA)
	}
}

// useAverage puts the average of the weights into the model, where there is
// one, until restore is called.
func (t *Trainer) useAverage() (restore func()) {
	if t.average == nil {
		return func() {}
	}
	swap := func() {
		t.average.Swap()
		t.model.Sync()
	}
	swap()
	return swap
}

// record completes a record, writes it and tells the observer.
func (t *Trainer) record(r Record) error {
	r.Step = t.step
	r.Tokens = t.tokensAfter(t.step)
	err := t.journal.Add(r)
	if t.options.Observer != nil {
		t.options.Observer.Observe(r)
	}
	return err
}

// trainSteps takes the steps that are left, until ctx ends. done is true when
// there are no more, and all measurements are made.
func (t *Trainer) trainSteps(ctx context.Context) (done bool, err error) {
	if t.step > 0 { // an interruption may have come before them
		if err := t.enterStage(t.step); err != nil {
			return false, err
		}
		if done, err := t.measure(ctx); err != nil || !done {
			return false, err
		}
	}
	for t.step < t.plan.Steps {
		if err := t.enterStage(t.step + 1); err != nil {
			return false, err
		}
		if done, err := t.trainLeg(ctx, &t.legs[t.stage]); err != nil || !done {
			return false, err
		}
	}
	return true, nil
}

// trainLeg takes the steps that are left of the current stage.
func (t *Trainer) trainLeg(ctx context.Context, l *leg) (done bool, err error) {
	loading, stop := context.WithCancel(ctx)
	rows := newLoader(loading, l.feed, l.batch, l.rowAfter(t.step))
	defer func() { stop(); <-rows.ended }()
	return t.stepsFrom(ctx, rows, l)
}

// stepsFrom takes the steps of the stage that rows reads.
func (t *Trainer) stepsFrom(ctx context.Context, rows *loader, l *leg) (done bool, err error) {
	for t.step < l.end() {
		begin, waited := time.Now(), rows.wait
		data := rows.next(ctx)
		if data == nil {
			return false, nil
		}
		if data.err != nil {
			return false, data.err
		}
		done, err := t.takeStep(ctx, data, begin, rows.wait-waited)
		if err != nil || !done {
			return false, err
		}
		rows.done(data)
		l.feed.release() // or the peak would hold every shard read so far
		t.data.set.Release()
		if done, err := t.afterStep(ctx); err != nil || !done {
			return false, err
		}
		if ctx.Err() != nil {
			return t.step == t.plan.Steps, nil
		}
	}
	return true, nil
}

// collectEvery is the number of steps between garbage collections. They cost
// little: the arrays hold no pointers.
const collectEvery = 64

// afterStep does what is due: held-out loss, samples, a checkpoint, the page.
// done is false where ctx ended before.
func (t *Trainer) afterStep(ctx context.Context) (done bool, err error) {
	before := len(t.journal.Records())
	if done, err := t.measure(ctx); err != nil || !done {
		return false, err
	}
	page := len(t.journal.Records()) > before
	if every := t.recipe.Checkpoint.Every; every > 0 && t.step%every == 0 && t.step < t.plan.Steps {
		page = true
		if err := t.save(); err != nil {
			return false, err
		}
	}
	if page || t.step%collectEvery == 0 {
		runtime.GC() // so that garbage does not grow to the size of the weights
	}
	if !page {
		return true, nil
	}
	return true, t.savePage()
}

// measure takes the held-out loss and the samples that are due after a step
// and that the journal does not have. done is false where ctx ended before.
func (t *Trainer) measure(ctx context.Context) (done bool, err error) {
	r, last := t.recipe, t.step == t.plan.Steps
	due := func(every int) bool { return last || every > 0 && t.step%every == 0 }
	if due(r.Eval.Every) && t.data.held != nil && t.recorded(KindEval) == 0 {
		if done, err := t.evaluate(ctx); err != nil || !done {
			return false, err
		}
	}
	if due(r.Sample.Every) {
		return t.sample(ctx, t.recorded(KindSample))
	}
	return true, nil
}

// recorded counts the records of a kind that the last step has.
func (t *Trainer) recorded(kind string) int {
	n := 0
	for _, r := range slices.Backward(t.journal.Records()) {
		if r.Step != t.step {
			break
		}
		if r.Kind == kind {
			n++
		}
	}
	return n
}

// eta is the time to the last step at the rate of the last steps, in stages to come
// by what they compute.
func (t *Trainer) eta(step time.Duration) time.Duration {
	const recent = 20
	t.recent = append(t.recent, step)
	if len(t.recent) > recent {
		t.recent = append(t.recent[:0], t.recent[1:]...)
	}
	var sum time.Duration
	for _, d := range t.recent {
		sum += d
	}
	mean := sum / time.Duration(len(t.recent))
	l := &t.legs[t.stage]
	left := float64(l.end() - t.step)
	if now := t.stageWork(t.stage) / float64(l.steps); now > 0 {
		for i := t.stage + 1; i < len(t.legs); i++ {
			left += t.stageWork(i) / now
		}
	}
	return time.Duration(float64(mean) * left)
}
