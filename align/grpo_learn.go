package align

import (
	"context"
	"time"

	"github.com/polymath-lm/polymath/align/objective"
)

// groupLesson is what a step of grpo learns from. Tables are by answer and token.
type groupLesson struct {
	sequences  []sequence
	advantages []float64 // [answers]
	old        table     // log-probabilities of the policy, as the answers were drawn
	ref        table     // those of the reference; nil without one
}

// part is the lesson of some of the answers. It shares its numbers.
func (l *groupLesson) part(of []int) *groupLesson {
	p := &groupLesson{}
	for _, i := range of {
		p.sequences, p.advantages = append(p.sequences, l.sequences[i]), append(p.advantages, l.advantages[i])
		p.old = append(p.old, l.old[i])
		if l.ref != nil {
			p.ref = append(p.ref, l.ref[i])
		}
	}
	return p
}

// divergence is the mean over the tokens of the divergence from the reference, by the
// estimator k3.
func (l *groupLesson) divergence() float64 {
	sum, n := 0.0, 0
	for i, row := range l.old {
		for t, logp := range row {
			kl, _ := objective.K3(float64(logp), float64(l.ref[i][t]))
			sum += kl
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// total is the number of tokens, those of the prompts too.
func total(list []sequence) int {
	n := 0
	for i := range list {
		n += len(list[i].tokens)
	}
	return n
}

// minibatch is the part of a lesson that one update learns from.
type minibatch struct {
	*groupLesson
	packs   []pack
	weights []float64 // [answers] of each of an answer's tokens in the loss
	counted int       // tokens of answers
	now     table     // log-probabilities of the policy
	entropy table     // of the policy
	dLogP   table     // slopes of the loss by them
	dH      table     // nil: the entropy is not in the loss
}

func newMinibatch(l *groupLesson, r *Recipe) (*minibatch, error) {
	b := &minibatch{groupLesson: l, now: newTable(l.sequences), entropy: newTable(l.sequences), dLogP: newTable(l.sequences)}
	if r.GRPO.EntropyCoef != 0 {
		b.dH = newTable(l.sequences)
	}
	lengths := make([]int, len(l.sequences))
	for i := range l.sequences {
		lengths[i] = l.sequences[i].answer()
		b.counted += lengths[i]
	}
	b.weights = objective.TokenWeights(lengths, objective.Mean(r.GRPO.Mean), r.Rollout.MaxTokens)
	var err error
	b.packs, err = packSequences(l.sequences, r.Batch.Rows*r.Batch.Sequence)
	return b, err
}

// groupLearned sums up what updates have met.
type groupLearned struct {
	updates, tokens, clipped int
	loss                     float64 // of the updates
	entropy                  float64 // of the tokens, before anything was learned of them
	entropies                int
	balance, zloss           float64 // of packs
	packs                    int
}

// learn updates the policy by the step's answers, several times over.
func (g *grpo) learn(ctx context.Context, r *Run, n int, l *groupLesson, m Measures) error {
	s := &r.recipe.GRPO
	var list []*minibatch
	for _, of := range parts(len(l.sequences), s.Minibatches, stepSeed(r.recipe.Seed, "minibatches", n)) {
		b, err := newMinibatch(l.part(of), r.recipe)
		if err != nil {
			return err
		}
		list = append(list, b)
	}
	difference, err := g.compare(ctx, r, list[1:])
	if err != nil {
		return err
	}
	var sum groupLearned
	defer func() { sum.measure(m, g.policy.Config().NumExperts > 0) }()
	for epoch := range s.Epochs {
		for k, b := range list {
			began := time.Now()
			if err := g.gradient(ctx, r, b, epoch == 0, &sum); err != nil {
				return err
			}
			if epoch == 0 && k == 0 { // nothing has changed yet
				m["logprob_difference"] = max(difference, b.old.difference(b.now))
			}
			if _, err := r.update(g.part, r.rate(r.recipe.Optimizer.LR, n)); err != nil {
				return err
			}
			r.spend("update", began, total(b.sequences))
		}
	}
	return nil
}

// compare returns the largest difference between the log-probabilities that answers
// had as they were drawn and those of the training pass, which must be 0, before
// anything is learned. The first minibatch's are compared as it is learned from.
func (g *grpo) compare(ctx context.Context, r *Run, list []*minibatch) (difference float64, err error) {
	for _, b := range list {
		began := time.Now()
		if err := g.learner.measure(ctx, b.packs, b.now); err != nil {
			return 0, err
		}
		difference = max(difference, b.old.difference(b.now))
		r.spend("compare", began, total(b.sequences))
	}
	return difference, nil
}

// gradient adds up the gradient of a minibatch's loss. first says that nothing has
// been learned of these answers yet.
func (g *grpo) gradient(ctx context.Context, r *Run, b *minibatch, first bool, sum *groupLearned) error {
	for i := range b.packs {
		p := &b.packs[i]
		if err := ctx.Err(); err != nil {
			return err
		}
		stats, err := g.learner.forward(p)
		if err != nil {
			return err
		}
		g.learner.logProbs(p, b.now)
		if first || b.dH != nil {
			g.learner.entropies(p, b.entropy)
		}
		sum.add(b.loss(p, &r.recipe.GRPO, first))
		sum.balance, sum.zloss, sum.packs = sum.balance+stats.BalanceLoss, sum.zloss+stats.RouterZLoss, sum.packs+1
		g.learner.backward(p, b.dLogP, b.dH, float32(float64(p.counted)/float64(b.counted)))
	}
	sum.updates++
	return nil
}

// loss is the loss of the answers in p, and sets its slopes:
//
//	sum over answers i, tokens t of weights[i] * (surrogate - entropy_coef*H + kl_coef*k3)
func (b *minibatch) loss(p *pack, s *GRPOSpec, first bool) (l groupLearned) {
	low, high := 1-s.ClipRange, 1+s.ClipRange
	if s.ClipRangeHigh > 0 {
		high = 1 + s.ClipRangeHigh
	}
	for _, i := range p.of {
		w := b.weights[i]
		for t, now := range b.now[i] {
			logp, h := float64(now), float64(b.entropy[i][t])
			loss, slope, clipped := objective.PPOTokenBetween(logp, float64(b.old[i][t]), b.advantages[i], low, high)
			if b.ref != nil {
				kl, d := objective.K3(logp, float64(b.ref[i][t]))
				loss, slope = loss+float64(s.KLCoef*kl), slope+float64(s.KLCoef*d)
			}
			if b.dH != nil {
				loss -= float64(s.EntropyCoef * h)
				b.dH[i][t] = float32(-s.EntropyCoef * w)
			}
			b.dLogP[i][t] = float32(w * slope)
			l.loss += float64(w * loss)
			l.tokens++
			if clipped {
				l.clipped++
			}
			if first {
				l.entropy += h
				l.entropies++
			}
		}
	}
	return l
}

func (l *groupLearned) add(o groupLearned) {
	l.tokens, l.clipped = l.tokens+o.tokens, l.clipped+o.clipped
	l.loss, l.entropy, l.entropies = l.loss+o.loss, l.entropy+o.entropy, l.entropies+o.entropies
}

func (l *groupLearned) measure(m Measures, sparse bool) {
	m["loss"] = l.loss / float64(max(l.updates, 1))
	m["clip_fraction"] = float64(l.clipped) / float64(max(l.tokens, 1))
	m["entropy"] = l.entropy / float64(max(l.entropies, 1))
	if sparse {
		m["balance_loss"] = l.balance / float64(max(l.packs, 1))
		m["router_z_loss"] = l.zloss / float64(max(l.packs, 1))
	}
}
