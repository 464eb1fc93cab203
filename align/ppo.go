package align

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/polymath-lm/polymath/align/objective"
	"github.com/polymath-lm/polymath/model"
)

// ppo is proximal policy optimization (arXiv:1707.06347), as it is used on language
// models (arXiv:1909.08593, arXiv:2203.02155): a critic says what is to be expected
// of an answer so far, and a token is worth by how much things turned out better.
type ppo struct {
	*actor
	policy     *model.Model
	part       *part
	learner    *replay
	critic     *critic
	reference  *reference // nil: nothing holds the policy
	kl         objective.AdaptiveKL
	rewardSize objective.Running // of the answers' rewards so far
}

// ppoState is what a checkpoint keeps.
type ppoState struct {
	KL         objective.AdaptiveKL `json:"kl"`
	RewardSize objective.Running    `json:"reward_size"`
	keeping
}

// needsReference says that the policy is held to the reference by a price.
func (s *PPOSpec) needsReference() bool { return s.KLCoef > 0 }

func (p *ppo) plan(ctx context.Context, r *Run, plan *Plan) (err error) {
	if p.actor, err = planActor(ctx, r, plan); err != nil {
		return err
	}
	if err := r.planTrained(plan, "policy", r.recipe.Model); err != nil {
		return err
	}
	r.planPasses(plan, "policy", r.cfg, r.tokens(), true)
	if err := p.planCritic(r, plan); err != nil {
		return err
	}
	s := &r.recipe.PPO
	p.kl = objective.AdaptiveKL{Coef: s.KLCoef}
	if s.KLTarget > 0 {
		p.kl.Target, p.kl.Horizon = s.KLTarget, s.KLHorizon
	}
	if !s.needsReference() {
		return nil
	}
	return p.planReference(r, plan)
}

func (p *ppo) load(_ context.Context, r *Run) (err error) {
	if err := p.actor.load(r); err != nil {
		return err
	}
	if p.policy, err = r.openTrained(r.recipe.Model); err != nil {
		return err
	}
	p.part = r.policyPart("policy", p.policy)
	r.addPart(p.part)
	p.learner = newLearner(p.policy, r.tokens(), r.recipe.Batch.Recompute)
	if p.critic, err = r.openCritic(); err != nil {
		return fmt.Errorf("critic: %w", err)
	}
	if !r.recipe.PPO.needsReference() {
		return nil
	}
	p.reference, err = r.openReference(p.learner)
	return err
}

func (p *ppo) step(ctx context.Context, r *Run, n int, m Measures) error {
	prompts := r.recipe.Batch.Prompts
	rollouts, err := p.ask(ctx, r, p.policy, n, (n-1)*prompts, prompts, 0)
	if err != nil {
		return err
	}
	j, err := p.judge(ctx, r, rollouts)
	if err != nil {
		return err
	}
	j.measure(p.rewards, m)
	p.show(r, n, j)
	e := &experience{}
	e.sequences, e.old = sequences(rollouts)
	if err := p.compare(ctx, r, e); err != nil {
		return err
	}
	next := p.appraise(r, j, e, m)
	if next.keeping, err = p.regard(n, j, m); err != nil {
		return err
	}
	if err := p.learn(ctx, r, n, e, m); err != nil {
		return err
	}
	p.kl, p.rewardSize = next.KL, next.RewardSize
	p.keep(next.keeping)
	return nil
}

// compare measures the step's answers before anything is learned, by the critic and
// by the reference.
func (p *ppo) compare(ctx context.Context, r *Run, e *experience) error {
	packs, err := packSequences(e.sequences, r.tokens())
	if err != nil {
		return err
	}
	began := time.Now()
	e.values = newTable(e.sequences)
	if err := p.critic.measure(ctx, packs, e.values); err != nil {
		return fmt.Errorf("critic: %w", err)
	}
	r.spend("critic", began, total(e.sequences))
	e.ref, err = p.reference.refer(ctx, r, e.sequences)
	return err
}

// appraise makes of the rewards what the step learns from, and returns the state that
// the method has after the step, but for what all keep.
func (p *ppo) appraise(r *Run, j *judged, e *experience, m Measures) ppoState {
	s := &r.recipe.PPO
	next := ppoState{KL: p.kl, RewardSize: p.rewardSize}
	scores := make([]float64, len(j.total))
	for i, score := range j.total {
		if scores[i] = score; !j.rollouts[i].ended() {
			scores[i] -= s.MissingEnd
		}
		next.RewardSize.Add(scores[i])
	}
	if s.ScaleRewards {
		for i := range scores {
			scores[i] = next.RewardSize.Scale(scores[i])
		}
	}
	e.judge(scores, p.kl.Coef, s)
	if e.ref != nil {
		kl := e.divergence()
		m["kl"], m["kl_coef"] = kl, p.kl.Coef
		next.KL.Update(kl, len(e.sequences))
	}
	e.measureCritic(m)
	return next
}

func (p *ppo) evaluate(ctx context.Context, r *Run, m Measures) error {
	return p.actor.evaluate(ctx, r, p.policy, m)
}

func (p *ppo) state() any { return ppoState{p.kl, p.rewardSize, p.kept} }

func (p *ppo) restore(text json.RawMessage) error {
	var s ppoState
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	switch {
	case !(s.KL.Coef >= 0) || s.KL.Target != p.kl.Target || s.KL.Horizon != p.kl.Horizon:
		return fmt.Errorf("the state of the divergence's price, %+v, is not this recipe's", s.KL)
	case s.RewardSize.Count < 0 || !(s.RewardSize.Squares >= 0):
		return fmt.Errorf("the state of the rewards' size, %+v, is impossible", s.RewardSize)
	}
	if err := s.Multipliers.restored(p.rewards); err != nil {
		return err
	}
	p.kl, p.rewardSize = s.KL, s.RewardSize
	p.keep(s.keeping)
	return nil
}

func (p *ppo) finish(*Run) *part { return p.part }

func (p *ppo) close() error {
	errs := []error{p.actor.close()}
	if p.policy != nil {
		errs = append(errs, p.policy.Close())
	}
	if p.critic != nil {
		errs = append(errs, p.critic.model.Decoder().Close())
	}
	return errors.Join(append(errs, p.reference.close())...)
}
