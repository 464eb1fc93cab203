package train

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// readSeal verifies every file of a checkpoint's training/, and the model's
// manifest, by hash. An error names the file.
func readSeal(dir string) (*checkpoint.Seal, error) {
	return checkpoint.ReadSeal(dir, mastersFile, optimizerFile, metricsFile, stateFile)
}

// readState reads state.json and refuses that of another run.
func (t *Trainer) readState(dir string) (*trainState, error) {
	path := filepath.Join(dir, trainingDir, stateFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := parseState(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case s.Hashes.Tokenizer != t.hashes.Tokenizer:
		err = fmt.Errorf("it was trained with tokenizer %s, and this is tokenizer %s", s.Hashes.Tokenizer, t.hashes.Tokenizer)
	case s.Hashes.Corpus != t.hashes.Corpus:
		err = fmt.Errorf("it was trained on shards with hash %s, and those of %s have %s", s.Hashes.Corpus, t.recipe.Data.Shards+t.recipe.Data.Conversations.String(), t.hashes.Corpus)
	case s.Hashes.Parent != t.hashes.Parent && s.Hashes.Parent != "": // earlier versions hashed no model without a manifest
		err = fmt.Errorf("it began from a model with hash %s, and that in %s has %s", s.Hashes.Parent, t.recipe.Model.From, t.hashes.Parent)
	case s.Hashes.Tower != t.hashes.Tower:
		err = fmt.Errorf("it began from a tower with hash %s, and that in %s has %s", s.Hashes.Tower, t.recipe.Model.Vision.From, t.hashes.Tower)
	case !slices.Equal(s.Hashes.Stages, t.hashes.Stages):
		err = fmt.Errorf("its stages were trained on shards with the hashes %v, and those of the recipe have %v", s.Hashes.Stages, t.hashes.Stages)
	case s.Step > t.plan.Steps:
		if err = t.sameRecipe(s.Recipe); err == nil {
			err = fmt.Errorf("it has taken %d steps, and the recipe now ends after %d: make it longer, or begin another run", s.Step, t.plan.Steps)
		}
	case s.Position != t.position(s.Step):
		err = t.sameRecipe(s.Recipe)
		if err == nil {
			err = fmt.Errorf("position %d does not belong to step %d", s.Position, s.Step)
		}
	default:
		err = t.sameRecipe(s.Recipe)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot resume from %s: %w", dir, err)
	}
	return s, nil
}

func parseState(text []byte) (*trainState, error) {
	var s trainState
	if err := checkpoint.StrictJSON(text, &s); err != nil {
		return nil, err
	}
	switch {
	case s.Version != stateVersion:
		return nil, fmt.Errorf("version %d, but this program reads version %d", s.Version, stateVersion)
	case len(s.Recipes) > 0 && s.Recipes[len(s.Recipes)-1].Step > s.Step+1:
		return nil, fmt.Errorf("impossible recipe: it holds from step %d on, after step %d", s.Recipes[len(s.Recipes)-1].Step, s.Step)
	case len(s.StageUpdates) > 0 && sum(s.StageUpdates) != s.Updates || slices.ContainsFunc(s.StageUpdates, negative):
		return nil, fmt.Errorf("impossible counts: %d updates, and in the stages %v", s.Updates, s.StageUpdates)
	case s.Step < 0 || s.Updates < 0 || s.Updates > s.Step || s.Position < 0:
		return nil, fmt.Errorf("impossible counts: step %d, %d updates, row %d", s.Step, s.Updates, s.Position)
	}
	return &s, nil
}

// mayChange are the keys of a recipe that a run may be resumed with changed:
// they do not enter the bits of a step already taken.
var mayChange = map[string]bool{
	"name": true, "steps": true, "tokens": true, "epochs": true, "tokenizer": true, "data.shards": true, "data.conversations": true,
	"batch.recompute": true, "eval.every": true, "eval.rows": true, "spike.max_skips": true,
	"sample.every": true, "sample.prompts": true, "sample.tokens": true, "sample.temperature": true,
	"checkpoint.every": true, "checkpoint.keep": true,
}

// sameRecipe compares the recipe with the one that a checkpoint began with.
func (t *Trainer) sameRecipe(saved []byte) error {
	return checkpoint.SameRecipe(saved, t.recipe.encode(), mayChange)
}

// restore loads the run as the checkpoint in dir left it.
func (t *Trainer) restore(dir string) error {
	if _, err := readSeal(dir); err != nil {
		return checkpoint.Advise(t.options.RunDir, err)
	}
	state, err := t.readState(dir)
	if err != nil {
		return err
	}
	if err := t.loadCheckpoint(dir); err != nil {
		return err
	}
	training := filepath.Join(dir, trainingDir)
	if err := checkpoint.ReadArrays(filepath.Join(training, mastersFile), masters(t.model)); err != nil {
		return err
	}
	t.model.Sync()
	t.makeOptimizer()
	t.restoreUpdates(state)
	if err := checkpoint.ReadArrays(filepath.Join(training, optimizerFile), t.optimizer.State()); err != nil {
		return err
	}
	if t.average != nil {
		if err := checkpoint.ReadArrays(filepath.Join(training, averageFile), t.average.State()); err != nil {
			return err
		}
	}
	metrics, err := os.ReadFile(filepath.Join(training, metricsFile))
	if err != nil {
		return err
	}
	if t.journal, err = journalForm.Open(t.options.RunDir, metrics); err != nil {
		return err
	}
	t.step, t.saved, t.saveDir, t.watcher = state.Step, state.Step, dir, state.Watcher
	if t.recipes = state.Recipes; len(t.recipes) == 0 { // an older checkpoint
		t.recipes = []model.RecipeFrom{{Step: 1, Recipe: state.Hashes.Recipe}}
	}
	t.noteRecipe()
	t.recall()
	return nil
}

// recall finds what the result reports in the journal.
func (t *Trainer) recall() {
	for _, r := range t.journal.Records() {
		switch r.Kind {
		case KindStep:
			t.loss = r.Train.Loss
		case KindEval:
			t.evaluated = *r.Eval
		}
	}
}
