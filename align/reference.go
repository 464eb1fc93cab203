package align

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/polymath-lm/polymath/model"
)

// reference is the policy that methods with rewards stay close to. Where the policy is
// an adapter on the same model, it is that model without the adapter, which takes no
// memory; elsewhere it is a model of its own, which stays as it is.
type reference struct {
	*replay
	own bool
}

// referenceIsBase says that the reference is what the policy's adapter hangs on.
func (r *Recipe) referenceIsBase() bool {
	return r.Lora.Rank > 0 && cmp.Or(r.Reference, r.Model) == r.Model
}

// planReference adds the reference to a plan.
func (a *actor) planReference(r *Run, p *Plan) error {
	if r.recipe.referenceIsBase() {
		return nil
	}
	path := cmp.Or(r.recipe.Reference, r.recipe.Model)
	cfg, err := model.ReadConfig(path)
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	if err := a.sameTokens("reference", path); err != nil {
		return err
	}
	if err := r.planFixed(p, "reference", path); err != nil {
		return err
	}
	r.planPasses(p, "reference", cfg, r.tokens(), false)
	return nil
}

// openReference returns the reference of a policy.
func (r *Run) openReference(policy *replay) (*reference, error) {
	if r.recipe.referenceIsBase() {
		return &reference{replay: policy}, nil
	}
	m, err := model.Load(cmp.Or(r.recipe.Reference, r.recipe.Model), false)
	if err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	return &reference{replay: newReplay(m, r.tokens()), own: true}, nil
}

// refer returns what the reference says of answers. A nil one says nothing.
func (f *reference) refer(ctx context.Context, r *Run, list []sequence) (table, error) {
	if f == nil {
		return nil, nil
	}
	began := time.Now()
	packs, err := packSequences(list, r.tokens())
	if err != nil {
		return nil, err
	}
	logProbs := newTable(list)
	if err := f.model.Bare(func() error { return f.measure(ctx, packs, logProbs) }); err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	r.spend("reference", began, total(list))
	return logProbs, nil
}

// close lets go of a model of its own.
func (f *reference) close() error {
	if f == nil || !f.own {
		return nil
	}
	return f.model.Close()
}
