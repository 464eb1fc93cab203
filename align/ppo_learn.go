package align

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/polymath-lm/polymath/align/objective"
)

// lesson is what one update of policy and critic learns from, with what they make of
// it now and the slopes of the loss by that.
type lesson struct {
	*experience
	packs  []pack
	tokens int // of answers

	logProbs, entropies, now       table // of the policy, the policy, the critic
	dLogProbs, dEntropies, dValues table // dEntropies is nil where the entropy has no price
}

func newLesson(e *experience, r *Recipe) (*lesson, error) {
	l := &lesson{
		experience: e, tokens: e.tokens(),
		logProbs: newTable(e.sequences), entropies: newTable(e.sequences), now: newTable(e.sequences),
		dLogProbs: newTable(e.sequences), dValues: newTable(e.sequences),
	}
	if r.PPO.EntropyCoef != 0 {
		l.dEntropies = newTable(e.sequences)
	}
	var err error
	l.packs, err = packSequences(e.sequences, r.Batch.Rows*r.Batch.Sequence)
	return l, err
}

// newLessons divides what step n has met among the updates of an epoch.
func newLessons(r *Recipe, n, epoch int, e *experience) (list []*lesson, err error) {
	seed := stepSeed(stepSeed(r.Seed, "minibatches", n), "epoch", epoch)
	for _, of := range parts(len(e.sequences), r.PPO.Minibatches, seed) {
		l, err := newLesson(e.part(of), r)
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// learned sums up over tokens what updates have met.
type learned struct {
	updates, tokens       int
	policy, value         float64 // losses
	drift                 float64 // divergence from the policy that drew the answers
	clipped, valueClipped int
	entropy               float64 // before anything was learned of the tokens
	entropies             int
	balance, zloss        float64 // the policy's routers', of packs
	packs                 int
}

func (l *learned) add(o learned) {
	l.updates, l.tokens = l.updates+o.updates, l.tokens+o.tokens
	l.policy, l.value, l.drift = l.policy+o.policy, l.value+o.value, l.drift+o.drift
	l.clipped, l.valueClipped = l.clipped+o.clipped, l.valueClipped+o.valueClipped
	l.entropy, l.entropies = l.entropy+o.entropy, l.entropies+o.entropies
	l.balance, l.zloss, l.packs = l.balance+o.balance, l.zloss+o.zloss, l.packs+o.packs
}

func (l *learned) measure(m Measures, sparse bool) {
	tokens := float64(max(l.tokens, 1))
	m["policy_loss"], m["value_loss"] = l.policy/tokens, l.value/tokens
	m["clip_fraction"], m["value_clip_fraction"] = float64(l.clipped)/tokens, float64(l.valueClipped)/tokens
	m["entropy"] = l.entropy / float64(max(l.entropies, 1))
	m["updates"] = float64(l.updates)
	if sparse {
		m["balance_loss"] = l.balance / float64(max(l.packs, 1))
		m["router_z_loss"] = l.zloss / float64(max(l.packs, 1))
	}
}

// learn updates policy and critic by the step's answers, several times over, until
// the policy has gone as far as it may.
func (p *ppo) learn(ctx context.Context, r *Run, n int, e *experience, m Measures) error {
	s := &r.recipe.PPO
	var sum learned
	defer func() { sum.measure(m, p.policy.Config().NumExperts > 0) }()
	for epoch := range s.Epochs {
		lessons, err := newLessons(r.recipe, n, epoch, e)
		if err != nil {
			return err
		}
		if epoch == 0 {
			if m["logprob_difference"], err = p.verify(ctx, r, lessons[1:]); err != nil {
				return err
			}
		}
		for k, l := range lessons {
			began := time.Now()
			met, err := p.gradient(ctx, l, s, epoch == 0)
			if err != nil {
				return err
			}
			if epoch == 0 && k == 0 { // nothing has changed yet
				m["logprob_difference"] = max(m["logprob_difference"], l.old.difference(l.logProbs))
			}
			m["policy_kl"] = met.drift / float64(max(met.tokens, 1))
			if s.TargetKL > 0 && m["policy_kl"] > s.TargetKL {
				r.zeroGradients()
				return nil
			}
			if err := p.update(r, n); err != nil {
				return err
			}
			met.updates = 1
			sum.add(met)
			r.spend("update", began, total(l.sequences))
		}
	}
	return nil
}

// verify returns the largest difference between the log-probabilities that answers
// had as they were drawn and those of the training pass, which must be 0, before
// anything is learned. The first lesson's are compared as it is learned from.
func (p *ppo) verify(ctx context.Context, r *Run, lessons []*lesson) (difference float64, err error) {
	for _, l := range lessons {
		began := time.Now()
		if err := p.learner.measure(ctx, l.packs, l.logProbs); err != nil {
			return 0, err
		}
		difference = max(difference, l.old.difference(l.logProbs))
		r.spend("compare", began, total(l.sequences))
	}
	return difference, nil
}

// update takes both models' gradients.
func (p *ppo) update(r *Run, n int) error {
	if _, err := r.update(p.part, r.rate(r.recipe.Optimizer.LR, n)); err != nil {
		return err
	}
	peak := cmp.Or(r.recipe.PPO.CriticLR, r.recipe.Optimizer.LR)
	_, err := r.update(p.critic.part, r.rate(peak, n))
	return err
}

// gradient adds up the gradients of a lesson's losses. first says that nothing has
// been learned of these answers yet.
func (p *ppo) gradient(ctx context.Context, l *lesson, s *PPOSpec, first bool) (sum learned, err error) {
	for i := range l.packs {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		pack := &l.packs[i]
		auxScale := float32(float64(pack.counted) / float64(max(l.tokens, 1)))
		stats, err := p.learner.forward(pack)
		if err != nil {
			return sum, err
		}
		p.learner.logProbs(pack, l.logProbs)
		if first || l.dEntropies != nil {
			p.learner.entropies(pack, l.entropies)
		}
		sum.add(l.policyLoss(pack, s, first))
		sum.add(learned{balance: stats.BalanceLoss, zloss: stats.RouterZLoss, packs: 1})
		p.learner.backward(pack, l.dLogProbs, l.dEntropies, auxScale)

		if _, err := p.critic.forward(pack); err != nil {
			return sum, fmt.Errorf("critic: %w", err)
		}
		p.critic.values(pack, l.now)
		sum.add(l.valueLoss(pack, s))
		p.critic.backward(pack, l.dValues, auxScale)
	}
	return sum, nil
}

// policyLoss is the loss of the answers in p, and sets its slopes:
//
//	mean over the lesson's tokens of (clipped surrogate - entropy_coef*H)
func (l *lesson) policyLoss(p *pack, s *PPOSpec, first bool) (sum learned) {
	for _, i := range p.of {
		for t, now := range l.logProbs[i] {
			logp, old := float64(now), float64(l.old[i][t])
			loss, slope, clipped := objective.PPOToken(logp, old, l.advantages[i][t], s.ClipRange)
			l.dLogProbs[i][t] = float32(slope / float64(l.tokens))
			if l.dEntropies != nil {
				loss -= float64(s.EntropyCoef * float64(l.entropies[i][t]))
				l.dEntropies[i][t] = float32(-s.EntropyCoef / float64(l.tokens))
			}
			// K3 of the policy that drew the tokens, against the one of now.
			drift, _ := objective.K3(old, logp)
			sum.tokens++
			sum.policy, sum.drift = sum.policy+loss, sum.drift+drift
			if clipped {
				sum.clipped++
			}
			if first {
				sum.entropy += float64(l.entropies[i][t])
				sum.entropies++
			}
		}
	}
	return sum
}

// valueLoss is the critic's, the mean over the lesson's tokens of the clipped loss
// times vf_coef, which the slopes alone have.
func (l *lesson) valueLoss(p *pack, s *PPOSpec) (sum learned) {
	for _, i := range p.of {
		for t, v := range l.now[i] {
			loss, slope, clipped := objective.Value(float64(v), float64(l.values[i][t]), l.returns[i][t], s.ClipRangeValue)
			l.dValues[i][t] = float32(float64(s.ValueCoef*slope) / float64(l.tokens))
			sum.value += loss
			if clipped {
				sum.valueClipped++
			}
		}
	}
	return sum
}
