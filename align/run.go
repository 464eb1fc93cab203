package align

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/polymath-lm/polymath/model"
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
	plan    Plan

	// From here on, what Run makes.
	parts     []*part
	store     *checkpoint.Store
	journal   *checkpoint.Journal[Record]
	unlock    func() error    // gives the run's directory free
	state     runState        // after the last step done
	kept      json.RawMessage // the method's state after it
	saved     int             // step of the last checkpoint, -1 before there is one
	saveDir   string
	recent    []time.Duration // of the last steps, for the time to go
	last      Measures
	evaluated Measures

	// Of the step that is being taken.
	now       int // its number
	skipped   []SkipRecord
	samples   []SampleRecord
	phases    map[string]Phase
	mu        sync.Mutex
	committed bool // an update has begun
	ended     bool // the step's context ended before
}

// runState is the part of state.json that is the run's own.
type runState struct {
	Step    int `json:"step"`
	Skipped int `json:"skipped"`
	InARow  int `json:"skipped_in_a_row"`
}

// hashes are the SHA-256 of what a run was made from, in hex.
type hashes struct {
	Recipe    string `json:"recipe"`
	Data      string `json:"data"` // of what is learned from and measured on: the method says how
	Tokenizer string `json:"tokenizer"`
	Parent    string `json:"parent"`              // of Recipe.Model
	Reference string `json:"reference,omitempty"` // of Recipe.Reference, where that is another model
}

// New prepares a run and plans it: it reads the tokenizer and the data. It writes
// nothing and loads no model. Close the Run in the end.
func New(r *Recipe, o Options) (*Run, error) {
	return nil, nil
}

// Plan is the dry run.
func (r *Run) Plan() Plan { return r.plan }

// rate is the learning rate of step n, below the peak.
func (r *Run) rate(peak float64, n int) float64 {
	return r.recipe.Schedule.LR(peak, n, r.plan.Steps)
}

// sample records an answer in full after the step, at most Recipe.Sample.Answers of
// them and only in steps that are due: see samplesWanted.
func (r *Run) sample(s SampleRecord) { r.samples = append(r.samples, s) }

// samplesWanted is how many answers step n is to record.
func (r *Run) samplesWanted(n int) int {
	if every := r.recipe.Sample.Every; every == 0 || n%every != 0 {
		return 0
	}
	return r.recipe.Sample.Answers
}

// spend adds to a phase of the step the time since began and the tokens that went
// through a model.
func (r *Run) spend(phase string, began time.Time, tokens int) {
	p := r.phases[phase]
	p.Seconds += time.Since(began).Seconds()
	p.Tokens += int64(tokens)
	r.phases[phase] = p
}

// Run takes the steps.
func (r *Run) Run(ctx context.Context) (Result, error) { return Result{}, nil }

func (r *Run) commit() error            { return nil }
func (r *Run) skip(reason string) error { return nil }
