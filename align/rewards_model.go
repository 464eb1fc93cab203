package align

import (
	"context"
	"errors"
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
		key := fmt.Sprintf("rewards[%d]", i)
		if err := s.checkEnsemble(key); err != nil {
			return err
		}
		keys, dirs := s.models(key)
		for k, dir := range dirs {
			if err := a.planModel(r, p, keys[k], dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// planModel checks one reward model, at a key of the recipe.
func (a *actor) planModel(r *Run, p *Plan, key, dir string) error {
	if _, ok := a.turnEnd(); !ok {
		return recipe.Bad(key, "the policy's template ends its turns with no single token, at which a reward model would be read")
	}
	cfg, isScalar, err := readConfig(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if !isScalar {
		return recipe.Bad(key, "%s is a language model: name a reward model, as 'polymath align reward' makes", dir)
	}
	if err := a.sameTokens(key, dir); err != nil {
		return err
	}
	if longest := min(r.recipe.Batch.Sequence, r.cfg.MaxPositions) + 1; cfg.MaxPositions < longest {
		return recipe.Bad(key, "it reads %d tokens, and prompts with their answers may have %d: lower batch.sequence", cfg.MaxPositions, longest)
	}
	if err := r.planFixed(p, key, dir); err != nil {
		return err
	}
	r.planPasses(p, key, cfg, max(scoredTokens, r.recipe.Batch.Sequence+1), false)
	return nil
}

// load opens the reward models, and the file of what judges say.
func (a *actor) load(r *Run) error {
	if err := a.judgments.keep(); err != nil {
		return err
	}
	for i := range r.recipe.Rewards {
		s := &r.recipe.Rewards[i]
		if s.Kind != RewardModel {
			continue
		}
		members, err := a.openModels(s, fmt.Sprintf("rewards[%d]", i))
		if err != nil {
			return err
		}
		if len(members) == 1 {
			a.rewards[i].rewarder = members[0]
			continue
		}
		e, err := s.newEnsemble(members)
		if err != nil {
			return errors.Join(err, closeModels(members))
		}
		a.rewards[i].rewarder = e
	}
	return nil
}

// openModels opens the models of a reward.
func (a *actor) openModels(s *RewardSpec, key string) (members []*scored, err error) {
	end, _ := a.turnEnd()
	keys, dirs := s.models(key)
	for i, dir := range dirs {
		m, err := scalar.Load(dir, false)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", keys[i], err), closeModels(members))
		}
		members = append(members, &scored{speaker: a.speaker, model: m, end: end})
	}
	return members, nil
}

func closeModels(members []*scored) (err error) {
	for _, m := range members {
		err = errors.Join(err, m.model.Decoder().Close())
	}
	return err
}

// close lets go of the reward models.
func (a *actor) close() (err error) {
	if a == nil {
		return nil
	}
	err = a.judgments.close()
	for _, r := range a.rewards {
		switch s := r.rewarder.(type) {
		case *scored:
			err = errors.Join(err, closeModels([]*scored{s}))
		case *ensemble:
			err = errors.Join(err, closeModels(s.members))
		}
	}
	return err
}
