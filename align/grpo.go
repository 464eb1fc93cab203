package align

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/align/objective"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
)

// grpo is group relative policy optimization (arXiv:2402.03300): what an answer is
// worth is told by the other answers to the same prompt, and no critic is needed.
type grpo struct {
	*actor
	policy    *model.Model
	part      *part
	learner   *replay
	reference *reference // nil: nothing holds the policy
	place     int        // in the order of prompts, of the next to be asked
}

// grpoState is what a checkpoint keeps.
type grpoState struct {
	Place int `json:"place"`
	keeping
}

func (g *grpo) plan(ctx context.Context, r *Run, p *Plan) (err error) {
	if g.actor, err = planActor(ctx, r, p); err != nil {
		return err
	}
	if err := r.planTrained(p, "policy", r.recipe.Model); err != nil {
		return err
	}
	r.planPasses(p, "policy", r.cfg, r.tokens(), true)
	if r.recipe.GRPO.KLCoef == 0 {
		return nil
	}
	return g.planReference(r, p)
}

func (g *grpo) load(_ context.Context, r *Run) (err error) {
	if err := g.actor.load(r); err != nil {
		return err
	}
	if g.policy, err = r.openTrained(r.recipe.Model); err != nil {
		return err
	}
	g.part = r.policyPart("policy", g.policy)
	r.addPart(g.part)
	g.learner = newLearner(g.policy, r.tokens(), r.recipe.Batch.Recompute)
	if r.recipe.GRPO.KLCoef == 0 {
		return nil
	}
	g.reference, err = r.openReference(g.learner)
	return err
}

func (g *grpo) step(ctx context.Context, r *Run, n int, m Measures) error {
	lesson, next, err := g.collect(ctx, r, n, m)
	if err != nil {
		return err
	}
	if len(lesson.sequences) == 0 { // all groups were left out
		g.take(next)
		return nil
	}
	if lesson.ref, err = g.reference.refer(ctx, r, lesson.sequences); err != nil {
		return err
	}
	if lesson.ref != nil {
		m["kl"] = lesson.divergence()
	}
	g.take(next)
	return g.learn(ctx, r, n, lesson, m)
}

// take sets the state after a step, or of a checkpoint.
func (g *grpo) take(s grpoState) {
	g.place = s.Place
	g.keep(s.keeping)
}

// collect has the policy answer the step's prompts and tells what answers are better
// than others. next is the state after the step.
func (g *grpo) collect(ctx context.Context, r *Run, n int, m Measures) (l *groupLesson, next grpoState, err error) {
	s := &r.recipe.GRPO
	all, kept := &judged{}, &judged{}
	answers, want, flat := r.recipe.Rollout.Answers, r.recipe.Batch.Prompts, 0
	l, next.Place = &groupLesson{}, g.place
	var totals []float64
	for draws := 0; want > 0 && draws < max(1, s.DynamicSampling); draws++ {
		rollouts, err := g.ask(ctx, r, g.policy, n, next.Place, want, len(all.rollouts))
		if err != nil {
			return nil, next, err
		}
		j, err := g.judge(ctx, r, rollouts)
		if err != nil {
			return nil, next, err
		}
		next.Place += want
		all.add(j)
		for first := 0; first < len(j.total); first += answers {
			group := j.total[first : first+answers]
			if slices.Min(group) == slices.Max(group) {
				flat++
				if s.DynamicSampling > 0 {
					continue
				}
			}
			kept.rollouts = append(kept.rollouts, rollouts[first:first+answers]...)
			totals = append(totals, group...)
			want--
		}
	}
	all.measure(g.rewards, m)
	if next.keeping, err = g.regard(n, all, m); err != nil {
		return nil, next, err
	}
	m["groups_without_spread"] = float64(flat)
	g.show(r, n, all)
	l.advantages = objective.GroupAdvantages(totals, answers, objective.Scale(s.ScaleRewards))
	l.sequences, l.old = sequences(kept.rollouts)
	return l, next, nil
}

func (g *grpo) evaluate(ctx context.Context, r *Run, m Measures) error {
	return g.actor.evaluate(ctx, r, g.policy, m)
}

func (g *grpo) state() any { return grpoState{g.place, g.kept} }

func (g *grpo) restore(text json.RawMessage) error {
	var s grpoState
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if s.Place < 0 || s.Place > math.MaxInt/2 {
		return fmt.Errorf("place %d is impossible", s.Place)
	}
	if err := s.Multipliers.restored(g.rewards); err != nil {
		return err
	}
	g.take(s)
	return nil
}

func (g *grpo) finish(*Run) *part { return g.part }

func (g *grpo) close() error {
	err := errors.Join(g.actor.close(), g.reference.close())
	if g.policy != nil {
		err = errors.Join(err, g.policy.Close())
	}
	return err
}

// sameTokens refuses a model with another tokenizer than the policy's: key is the
// recipe's.
func (s *speaker) sameTokens(key, path string) error {
	other, err := modelfile.Tokenizer(path)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if other.Hash() != s.text.Hash() {
		return fmt.Errorf("%s: %s has another tokenizer than the policy: what it would read is not what the policy wrote", key, path)
	}
	return nil
}
