package align

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// Run takes the steps to the last and writes the finished model. When ctx ends it
// saves a checkpoint of the last whole step and returns with Result.Finished false
// and no error; a step whose updates have begun is finished first.
//
// A run that does not fit is refused before anything is written, with a
// *train.MemoryError where the memory is too little. A *train.SpikeError stops one
// whose updates are left out one after the other. Run is called once.
func (r *Run) Run(ctx context.Context) (result Result, err error) {
	defer func() { err = errors.Join(err, r.release()) }()
	if ready, err := r.prepare(ctx); err != nil || !ready {
		return r.result(), err
	}
	runtime.GC() // what loading left would count as a part of the peak
	done, err := r.takeSteps(ctx)
	if err != nil {
		err = errors.Join(err, r.saveBroken(err), r.savePage())
		return r.result(), err
	}
	if err := r.save(); err != nil {
		return r.result(), errors.Join(err, r.savePage())
	}
	if !done {
		return r.result(), r.savePage()
	}
	dir, err := r.saveModel()
	if err != nil {
		return r.result(), err
	}
	result = r.result()
	result.Finished, result.ModelDir = true, dir
	return result, r.savePage()
}

// saveBroken saves the last whole step of a run that an error ends before the next one's
// first update: a judge that is gone, a grader that fails. A run whose updates are left
// out goes on from an earlier step.
func (r *Run) saveBroken(err error) error {
	var spike *train.SpikeError
	if r.state.Step == 0 || r.isCommitted() || errors.As(err, &spike) {
		return nil
	}
	return r.save()
}

// release closes what prepare opened.
func (r *Run) release() (err error) {
	if r.journal != nil {
		err = r.journal.Close()
	}
	if r.unlock != nil {
		err = errors.Join(err, r.unlock())
	}
	return err
}

func (r *Run) result() Result {
	return Result{Step: r.state.Step, Checkpoint: r.saveDir, Last: r.last, Eval: r.evaluated, Skipped: r.state.Skipped}
}

// prepare checks that the run fits, makes its directory and loads the newest
// checkpoint or starts anew. ready is false where ctx ended before.
func (r *Run) prepare(ctx context.Context) (ready bool, err error) {
	if r.options.RunDir == "" {
		return false, errors.New("a run needs a directory")
	}
	if err := r.fits(); err != nil {
		return false, err
	}
	if r.unlock, err = checkpoint.Lock(r.options.RunDir); err != nil {
		return false, err
	}
	if err := r.load(ctx); err != nil {
		if ctx.Err() != nil && errors.Is(err, context.Cause(ctx)) {
			err = nil
		}
		return false, err
	}
	if err := r.store.RemoveLeftovers(); err != nil {
		return false, err
	}
	return true, r.info().save(r.options.RunDir)
}

// load loads the newest checkpoint, or starts anew.
func (r *Run) load(ctx context.Context) error {
	dir := r.options.RunDir
	saved := func() (bool, error) {
		info, err := readInfo(dir)
		return err == nil && info.Saved, err
	}
	last, err := checkpoint.Begin(dir, r.options.Resume, saved, modelDir, adapterDir)
	if err != nil {
		return err
	}
	if last != "" {
		return r.restore(ctx, last)
	}
	if err := r.method.load(ctx, r); err != nil {
		return err
	}
	if err := r.checkFinite(); err != nil {
		return err
	}
	if r.kept, err = encodeState(r.method); err != nil {
		return err
	}
	r.noteRecipe()
	r.journal, err = journalForm.Open(dir, nil)
	return err
}

// checkFinite refuses weights that every step would trip over.
func (r *Run) checkFinite() error {
	for _, p := range r.parts {
		for _, s := range p.masters() {
			for _, v := range s.Data {
				if !finite(float64(v)) {
					return recipe.Bad(p.key, "%s, the %s: tensor %s holds %v: the model is damaged, take another one", p.from, p.name, s.Name, v)
				}
			}
		}
	}
	return nil
}

// takeSteps takes the steps that are left, until ctx ends. done is true when there
// are no more, and all measurements are made.
func (r *Run) takeSteps(ctx context.Context) (done bool, err error) {
	if done, err := r.measure(ctx); err != nil || !done { // before the first, and where an interruption came before
		return false, err
	}
	for r.state.Step < r.plan.Steps {
		if ctx.Err() != nil {
			return false, nil
		}
		done, err := r.takeStep(ctx)
		if err != nil || !done {
			return false, err
		}
		if done, err := r.afterStep(ctx); err != nil || !done {
			return false, err
		}
	}
	return true, nil
}

// pageEvery is the number of steps after which the page is written at the latest.
const pageEvery = 16

// afterStep does what is due: the measurement, a checkpoint, the page. done is false
// where ctx ended before.
func (r *Run) afterStep(ctx context.Context) (done bool, err error) {
	before := len(r.journal.Records())
	if done, err := r.measure(ctx); err != nil || !done {
		return false, err
	}
	if every := r.recipe.Checkpoint.Every; every > 0 && r.state.Step%every == 0 && r.state.Step < r.plan.Steps {
		if err := r.save(); err != nil {
			return false, err
		}
	}
	if len(r.journal.Records()) == before && len(r.samples) == 0 && r.state.Step%pageEvery != 0 {
		return true, nil
	}
	runtime.GC() // so that garbage does not grow to the size of the weights
	return true, r.savePage()
}

// measure takes the measurement on what is held out that is due after a step, and
// before the first one, and that the journal does not have. done is false where ctx
// ended before.
func (r *Run) measure(ctx context.Context) (done bool, err error) {
	step, every := r.state.Step, r.recipe.Eval.Every
	due := step == r.plan.Steps || every > 0 && step%every == 0
	if !due || r.recorded(KindEval) {
		return true, nil
	}
	if ctx.Err() != nil {
		return false, nil
	}
	m := Measures{}
	switch err := r.method.evaluate(ctx, r, m); {
	case errors.Is(err, model.ErrNonFinite):
		m["not_finite"] = 1 // a later step may mend it
	case err != nil && ctx.Err() != nil:
		return false, nil
	case err != nil:
		return false, fmt.Errorf("measuring after step %d: %w", step, err)
	}
	if len(m) == 0 {
		return true, nil
	}
	r.evaluated = maps.Clone(m)
	return true, r.record(Record{Kind: KindEval, Values: m})
}

// recorded reports whether the last step has a record of a kind.
func (r *Run) recorded(kind string) bool {
	for _, record := range slices.Backward(r.journal.Records()) {
		if record.Step != r.state.Step {
			return false
		}
		if record.Kind == kind {
			return true
		}
	}
	return false
}
