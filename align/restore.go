package align

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// maxState bounds the state.json that is read: a method keeps a few numbers.
const maxState = 16 << 20

// VerifyCheckpoint reads every file of the checkpoint in dir, models and training
// state, and compares it with its hash. An error names the file.
func VerifyCheckpoint(dir string) error {
	_, err := checkpoint.Verify(dir, checkpoint.MetricsFile, stateFile)
	return err
}

// mayChange are the keys of a recipe that a run may be resumed with changed: they
// do not enter the bits of a step already taken, or a hash tells what they name.
var mayChange = map[string]bool{
	"name": true, "steps": true, "epochs": true, "model": true, "reference": true,
	"preferences.files": true, "rollout.prompts": true,
	"batch.recompute": true, "eval.every": true, "eval.items": true, "sample.every": true, "sample.answers": true,
	"checkpoint.every": true, "checkpoint.keep": true,
}

// restore loads the run as the checkpoint in dir left it.
func (r *Run) restore(ctx context.Context, dir string) error {
	if err := VerifyCheckpoint(dir); err != nil {
		return checkpoint.Advise(r.options.RunDir, err)
	}
	state, err := r.readState(dir)
	if err != nil {
		return err
	}
	if err := r.method.load(ctx, r); err != nil {
		return err
	}
	if err := r.fillParts(dir, state); err != nil {
		return fmt.Errorf("cannot resume: %w", err)
	}
	training := filepath.Join(dir, checkpoint.TrainingDir)
	if err := r.method.restore(state.Method); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(training, stateFile), err)
	}
	metrics, err := os.ReadFile(filepath.Join(training, checkpoint.MetricsFile))
	if err != nil {
		return err
	}
	if r.journal, err = journalForm.Open(r.options.RunDir, metrics); err != nil {
		return err
	}
	r.state, r.kept, r.saved, r.saveDir, r.recipes = state.Run, state.Method, state.Run.Step, dir, state.Recipes
	r.noteRecipe()
	r.recall()
	return nil
}

// fillParts fills the parts, which the method has just loaded.
func (r *Run) fillParts(dir string, state *savedState) error {
	training := filepath.Join(dir, checkpoint.TrainingDir)
	if len(state.Updates) != len(r.parts) {
		return fmt.Errorf("%s: %d parts, and the recipe has %d", filepath.Join(training, stateFile), len(state.Updates), len(r.parts))
	}
	for _, p := range r.parts {
		updates, ok := state.Updates[p.name]
		if !ok {
			return fmt.Errorf("%s: no part %s", filepath.Join(training, stateFile), p.name)
		}
		if err := checkpoint.ReadArrays(filepath.Join(training, mastersFile(p.name)), p.masters()); err != nil {
			return err
		}
		p.sync()
		p.optimizer.SetSteps(updates, func(int) int { return updates })
		if err := checkpoint.ReadArrays(filepath.Join(training, optimizerFile(p.name)), p.optimizer.State()); err != nil {
			return err
		}
	}
	return nil
}

// recall finds what the result reports in the journal.
func (r *Run) recall() {
	for _, record := range r.journal.Records() {
		switch record.Kind {
		case KindStep:
			r.last = record.Values
		case KindEval:
			r.evaluated = record.Values
		}
	}
}

// readState reads state.json and refuses that of another run.
func (r *Run) readState(dir string) (*savedState, error) {
	path := filepath.Join(dir, checkpoint.TrainingDir, stateFile)
	text, err := atomicfile.ReadSmall(path, maxState)
	if err != nil {
		return nil, err
	}
	s, err := parseState(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkpoint.SameRecipe(s.Recipe, r.recipe.encode(), mayChange); err != nil {
		return nil, fmt.Errorf("cannot resume from %s: %w", dir, err)
	}
	for _, c := range []struct{ what, was, is string }{
		{"began from a model with hash", s.Hashes.Parent, r.hashes.Parent},
		{"had a reference with hash", s.Hashes.Reference, r.hashes.Reference},
		{"was judged by models with hash", s.Hashes.Judges, r.hashes.Judges},
		{"was made with tokenizer", s.Hashes.Tokenizer, r.hashes.Tokenizer},
		{"learned from data with hash", s.Hashes.Data, r.hashes.Data},
	} {
		if c.was != c.is {
			return nil, fmt.Errorf("cannot resume from %s: it %s %q, and that of the recipe is %q", dir, c.what, c.was, c.is)
		}
	}
	return s, nil
}

func parseState(text []byte) (*savedState, error) {
	var s savedState
	if err := checkpoint.StrictJSON(text, &s); err != nil {
		return nil, err
	}
	last := 0
	for _, from := range s.Recipes {
		last = max(last, from.Step)
	}
	switch {
	case s.Version != stateVersion:
		return nil, fmt.Errorf("version %d, but this program reads version %d", s.Version, stateVersion)
	case s.Run.Step < 0 || s.Run.Skipped < 0 || s.Run.impossible() || last > s.Run.Step+1:
		return nil, fmt.Errorf("impossible counts: %+v, and a recipe from step %d on", s.Run, last)
	}
	for name, n := range s.Updates {
		if n < 0 {
			return nil, fmt.Errorf("impossible count: %d updates of %s", n, name)
		}
	}
	return &s, nil
}
