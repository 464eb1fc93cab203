package align

import (
	"github.com/polymath-lm/polymath/align/objective"
)

// experience is what a step learns from: answers, and what policy, reference and
// critic made of them before the step changed any weight. Tables are by answer and
// token of the answer.
type experience struct {
	sequences []sequence
	old       table // log-probabilities of the policy, as the answers were drawn
	ref       table // those of the reference; nil without one
	values    table // of the critic, before each token

	advantages, returns [][]float64
}

// tokens is how many tokens the answers have.
func (e *experience) tokens() int {
	n := 0
	for i := range e.sequences {
		n += e.sequences[i].answer()
	}
	return n
}

// part is the experience of some of the answers. It shares its numbers.
func (e *experience) part(of []int) *experience {
	p := &experience{}
	for _, i := range of {
		p.sequences = append(p.sequences, e.sequences[i])
		p.old, p.values = append(p.old, e.old[i]), append(p.values, e.values[i])
		p.advantages, p.returns = append(p.advantages, e.advantages[i]), append(p.returns, e.returns[i])
	}
	return p
}

// judge turns scores of whole answers into advantages and returns of their tokens:
// each token pays coef times its divergence from the reference, and the last one
// gets the score.
func (e *experience) judge(scores []float64, coef float64, s *PPOSpec) {
	estimate, _ := objective.KLNamed(s.KLEstimator)
	rewards := make([][]float64, len(scores))
	for i, score := range scores {
		old, ref := float64s(e.old[i]), float64s(e.old[i])
		if e.ref != nil {
			ref = float64s(e.ref[i])
		}
		rewards[i] = objective.TokenRewards(score, coef, old, ref, estimate)
	}
	if s.WhitenRewards {
		rewards = whitenRows(rewards, false)
	}
	e.advantages, e.returns = make([][]float64, len(scores)), make([][]float64, len(scores))
	for i := range rewards {
		e.advantages[i], e.returns[i] = objective.GAE(rewards[i], float64s(e.values[i]), s.Gamma, s.Lambda)
	}
	if s.WhitenAdvantages {
		e.advantages = whitenRows(e.advantages, true)
	}
}

// divergence is the mean over the answers of log p - log q, p the policy and q the
// reference, added up over an answer: an estimate of the divergence in nats.
func (e *experience) divergence() float64 {
	sum := 0.0
	for i, row := range e.old {
		for t, logp := range row {
			sum += float64(logp) - float64(e.ref[i][t])
		}
	}
	return sum / float64(max(len(e.old), 1))
}

// measureCritic sets in m what the critic expected, what came, and how much of that
// it had explained.
func (e *experience) measureCritic(m Measures) {
	var values, returns []float64
	for i, row := range e.values {
		values, returns = append(values, float64s(row)...), append(returns, e.returns[i]...)
	}
	m["value"], m["return"] = mean(values), mean(returns)
	m["explained_variance"] = objective.ExplainedVariance(values, returns)
}

// whitenRows whitens all numbers together.
func whitenRows(rows [][]float64, shiftMean bool) [][]float64 {
	var all []float64
	for _, row := range rows {
		all = append(all, row...)
	}
	all = objective.Whiten(all, nil, shiftMean)
	out := make([][]float64, len(rows))
	for i, row := range rows {
		out[i], all = all[:len(row):len(row)], all[len(row):]
	}
	return out
}

func float64s(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

// parts divides n answers into count lists of nearly the same length, at most one
// for each answer, in an order that seed shuffles. A single list is in the answers'
// own order.
func parts(n, count int, seed uint64) [][]int {
	count = min(count, n)
	o := order{seed: seed, n: n}
	lists := make([][]int, count)
	for k := range lists {
		for i := n * k / count; i < n*(k+1)/count; i++ {
			if count > 1 {
				lists[k] = append(lists[k], o.at(i))
			} else {
				lists[k] = append(lists[k], i)
			}
		}
	}
	return lists
}
