package align

import (
	"cmp"
	"context"
	"errors"

	"github.com/polymath-lm/polymath/align/scalar"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
)

// critic says what reward is to be expected after each token, and learns to.
type critic struct {
	model *scalar.Model
	part  *part
	ws    *model.Workspace
	dRows []float32 // [T]
}

// criticPath is the model that the critic begins as.
func (r *Recipe) criticPath() string {
	path := r.PPO.Critic
	for i := range r.Rewards {
		if s := &r.Rewards[i]; s.Kind == RewardModel && s.Weight > 0 {
			path = cmp.Or(path, s.Model)
		}
	}
	return cmp.Or(path, r.Model)
}

func (p *ppo) planCritic(r *Run, plan *Plan) error {
	path := r.recipe.criticPath()
	cfg, _, err := readConfig(path)
	if err != nil {
		return err
	}
	if cfg.CapacityFactor > 0 {
		return recipe.Bad("ppo.critic", "the experts of %s have a capacity (capacity_factor %v), so that a value would hang on the answers beside it", path, cfg.CapacityFactor)
	}
	if longest := min(r.recipe.Batch.Sequence, r.cfg.MaxPositions); cfg.MaxPositions < longest {
		return recipe.Bad("ppo.critic", "%s reads %d tokens, and prompts with their answers may have %d: lower batch.sequence", path, cfg.MaxPositions, longest)
	}
	if err := p.sameTokens("ppo.critic", path); err != nil {
		return err
	}
	if err := r.planTrained(plan, "critic", path); err != nil {
		return err
	}
	if r.recipe.Lora.Rank > 0 { // a checkpoint has the critic with its adapter merged
		all, _ := cfg.Params()
		plan.checkpointBytes += 2 * all
	}
	r.planPasses(plan, "critic", cfg, r.tokens(), true)
	return nil
}

// openCritic loads the critic and adds it to the run as a part: all of its weights,
// or an adapter and its head where the recipe has one.
func (r *Run) openCritic() (*critic, error) {
	path := r.recipe.criticPath()
	_, isScalar, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	c := &critic{}
	if c.model, err = r.loadScalar(path, isScalar); err != nil {
		return nil, err
	}
	c.ws = model.NewTrainingWorkspace(c.model.Decoder(), r.tokens(), r.recipe.Batch.Recompute)
	c.dRows = make([]float32, r.tokens())
	c.part = &part{name: "critic", key: "ppo.critic", from: path, params: c.model.Params(), sync: c.model.Sync}
	c.part.save = func(dir string, from model.Provenance) error { return c.model.Save(dir, from, r.files) }
	r.addPart(c.part)
	return c, nil
}

// loadScalar loads a scalar model as the recipe trains it, or puts a new head on a
// language model.
func (r *Run) loadScalar(path string, isScalar bool) (*scalar.Model, error) {
	if !isScalar {
		m, err := r.openTrained(path)
		if err != nil {
			return nil, err
		}
		s, err := scalar.New(m, r.recipe.Seed)
		if err != nil {
			return nil, errors.Join(err, m.Close())
		}
		return s, nil
	}
	lora := r.recipe.Lora.Rank > 0
	s, err := scalar.Load(path, !lora)
	if err != nil || !lora {
		return s, err
	}
	if err := s.Decoder().AddAdapter(r.recipe.Lora.Adapter(), r.recipe.Seed); err != nil {
		return nil, errors.Join(err, s.Decoder().Close())
	}
	return s, nil
}

// forward runs p. values and backward are then about it.
func (c *critic) forward(p *pack) (model.Stats, error) {
	return c.model.Decoder().ForwardTrain(c.ws, &p.batch)
}

// values writes into dst, for each of the answers' tokens, the value before it.
func (c *critic) values(p *pack, dst table) {
	rows := p.rows()
	values := c.dRows[:len(rows)]
	c.model.Values(c.ws, rows, values)
	for _, i := range p.of {
		values = values[copy(dst[i], values):]
	}
}

// backward adds the gradient of a loss to the critic's, by its derivatives with
// respect to the values.
func (c *critic) backward(p *pack, dValues table, auxScale float32) {
	rows := p.rows()
	slopes := c.dRows[:0]
	for _, i := range p.of {
		slopes = append(slopes, dValues[i]...)
	}
	c.model.Backward(c.ws, &p.batch, rows, slopes, auxScale)
}

// measure runs all packs and writes the values before the answers' tokens.
func (c *critic) measure(ctx context.Context, packs []pack, dst table) error {
	for i := range packs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := c.forward(&packs[i]); err != nil {
			return err
		}
		c.values(&packs[i], dst)
	}
	return nil
}
