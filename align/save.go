package align

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// Files and directories of a run.
const (
	infoFile   = "run.json"
	pageFile   = "run.html"
	stateFile  = "state.json" // savedState, of a checkpoint
	modelDir   = "model"
	adapterDir = "adapter"
)

// stateVersion is the version of the files in training/.
const stateVersion = 1

// savedState is state.json: all that a run is beside its arrays.
type savedState struct {
	Version int      `json:"version"`
	Run     runState `json:"run"`
	// Updates are the optimizer steps of each part.
	Updates map[string]int  `json:"updates"`
	Method  json.RawMessage `json:"method"`
	Recipe  json.RawMessage `json:"recipe"`
	Hashes  hashes          `json:"hashes"`
	// Recipes are the hashes of all recipes that the steps were taken with.
	Recipes []model.RecipeFrom `json:"recipes"`
}

// runInfo is run.json: what a run is, for its page.
type runInfo struct {
	Recipe     *Recipe `json:"recipe"`
	Steps      int     `json:"steps"`
	Items      int     `json:"items"`
	HeldOut    int     `json:"held_out"`
	Parameters int64   `json:"parameters"`
	Trained    int64   `json:"trained"`
	Hashes     hashes  `json:"hashes"`
	CPU        string  `json:"cpu"`
	Version    string  `json:"version"`
	// Saved tells a run that has had a checkpoint.
	Saved bool `json:"saved"`
}

func (i *runInfo) save(runDir string) error {
	_, err := checkpoint.WriteJSON(filepath.Join(runDir, infoFile), i)
	return err
}

// readInfo reads run.json; a run that has not begun has an empty one.
func readInfo(runDir string) (*runInfo, error) {
	info := &runInfo{Recipe: &Recipe{}}
	path := filepath.Join(runDir, infoFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return info, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, info); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return info, nil
}

func mastersFile(part string) string   { return part + ".masters.safetensors" }
func optimizerFile(part string) string { return part + ".optimizer.safetensors" }

// save writes a checkpoint of the last step done and then removes the ones that
// are more than the recipe keeps.
func (r *Run) save() error {
	if r.saved == r.state.Step || r.options.NoSave {
		return nil
	}
	content := checkpoint.Content{Models: r.saveParts, Parts: []string{}, Files: []checkpoint.File{
		r.journal.File(),
		checkpoint.JSON(stateFile, func() any { return r.savedState() }),
	}}
	for _, p := range r.parts {
		content.Parts = append(content.Parts, p.name)
		content.Files = append(content.Files,
			checkpoint.Arrays(mastersFile(p.name), p.masters()),
			checkpoint.Arrays(optimizerFile(p.name), p.optimizer.State()))
	}
	dir, hash, err := r.store.Write(r.state.Step, content)
	if err != nil {
		return fmt.Errorf("checkpoint of step %d: %w%s", r.state.Step, err, r.lastGood())
	}
	first := r.saved < 0
	r.saved, r.saveDir = r.state.Step, dir
	if first {
		if err := r.info().save(r.options.RunDir); err != nil {
			return err
		}
	}
	if err := r.store.Prune(r.recipe.Checkpoint.Keep); err != nil {
		return err
	}
	return r.noteSaved(dir, hash, false)
}

// saveParts writes the directories of all parts.
func (r *Run) saveParts(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, p := range r.parts {
		if err := p.save(filepath.Join(dir, p.name), r.provenance()); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// noteSaved records that a checkpoint or the finished model was written.
func (r *Run) noteSaved(dir, hash string, final bool) error {
	bytes, err := checkpoint.Size(dir)
	if err != nil {
		return err
	}
	return r.record(Record{Kind: KindCheckpoint, Checkpoint: &CheckpointRecord{Path: dir, Hash: hash, Bytes: bytes, Final: final}})
}

// lastGood says what a failed save leaves.
func (r *Run) lastGood() string {
	if r.saveDir == "" {
		return ""
	}
	return "; the checkpoint in " + r.saveDir + " is whole, resume from it"
}

func (r *Run) savedState() savedState {
	s := savedState{
		Version: stateVersion, Run: r.state, Updates: map[string]int{}, Method: r.kept,
		Recipe: r.recipe.encode(), Hashes: r.hashes, Recipes: r.recipes,
	}
	for _, p := range r.parts {
		s.Updates[p.name] = p.optimizer.Steps()
	}
	return s
}

func (r *Run) provenance() model.Provenance {
	from := model.Provenance{
		Version: r.options.Version, Tokenizer: r.hashes.Tokenizer,
		Recipe: r.hashes.Recipe, Parent: r.hashes.Parent,
	}
	if len(r.recipes) > 1 {
		from.Recipes = r.recipes
	}
	return from
}

// noteRecipe enters the recipe that the steps from now on are taken with.
func (r *Run) noteRecipe() {
	next := model.RecipeFrom{Step: r.state.Step + 1, Recipe: r.hashes.Recipe}
	if n := len(r.recipes); n > 0 && r.recipes[n-1].Step == next.Step { // no step was taken with that one
		r.recipes = r.recipes[:n-1]
	}
	if n := len(r.recipes); n == 0 || r.recipes[n-1].Recipe != next.Recipe {
		r.recipes = append(r.recipes, next)
	}
}

// saveModel writes the finished model or adapter and returns its directory. It
// replaces that of a shorter run.
func (r *Run) saveModel() (string, error) {
	if r.options.NoSave {
		return "", nil
	}
	p := r.method.finish(r)
	final := filepath.Join(r.options.RunDir, modelDir)
	if p.adapter {
		final = filepath.Join(r.options.RunDir, adapterDir)
	}
	write := p.save
	if p.finish != nil {
		write = p.finish
	}
	err := r.store.Replace(final, func(dir string) error { return write(dir, r.provenance()) })
	if err != nil {
		return "", fmt.Errorf("finished model: %w%s", err, r.lastGood())
	}
	hash, err := checkpoint.ModelHash(final)
	if err != nil {
		return "", err
	}
	return final, r.noteSaved(final, hash, true)
}
