package train

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/checkpoint"
	"github.com/polymath-lm/polymath/train/optim"
)

// A checkpoint is a model directory with these files in training/ beside it.
const (
	trainingDir   = checkpoint.TrainingDir
	mastersFile   = "masters.safetensors"   // fp32 weights
	optimizerFile = "optimizer.safetensors" // moments
	averageFile   = "average.safetensors"   // moving average of the weights, if there is one
	stateFile     = "state.json"            // trainState
)

// Directories of a run.
const (
	checkpointsDir = checkpoint.Dir
	modelDir       = "model"
	adapterDir     = "adapter"
)

// stateVersion is the version of the files in training/.
const stateVersion = 1

// trainState is state.json: all that a run is beside its arrays.
type trainState struct {
	Version int `json:"version"`
	// Step is the last step done. Position is the next row of what its stage reads.
	Step     int   `json:"step"`
	Position int64 `json:"position"`
	// Updates is the number of optimizer steps: Step without the skipped ones.
	Updates int `json:"updates"`
	// StageUpdates are those of each stage, for a recipe that has stages.
	StageUpdates []int `json:"stage_updates,omitempty"`
	// Seed is the only randomness of a run: it starts the weights, the order
	// of the data and the samples, each a function of it and of the step.
	Seed    uint64          `json:"seed"`
	Watcher watcher         `json:"watcher"`
	Recipe  json.RawMessage `json:"recipe"`
	Hashes  hashes          `json:"hashes"`
	// Recipes are the hashes of all recipes that the steps were taken with.
	Recipes []model.RecipeFrom `json:"recipes,omitempty"`
}

// save writes a checkpoint of the last step done and then removes the ones that
// are more than the recipe keeps.
func (t *Trainer) save() error {
	if t.saved == t.step || t.options.NoSave {
		return nil
	}
	dir, hash, err := t.store.Write(t.step, checkpoint.Content{Models: t.saveWeights, Files: t.stateFiles()})
	if err != nil {
		return fmt.Errorf("checkpoint of step %d: %w%s", t.step, err, t.lastGood())
	}
	first := t.saved < 0
	t.saved, t.saveDir = t.step, dir
	if first {
		if err := t.info().save(t.options.RunDir); err != nil {
			return err
		}
	}
	if err := t.store.Prune(t.recipe.Checkpoint.Keep); err != nil {
		return err
	}
	return t.noteSaved(dir, hash, false)
}

// noteSaved records that a checkpoint or the finished model was written.
func (t *Trainer) noteSaved(dir, hash string, final bool) error {
	bytes, err := checkpoint.Size(dir)
	if err != nil {
		return err
	}
	return t.record(Record{Kind: KindCheckpoint, Checkpoint: &CheckpointRecord{Path: dir, Hash: hash, Bytes: bytes, Final: final}})
}

// LastCheckpoint returns the newest checkpoint of a run, "" where it has none.
// It is a model directory that can be loaded.
func LastCheckpoint(runDir string) (string, error) { return checkpoint.Last(runDir) }

// lastGood says what a failed save leaves.
func (t *Trainer) lastGood() string {
	if t.saveDir == "" {
		return ""
	}
	return "; the checkpoint in " + t.saveDir + " is whole, resume from it"
}

// stateFiles are the files of training/.
func (t *Trainer) stateFiles() []checkpoint.File {
	list := []checkpoint.File{
		checkpoint.Arrays(mastersFile, masters(t.model)),
		checkpoint.Arrays(optimizerFile, t.optimizer.State()),
		t.journal.File(),
		checkpoint.JSON(stateFile, func() any { return t.state() }),
	}
	if t.average != nil {
		list = append(list, checkpoint.Arrays(averageFile, t.average.State()))
	}
	return list
}

// saveWeights writes the model's directory, or the adapter's.
func (t *Trainer) saveWeights(dir string) error {
	if t.recipe.Lora.Rank > 0 {
		return t.model.SaveAdapter(dir, t.recipe.Model.From, t.provenance(), nil)
	}
	return t.model.Save(dir, t.provenance(), t.files)
}

// finalDir is where the finished model or adapter goes.
func (t *Trainer) finalDir() string {
	if t.recipe.Lora.Rank > 0 {
		return filepath.Join(t.options.RunDir, adapterDir)
	}
	return filepath.Join(t.options.RunDir, modelDir)
}

// masters lists the fp32 arrays that a run trains.
func masters(m *model.Model) []optim.State {
	var list []optim.State
	for _, p := range m.Trained() {
		list = append(list, optim.State{Name: p.Name, Data: p.Master})
	}
	if _, ok := m.Adapter(); ok {
		return list // the routers' biases are the base model's
	}
	for i, bias := range m.RouterBiases() {
		if bias != nil {
			list = append(list, optim.State{Name: fmt.Sprintf("router_bias.%d", i), Data: bias})
		}
	}
	return list
}

func (t *Trainer) state() trainState {
	return trainState{
		Version: stateVersion, Step: t.step, Position: t.position(t.step),
		Updates: t.optimizer.Steps(), Seed: t.recipe.Seed, Watcher: t.watcher,
		Recipe: t.recipe.encode(), Hashes: t.hashes, Recipes: t.recipes, StageUpdates: t.stageUpdates,
	}
}

func (t *Trainer) provenance() model.Provenance {
	from := model.Provenance{
		Version: t.options.Version, Corpus: t.hashes.Corpus, Stages: t.hashes.Stages, Tokenizer: t.hashes.Tokenizer,
		Recipe: t.hashes.Recipe, Parent: t.hashes.Parent,
	}
	if len(t.recipes) > 1 {
		from.Recipes = t.recipes
	}
	for i, r := range t.recipes {
		if i == 0 || r.HeldOut < from.HeldOut {
			from.HeldOut = r.HeldOut
		}
	}
	return from
}

// noteRecipe enters the recipe that the steps from now on are taken with.
func (t *Trainer) noteRecipe() {
	next := model.RecipeFrom{Step: t.step + 1, Recipe: t.hashes.Recipe, HeldOut: t.recipe.Data.HeldOut}
	if n := len(t.recipes); n > 0 && t.recipes[n-1].Step == next.Step { // no step was taken with that one
		t.recipes = t.recipes[:n-1]
	}
	if n := len(t.recipes); n == 0 || t.recipes[n-1].Recipe != next.Recipe {
		t.recipes = append(t.recipes, next)
	}
}

// saveModel writes the finished model: the average of the weights where there
// is one. It replaces the model of a shorter run.
func (t *Trainer) saveModel() (string, error) {
	final := t.finalDir()
	err := t.store.Replace(final, func(dir string) error {
		restore := t.useAverage()
		defer restore()
		return t.saveWeights(dir)
	})
	if err != nil {
		return "", fmt.Errorf("finished model: %w%s", err, t.lastGood())
	}
	hash, err := checkpoint.ModelHash(final)
	if err != nil {
		return "", err
	}
	return final, t.noteSaved(final, hash, true)
}
