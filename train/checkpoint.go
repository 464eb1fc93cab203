package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
	"github.com/polymath-lm/polymath/train/optim"
)

// A checkpoint is a model directory with these files in training/ beside it.
const (
	trainingDir   = "training"
	mastersFile   = "masters.safetensors"   // fp32 weights
	optimizerFile = "optimizer.safetensors" // moments
	averageFile   = "average.safetensors"   // moving average of the weights, if there is one
	stateFile     = "state.json"            // trainState
	sealFile      = "manifest.json"         // seal, written last
)

// Directories of a run.
const (
	checkpointsDir = "checkpoints"
	modelDir       = "model"
	adapterDir     = "adapter"
	stepPrefix     = "step-"
	writingName    = ".writing"  // of a checkpoint that is not complete
	removingName   = ".removing" // of one that goes
)

// stateVersion is the version of the files in training/.
const stateVersion = 1

// trainState is state.json: all that a run is beside its arrays.
type trainState struct {
	Version int `json:"version"`
	// Step is the last step done. Position is the next row of the data's order.
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

// seal is training/manifest.json.
type seal struct {
	// Files maps each file of training/ to its SHA-256 in hex, Model is that
	// of the model's own manifest.
	Files map[string]string `json:"files"`
	Model string            `json:"model"`
	// Self is the SHA-256 of the seal with Self empty, so that damage to it is
	// told from damage to what it lists.
	Self string `json:"self"`
}

// sign returns what Self must be.
func (s seal) sign() string {
	s.Self = ""
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// save writes a checkpoint of the last step done and then removes the ones
// that are more than the recipe keeps. Every file is read back before it gets
// its name, and the directory gets its own last: what has the name of a
// checkpoint is a whole one.
func (t *Trainer) save() error {
	if t.saved == t.step || t.options.NoSave {
		return nil
	}
	root := filepath.Join(t.options.RunDir, checkpointsDir)
	writing := filepath.Join(root, writingName)
	if err := atomicfile.RemoveAll(writing); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	final := filepath.Join(root, checkpointName(t.step))
	hash, err := t.writeCheckpoint(writing)
	if err == nil {
		err = t.rename(writing, final)
	}
	if err != nil {
		_ = atomicfile.RemoveAll(writing) // the other error matters
		return fmt.Errorf("checkpoint of step %d: %w%s", t.step, err, t.lastGood())
	}
	if err := atomicfile.SyncDir(root); err != nil {
		return fmt.Errorf("checkpoint of step %d: %w", t.step, err)
	}
	first := t.saved < 0
	t.saved, t.saveDir = t.step, final
	if first {
		if err := t.info().save(t.options.RunDir); err != nil {
			return err
		}
	}
	if err := t.prune(root); err != nil {
		return err
	}
	bytes, err := dirSize(final)
	if err != nil {
		return err
	}
	return t.record(Record{Kind: KindCheckpoint, Checkpoint: &CheckpointRecord{Path: final, Hash: hash, Bytes: bytes}})
}

func checkpointName(step int) string { return fmt.Sprintf("%s%08d", stepPrefix, step) }

// lastGood says what a failed save leaves.
func (t *Trainer) lastGood() string {
	if t.saveDir == "" {
		return ""
	}
	return "; the checkpoint in " + t.saveDir + " is whole, resume from it"
}

// writeCheckpoint fills a new directory and returns the hash of its seal.
func (t *Trainer) writeCheckpoint(dir string) (hash string, err error) {
	if err := t.saveWeights(dir); err != nil {
		return "", err
	}
	training := filepath.Join(dir, trainingDir)
	if err := os.MkdirAll(training, 0o777); err != nil {
		return "", err
	}
	if err := atomicfile.SyncDir(dir); err != nil { // or a power cut may take training/ away
		return "", err
	}
	s := seal{Files: map[string]string{}}
	for _, w := range t.stateWriters() {
		if s.Files[w.name], err = w.write(filepath.Join(training, w.name)); err != nil {
			return "", err
		}
	}
	if s.Model, err = atomicfile.Hash(filepath.Join(dir, model.ManifestName)); err != nil {
		return "", err
	}
	s.Self = s.sign()
	return writeJSON(filepath.Join(training, sealFile), s)
}

// stateWriter writes one file of training/ and returns its hash.
type stateWriter struct {
	name  string
	write func(path string) (sha256hex string, err error)
}

func (t *Trainer) stateWriters() []stateWriter {
	arrays := func(list []optim.State) func(string) (string, error) {
		return func(path string) (string, error) { return writeArrays(path, list) }
	}
	list := []stateWriter{
		{mastersFile, arrays(masters(t.model))},
		{optimizerFile, arrays(t.optimizer.State())},
		{metricsFile, t.journal.save},
		{stateFile, func(path string) (string, error) { return writeJSON(path, t.state()) }},
	}
	if t.average != nil {
		list = append(list, stateWriter{averageFile, arrays(t.average.State())})
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

func writeArrays(path string, list []optim.State) (sha256hex string, err error) {
	tensors := make([]*tensor.Tensor, len(list))
	for i, s := range list {
		tensors[i] = tensor.FromF32(s.Name, s.Data, len(s.Data))
	}
	return safetensors.Write(path, tensors, nil)
}

func writeJSON(path string, v any) (sha256hex string, err error) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return "", err
	}
	return atomicfile.WriteBytes(path, append(text, '\n'))
}

func (t *Trainer) state() trainState {
	return trainState{
		Version: stateVersion, Step: t.step, Position: int64(t.step) * t.recipe.Batch.rowsPerStep(),
		Updates: t.optimizer.Steps(), Seed: t.recipe.Seed, Watcher: t.watcher,
		Recipe: t.recipe.encode(), Hashes: t.hashes, Recipes: t.recipes, StageUpdates: t.stageUpdates,
	}
}

func (t *Trainer) provenance() model.Provenance {
	from := model.Provenance{
		Version: t.options.Version, Corpus: t.hashes.Corpus, Tokenizer: t.hashes.Tokenizer,
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
	writing, old := final+writingName, final+".old"
	for _, leftover := range []string{writing, old} {
		if err := atomicfile.RemoveAll(leftover); err != nil {
			return "", err
		}
	}
	restore := t.useAverage()
	err := t.saveWeights(writing)
	restore()
	if err != nil {
		_ = atomicfile.RemoveAll(writing) // the other error matters
		return "", fmt.Errorf("finished model: %w%s", err, t.lastGood())
	}
	if err := t.rename(final, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("finished model: %w%s", err, t.lastGood())
	}
	if err := t.rename(writing, final); err != nil {
		return "", fmt.Errorf("finished model: %w%s", err, t.lastGood())
	}
	if err := atomicfile.SyncDir(t.options.RunDir); err != nil { // while the old one is there
		return "", err
	}
	if err := atomicfile.RemoveAll(old); err != nil {
		return "", err
	}
	hash, err := atomicfile.Hash(filepath.Join(final, model.ManifestName))
	if err != nil {
		return "", err
	}
	bytes, err := dirSize(final)
	if err != nil {
		return "", err
	}
	return final, t.record(Record{Kind: KindCheckpoint, Checkpoint: &CheckpointRecord{Path: final, Hash: hash, Bytes: bytes, Final: true}})
}
