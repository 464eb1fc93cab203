package align

import (
	"context"
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/align/scalar"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// scored is what a reward model gives an answer, read at the token that ends the
// assistant's turn: an answer that ended otherwise, or not at all, gets that token in
// the end, as all answers that the model learned from have.
type scored struct {
	*speaker
	model *scalar.Model
	end   int32
}

func (s *scored) score(ctx context.Context, rollouts []Rollout) ([]float64, error) {
	list := make([][]int32, len(rollouts))
	for i := range rollouts {
		r := &rollouts[i]
		said := r.Answer
		if n := len(said); n > 0 && slices.Contains(s.ends, said[n-1]) {
			said = said[:n-1]
		}
		list[i] = slices.Concat(r.Prompt, said, []int32{s.end})
	}
	values := make([]float64, 0, len(list))
	for batch := range slices.Chunk(list, scoredAtOnce) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		scores, err := s.model.Score(batch)
		if err != nil {
			return nil, err
		}
		for _, v := range scores {
			values = append(values, float64(v))
		}
	}
	return values, nil
}

// scoredAtOnce is after how many answers a reward model looks whether to go on.
const scoredAtOnce = 256

// scoredTokens is what scalar.Model.Score has room for at a time.
const scoredTokens = 4096

// planModels checks the reward models of a recipe against the policy and adds what
// they take to the plan.
func (a *actor) planModels(r *Run, p *Plan) error {
	for i := range r.recipe.Rewards {
		s := &r.recipe.Rewards[i]
		if s.Kind != RewardModel {
			continue
		}
		key := fmt.Sprintf("rewards[%d].model", i)
		if _, ok := a.turnEnd(); !ok {
			return recipe.Bad(key, "the policy's template ends its turns with no single token, at which a reward model would be read")
		}
		cfg, _, err := readConfig(s.Model)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if err := a.sameTokens(key, s.Model); err != nil {
			return err
		}
		if longest := min(r.recipe.Batch.Sequence, r.cfg.MaxPositions) + 1; cfg.MaxPositions < longest {
			return recipe.Bad(key, "it reads %d tokens, and prompts with their answers may have %d: lower batch.sequence", cfg.MaxPositions, longest)
		}
		name := "reward " + s.name()
		if err := r.planFixed(p, name, s.Model); err != nil {
			return err
		}
		r.planPasses(p, name, cfg, max(scoredTokens, r.recipe.Batch.Sequence+1), false)
	}
	return nil
}

// load opens the reward models.
func (a *actor) load(r *Run) error {
	for i := range r.recipe.Rewards {
		s := &r.recipe.Rewards[i]
		if s.Kind != RewardModel {
			continue
		}
		m, err := scalar.Load(s.Model, false)
		if err != nil {
			return fmt.Errorf("rewards[%d].model: %w", i, err)
		}
		end, _ := a.turnEnd()
		a.rewards[i].rewarder = &scored{speaker: a.speaker, model: m, end: end}
	}
	return nil
}

// close lets go of the reward models.
func (a *actor) close() (err error) {
	if a == nil {
		return nil
	}
	for _, r := range a.rewards {
		if s, ok := r.rewarder.(*scored); ok {
			if e := s.model.Decoder().Close(); err == nil {
				err = e
			}
		}
	}
	return err
}
