package align

import (
	"slices"

	"github.com/polymath-lm/polymath/align/objective"
)

// rewardSums are means over comparisons, each with its weight, of the means over their
// pairs.
type rewardSums struct {
	loss, accuracy, margin, better, worse average
	best                                  []float64 // rewards of answers that are never the worse
	routers                               routerSums
}

// judge adds up what the rewards of b's answers say and returns the slopes of the sum
// of its comparisons' losses by them. The loss of a comparison is the mean over its
// pairs of
//
//	-log(sigmoid(better - worse - margin)) + center_rewards_coefficient * (better + worse)^2
//
// or, of a ranking by Plackett and Luce, that of the order divided by its choices in
// place of the first term. each, if not nil, gets the difference of each pair.
func (s *rewardSums) judge(o *RewardModelSpec, b *bundle, rewards []float64, each func(c *comparison, z float64)) (slopes []float64) {
	slopes = make([]float64, len(rewards))
	first := 0
	for _, c := range b.list {
		n := len(c.Answers)
		s.add(o, c, rewards[first:first+n], slopes[first:first+n], each)
		first += n
	}
	return slopes
}

func (s *rewardSums) add(o *RewardModelSpec, c *comparison, rewards, slopes []float64, each func(c *comparison, z float64)) {
	order := c.ranking(o)
	loss := 0.0
	if order != nil {
		loss = rankingLoss(order, rewards, slopes, c.Weight)
	}
	share := 1 / float64(len(c.Pairs))
	weight := c.Weight * share
	for _, p := range c.Pairs {
		better, worse := rewards[p.Better], rewards[p.Worse]
		if order == nil {
			l, up, down := objective.BradleyTerry(better, worse, p.Margin+float64(o.ScoreMargin*p.Gap))
			loss += float64(share * l)
			slopes[p.Better] += float64(weight * up)
			slopes[p.Worse] += float64(weight * down)
		}
		if o.Centering > 0 {
			sum := better + worse
			loss += float64(float64(share*o.Centering) * float64(sum*sum))
			d := float64(float64(weight*o.Centering) * float64(2*sum))
			slopes[p.Better] += d
			slopes[p.Worse] += d
		}
		s.accuracy.add(win(better-worse), weight)
		s.margin.add(better-worse, weight)
		s.better.add(better, weight)
		s.worse.add(worse, weight)
		if each != nil {
			each(c, better-worse)
		}
	}
	s.loss.add(loss, c.Weight)
	for i, v := range rewards {
		if !slices.ContainsFunc(c.Pairs, func(p pair) bool { return p.Worse == i }) {
			s.best = append(s.best, v)
		}
	}
}

// rankingLoss is the loss of an order of answers, the best first, divided by the number
// of choices in it, and adds its slopes with a weight.
func rankingLoss(order []int, rewards, slopes []float64, weight float64) float64 {
	scores := make([]float64, len(order))
	for place, i := range order {
		scores[place] = rewards[i]
	}
	loss, d := objective.Ranking(scores)
	choices := float64(len(order) - 1)
	for place, i := range order {
		slopes[i] += float64(weight * (d[place] / choices))
	}
	return loss / choices
}

// ranking returns the numbers of the answers, the best first, where the recipe wants
// the loss of the whole order and the pairs make one; else nil.
func (c *comparison) ranking(o *RewardModelSpec) []int {
	n := len(c.Answers)
	if o.Ranking != RankPlackettLuce || n < 3 || len(c.Pairs) != n*(n-1)/2 {
		return nil
	}
	wins := make([]int, n)
	for _, p := range c.Pairs {
		wins[p.Better]++
	}
	order := make([]int, n)
	for i, w := range wins {
		order[n-1-w] = i
	}
	for place, i := range order {
		if wins[i] != n-1-place { // two have won as often: pairs go round
			return nil
		}
	}
	return order
}

func (s *rewardSums) measure(m Measures) {
	m["loss"], m["accuracy"], m["margin"] = s.loss.value, s.accuracy.value, s.margin.value
	m["reward/chosen"], m["reward/rejected"] = s.better.value, s.worse.value
	s.routers.measure(m)
}
