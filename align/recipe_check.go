package align

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// ValueError is an impossible value in a recipe, with its key.
type ValueError = recipe.ValueError

// below1 is the largest number that is less than 1.
var below1 = math.Nextafter(1, 0)

// Validate reports the first impossible value as a *ValueError. It looks at the
// recipe alone: whether its files exist is for New to say.
func (r *Recipe) Validate() error {
	checks := []func() error{r.checkMethod, r.checkModel, r.checkBatch, r.checkLength, r.checkIntervals}
	switch r.Method {
	case Reward:
		checks = append(checks, r.checkPreferences, r.Reward.validate)
	case DPO:
		checks = append(checks, r.checkPreferences, r.DPO.validate)
	case GRPO:
		checks = append(checks, r.checkRollout, r.checkRewards, r.GRPO.validate)
	case PPO:
		checks = append(checks, r.checkRollout, r.checkRewards, r.PPO.validate)
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// oneOf reports a word that is none of those that the key takes.
func oneOf(key, word string, words ...string) error {
	if slices.Contains(words, word) {
		return nil
	}
	return recipe.Bad(key, "%q is none of %s", word, strings.Join(words, ", "))
}

// learnsFromPairs tells the methods that learn from comparisons from those that
// have the policy answer.
func (r *Recipe) learnsFromPairs() bool { return r.Method == Reward || r.Method == DPO }

func (r *Recipe) checkMethod() error {
	return oneOf("method", r.Method, Methods()...)
}

func (r *Recipe) checkModel() error {
	if r.Model == "" {
		return recipe.Bad("model", "name the model to go on from: a directory or a GGUF file")
	}
	if r.Reference != "" && (r.Method == GRPO && r.GRPO.KLCoef == 0 || r.Method == PPO && r.PPO.KLCoef == 0) {
		return recipe.Bad("reference", "%s.kl_coef is 0, so that nothing holds the policy to it: give kl_coef, or leave the reference out", r.Method)
	}
	if err := r.Lora.Validate(&r.Optimizer); err != nil {
		return err
	}
	if err := r.Optimizer.Validate(); err != nil {
		return err
	}
	if err := r.Schedule.Validate(); err != nil {
		return err
	}
	return recipe.Between("clip", r.Clip, 0, math.Inf(1))
}

func (r *Recipe) checkBatch() error {
	b := &r.Batch
	size := recipe.Between("batch.prompts", float64(b.Prompts), 1, recipe.MaxSize)
	if r.learnsFromPairs() {
		size = recipe.Between("batch.pairs", float64(b.Pairs), 1, recipe.MaxSize)
	}
	err := cmp.Or(size,
		recipe.Between("batch.rows", float64(b.Rows), 1, recipe.MaxSize),
		recipe.Between("batch.sequence", float64(b.Sequence), 2, recipe.MaxSize),
	)
	if err == nil && b.Rows > recipe.MaxSize/b.Sequence {
		err = recipe.Bad("batch.rows", "%d rows of %d tokens are more than a microbatch may have: %d tokens", b.Rows, b.Sequence, recipe.MaxSize)
	}
	return err
}

func (r *Recipe) checkLength() error {
	const mostEpochs = 1 << 16
	switch {
	case r.Steps < 0 || r.Steps > recipe.MaxSize:
		return recipe.Bad("steps", "%d is impossible: it must be between 1 and %d", r.Steps, recipe.MaxSize)
	case !(r.Epochs >= 0 && r.Epochs <= mostEpochs):
		return recipe.Bad("epochs", "%v is impossible: it must be more than 0 and at most %d", r.Epochs, mostEpochs)
	case r.Epochs > 0 && r.Steps > 0:
		return recipe.Bad("epochs", "set the length of the run in epochs or in steps, not in both")
	case r.Epochs > 0: // only the data tells the steps
		return nil
	case r.Steps == 0:
		return recipe.Bad("steps", "set the length of the run")
	}
	return r.checkWarmup(r.Steps)
}

func (r *Recipe) checkWarmup(steps int) error {
	if r.Schedule.Warmup > steps {
		return recipe.Bad("schedule.warmup", "%d steps of warmup are longer than the run of %d steps, which would never reach optimizer.lr: lower it", r.Schedule.Warmup, steps)
	}
	return nil
}

func (r *Recipe) checkIntervals() error {
	return cmp.Or(
		recipe.Between("eval.every", float64(r.Eval.Every), 0, recipe.MaxSize),
		recipe.Between("eval.items", float64(r.Eval.Items), 0, recipe.MaxSize),
		recipe.Between("eval.samples", float64(r.Eval.Samples), 0, 1<<16),
		recipe.Between("sample.every", float64(r.Sample.Every), 0, recipe.MaxSize),
		recipe.Between("sample.answers", float64(r.Sample.Answers), 0, recipe.MaxSize),
		recipe.Between("checkpoint.every", float64(r.Checkpoint.Every), 0, recipe.MaxSize),
		recipe.Between("checkpoint.keep", float64(r.Checkpoint.Keep), 1, recipe.MaxSize),
	)
}
