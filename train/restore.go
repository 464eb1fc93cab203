package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor/safetensors"
	"github.com/polymath-lm/polymath/train/optim"
)

// readSeal verifies every file of a checkpoint's training/, and the model's
// manifest, by hash. An error names the file.
func readSeal(dir string) (*seal, error) {
	path := filepath.Join(dir, trainingDir, sealFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s is no checkpoint to resume from: %w", dir, err)
	}
	s, err := parseSeal(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkHash(filepath.Join(dir, model.ManifestName), s.Model); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		if err := checkHash(filepath.Join(dir, trainingDir, name), s.Files[name]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func parseSeal(text []byte) (*seal, error) {
	var s seal
	if err := strictJSON(text, &s); err != nil {
		return nil, err
	}
	if s.Self != s.sign() {
		return nil, errors.New("it was changed or is damaged")
	}
	for _, name := range []string{mastersFile, optimizerFile, metricsFile, stateFile} {
		if s.Files[name] == "" {
			return nil, fmt.Errorf("it does not list %s", name)
		}
	}
	for name := range s.Files {
		if name != filepath.Base(name) || !filepath.IsLocal(name) {
			return nil, fmt.Errorf("it lists %q, which is no file beside it", name)
		}
	}
	return &s, nil
}

func strictJSON(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if dec.More() {
		return errors.New("more than one JSON value")
	}
	return nil
}

func checkHash(path, want string) error {
	got, err := atomicfile.Hash(path)
	if err != nil {
		return fmt.Errorf("damaged checkpoint: %w", err)
	}
	if got != want {
		return fmt.Errorf("damaged checkpoint: %s has SHA-256 %s, and %s when it was written: "+
			"it was changed or cut short", path, got, want)
	}
	return nil
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
	case s.Position != int64(s.Step)*t.recipe.Batch.rowsPerStep():
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
	if err := strictJSON(text, &s); err != nil {
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
	"eval.every": true, "eval.rows": true, "spike.max_skips": true,
	"sample.every": true, "sample.prompts": true, "sample.tokens": true, "sample.temperature": true,
	"checkpoint.every": true, "checkpoint.keep": true,
}

// sameRecipe compares the recipe with the one that a checkpoint began with.
func (t *Trainer) sameRecipe(saved []byte) error {
	before, err := flatten(saved)
	if err != nil {
		return err
	}
	now, err := flatten(t.recipe.encode())
	if err != nil {
		return err
	}
	keys := maps.Clone(before)
	maps.Copy(keys, now)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		was, is := orMissing(before, key), orMissing(now, key)
		if was != is && !mayChange[key] {
			return fmt.Errorf("the recipe's %s is %s now and was %s: change it back, or start a new run", key, is, was)
		}
	}
	return nil
}

func orMissing(values map[string]string, key string) string {
	if v, ok := values[key]; ok {
		return v
	}
	return "not there"
}

// flatten maps the full key of each value of a recipe to its JSON.
func flatten(text []byte) (map[string]string, error) {
	out := map[string]string{}
	var walk func(path string, text json.RawMessage) error
	walk = func(path string, text json.RawMessage) error {
		if len(text) == 0 || text[0] != '{' {
			var b bytes.Buffer
			if err := json.Compact(&b, text); err != nil {
				return err
			}
			out[path] = b.String()
			return nil
		}
		var section map[string]json.RawMessage
		if err := json.Unmarshal(text, &section); err != nil {
			return err
		}
		for key, value := range section {
			if err := walk(strings.TrimPrefix(path+"."+key, "."), value); err != nil {
				return err
			}
		}
		return nil
	}
	err := walk("", json.RawMessage(bytes.TrimSpace(text)))
	return out, err
}

// restore loads the run as the checkpoint in dir left it.
func (t *Trainer) restore(dir string) error {
	if _, err := readSeal(dir); err != nil {
		return t.withAdvice(err)
	}
	state, err := t.readState(dir)
	if err != nil {
		return err
	}
	if err := t.loadCheckpoint(dir); err != nil {
		return err
	}
	training := filepath.Join(dir, trainingDir)
	if err := readArrays(filepath.Join(training, mastersFile), masters(t.model)); err != nil {
		return err
	}
	t.model.Sync()
	t.makeOptimizer()
	t.restoreUpdates(state)
	if err := readArrays(filepath.Join(training, optimizerFile), t.optimizer.State()); err != nil {
		return err
	}
	if t.average != nil {
		if err := readArrays(filepath.Join(training, averageFile), t.average.State()); err != nil {
			return err
		}
	}
	metrics, err := os.ReadFile(filepath.Join(training, metricsFile))
	if err != nil {
		return err
	}
	if t.journal, err = openJournal(t.options.RunDir, metrics); err != nil {
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
	for _, r := range t.journal.records {
		switch r.Kind {
		case KindStep:
			t.loss = r.Train.Loss
		case KindEval:
			t.evaluated = *r.Eval
		}
	}
}

// withAdvice says what to do about a damaged checkpoint.
func (t *Trainer) withAdvice(damage error) error {
	dirs, err := checkpoints(t.options.RunDir)
	if err != nil {
		return errors.Join(damage, err)
	}
	if len(dirs) > 1 {
		return fmt.Errorf("%w. Remove this checkpoint to resume from %s", damage, dirs[len(dirs)-2].path)
	}
	return fmt.Errorf("%w. It is the only checkpoint of the run: restore it from a copy, or begin anew in another directory", damage)
}

// readArrays fills each array from the tensor of its name.
func readArrays(path string, list []optim.State) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	err = copyArrays(f, list)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func copyArrays(f *safetensors.File, list []optim.State) error {
	if n := len(f.Names()); n != len(list) {
		return fmt.Errorf("%d tensors where the recipe has %d", n, len(list))
	}
	for _, s := range list {
		t, err := f.Tensor(s.Name)
		if err != nil {
			return err
		}
		if t.Len() != len(s.Data) {
			return fmt.Errorf("tensor %s has %d numbers, and the model %d", s.Name, t.Len(), len(s.Data))
		}
		if err := t.CopyF32(s.Data); err != nil {
			return fmt.Errorf("tensor %s: %w", s.Name, err)
		}
	}
	return nil
}
