package align

import (
	"context"
	"encoding/json"
)

// A method is what a run does in its steps. Run calls it from one goroutine.
type method interface {
	// plan reads the data, and what else tells how long the run is and what it takes,
	// without loading a model: it sets Items and HeldOut of p, Steps where the recipe
	// gives it in epochs, adds to p by Run.planTrained, planFixed, planPasses and
	// Memory.Add, and sets Run.hashes.Data. Run has checked the recipe and read the
	// policy's configuration before.
	plan(ctx context.Context, r *Run, p *Plan) error
	// load opens the models and adds a part for each that is trained, by
	// Run.addPart. It is called once, before the first step and before a restore,
	// which then fills the parts.
	load(ctx context.Context, r *Run) error
	// step does everything of step n, from 1, its updates too, by Run.update, and
	// sets the step's measures in m. Its bits are a function of the recipe, the data,
	// n, the parts and the method's state alone.
	//
	// When ctx ends before the step's first update, step returns its error, and
	// nothing has been learned. After the first update ctx does not end: a step is
	// taken whole or not at all. An error that wraps model.ErrNonFinite ends the step
	// with the updates that it has had, and is recorded.
	step(ctx context.Context, r *Run, n int, m Measures) error
	// evaluate sets in m what it measures on what is held out, nothing where nothing
	// is. It changes neither weights nor state, and returns ctx's error when that ends.
	evaluate(ctx context.Context, r *Run, m Measures) error
	// state is what the method keeps from step to step beside the parts, for JSON,
	// nil for nothing; restore takes it back, after load.
	state() any
	restore(state json.RawMessage) error
	// finish names the part that is the finished model.
	finish(r *Run) *part
	// close lets go of what plan and load opened, after an error of either too.
	close() error
}

// newMethod returns the method of a recipe, which must be valid.
func newMethod(r *Recipe) method {
	switch r.Method {
	case Reward:
		return &rewardLearner{}
	case DPO:
		return &dpo{}
	case GRPO:
		return &grpo{}
	case PPO:
		return &ppo{}
	}
	panic("align: a method that Validate does not know: " + r.Method)
}
