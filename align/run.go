package align

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/tokenizer"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// Run is one run. Its methods are for one goroutine at a time.
type Run struct {
	recipe  *Recipe
	options Options
	method  method
	cfg     *model.Config     // of the model to go on from
	files   map[string][]byte // go into every model directory: tokenizer.json and others
	hashes  hashes
	sources []string // hashes of the files that rewards go by, beside models
	plan    Plan

	// From here on, what Run makes.
	parts     []*part
	store     *checkpoint.Store
	journal   *checkpoint.Journal[Record]
	unlock    func() error       // gives the run's directory free
	recipes   []model.RecipeFrom // that the steps were taken with, this one last
	state     runState           // after the last step done
	kept      json.RawMessage    // the method's state after it
	saved     int                // step of the last checkpoint, -1 before there is one
	saveDir   string
	recent    []time.Duration // of the last steps, for the time to go
	last      Measures
	evaluated Measures

	// Of the step that is being taken.
	skipped   []SkipRecord
	samples   []SampleRecord
	phases    map[string]Phase
	mu        sync.Mutex
	context   context.Context // of Run: the step's ends with it, before the first update
	committed bool            // an update has begun
	ended     bool            // the step's context has ended before
}

// runState is what a run is beside its parts and its method's state.
type runState struct {
	// Step is the last step done.
	Step int `json:"step"`
	// Skipped counts the updates that were left out, and InARow by part those of them
	// since its last that was taken; "" are steps that broke off.
	Skipped int            `json:"skipped"`
	InARow  map[string]int `json:"skipped_in_a_row,omitempty"`
}

// impossible says that no run can have left this.
func (s *runState) impossible() bool {
	for _, n := range s.InARow {
		if n < 1 || n > s.Skipped {
			return true
		}
	}
	return false
}

// hashes are the SHA-256 of what a run was made from, in hex.
type hashes struct {
	Recipe    string `json:"recipe"`
	Data      string `json:"data"` // of what is learned from and measured on: the method says how
	Tokenizer string `json:"tokenizer"`
	Parent    string `json:"parent"`              // of Recipe.Model
	Reference string `json:"reference,omitempty"` // of Recipe.Reference, where it is given
	Judges    string `json:"judges,omitempty"`    // of all reward models and of the critic, where there are some
}

// New prepares a run and plans it: it reads the tokenizer and the data. It writes
// nothing and loads no model. Close the Run in the end.
func New(ctx context.Context, r *Recipe, o Options) (*Run, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	return newRun(ctx, r, o, newMethod(r))
}

// newRun prepares a run of the method m, which it closes.
func newRun(ctx context.Context, r *Recipe, o Options, m method) (*Run, error) {
	recipe := *r
	run := &Run{recipe: &recipe, options: o, method: m, store: checkpoint.New(o.RunDir), saved: -1}
	if err := run.open(ctx); err != nil {
		_ = m.close() // the other error matters
		return nil, err
	}
	return run, nil
}

// open reads what there is of the model and the data, and plans.
func (r *Run) open(ctx context.Context) (err error) {
	r.hashes.Recipe = r.recipe.Hash()
	if r.cfg, err = r.openModel("model", r.recipe.Model); err != nil {
		return err
	}
	if r.hashes.Parent, err = parentHash(ctx, r.recipe.Model); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if r.recipe.Reference != "" {
		if _, err = r.openModel("reference", r.recipe.Reference); err != nil {
			return err
		}
		if r.hashes.Reference, err = parentHash(ctx, r.recipe.Reference); err != nil {
			return fmt.Errorf("reference: %w", err)
		}
	}
	if err := r.readFiles(); err != nil {
		return err
	}
	r.plan.Steps = r.recipe.Steps
	r.plan.Parameters, _ = r.cfg.Params()
	if err := r.method.plan(ctx, r, &r.plan); err != nil {
		return err
	}
	if r.hashes.Judges, err = r.judgeHash(ctx); err != nil {
		return err
	}
	if r.plan.Steps < 1 {
		return recipe.Bad("steps", "the run has no step: give it data, or its length in steps")
	}
	if err := r.recipe.checkWarmup(r.plan.Steps); err != nil {
		return err
	}
	r.finishPlan()
	return nil
}

// openModel reads the configuration of a model of the recipe and refuses one that
// cannot learn here.
func (r *Run) openModel(key, path string) (*model.Config, error) {
	cfg, err := model.ReadConfig(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if cfg.CapacityFactor > 0 {
		return nil, recipe.Bad(key, "%s has a capacity_factor of %v: what it says of one answer would hang on the others beside it. Remove capacity_factor from its config.json", path, cfg.CapacityFactor)
	}
	if r.recipe.Batch.Sequence > cfg.MaxPositions {
		return nil, recipe.Bad("batch.sequence", "rows of %d tokens are longer than the %d positions of %s (%s)", r.recipe.Batch.Sequence, cfg.MaxPositions, path, key)
	}
	return cfg, nil
}

// parentHash identifies a model: by its manifest or file, or by its weights where
// other programs wrote it.
func parentHash(ctx context.Context, path string) (string, error) {
	if hash, err := modelfile.Parent(path); err != nil || hash != "" {
		return hash, err
	}
	return modelfile.ContentHash(ctx, path)
}

// readFiles collects the files of model directories.
func (r *Run) readFiles() error {
	from := r.recipe.Model
	files, err := modelfile.Files(from)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	delete(files, "README.md") // it is about the other model
	text, err := modelfile.TokenizerJSON(from)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	own, err := tokenizer.Parse(text)
	if err != nil {
		return fmt.Errorf("model: %s: %w", from, err)
	}
	template, err := modelfile.Template(from)
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if template.IsDefault() && files["chat_template.jinja"] == nil {
		files["chat_template.jinja"] = []byte(chat.DefaultJinja)
	}
	files["tokenizer.json"], r.hashes.Tokenizer = text, own.Hash()
	for name, content := range r.options.Extra {
		files[name] = content
	}
	r.files = files
	return nil
}

// Plan is the dry run.
func (r *Run) Plan() Plan { return r.plan }

// Close lets go of the data and the models.
func (r *Run) Close() error { return r.method.close() }

// info is what run.json says.
func (r *Run) info() *runInfo {
	return &runInfo{
		Recipe: r.recipe, Steps: r.plan.Steps, Items: r.plan.Items, HeldOut: r.plan.HeldOut,
		Parameters: r.plan.Parameters, Trained: r.plan.Trained,
		Hashes: r.hashes, CPU: kernel.CPU(), Version: r.options.Version, Saved: r.saved >= 0,
	}
}
