package align

import (
	"context"
	"fmt"
	"slices"
)

// A rewarder says how good answers are.
type rewarder interface {
	// score returns a number for each rollout. It hangs on that rollout alone.
	score(ctx context.Context, rollouts []Rollout) ([]float64, error)
}

// reward is one of a recipe's rewards.
type reward struct {
	rewarder
	name    string
	weight  float64 // 0: it is recorded and no more, unless there is a constraint
	learned bool    // a model gives it
	// tasks are those whose answers it judges; without any it judges all answers.
	tasks []string
	// constraint is what makes the weight rise and fall; nil: it stays.
	constraint *ConstraintSpec
}

// counts says that the policy learns from the reward, now or in another step.
func (r *reward) counts() bool { return r.weight != 0 || r.constraint != nil }

// judges says that the reward is for this answer.
func (r *reward) judges(o *Rollout) bool {
	return len(r.tasks) == 0 || slices.Contains(r.tasks, o.question.task)
}

// scoreOwn scores the answers that the reward is for; the others have 0.
func (r *reward) scoreOwn(ctx context.Context, rollouts []Rollout) ([]float64, error) {
	if len(r.tasks) == 0 {
		return r.score(ctx, rollouts)
	}
	var own []Rollout
	for i := range rollouts {
		if r.judges(&rollouts[i]) {
			own = append(own, rollouts[i])
		}
	}
	values := make([]float64, len(rollouts))
	if len(own) == 0 {
		return values, nil
	}
	scores, err := r.score(ctx, own)
	if err != nil {
		return nil, err
	}
	for i := range rollouts {
		if r.judges(&rollouts[i]) {
			values[i], scores = scores[0], scores[1:]
		}
	}
	return values, nil
}

// rewards are all of them.
type rewards []reward

// newRewards makes the rewards of a recipe, which must be valid, but for models.
func newRewards(r *Recipe) rewards {
	list := make(rewards, len(r.Rewards))
	for i := range r.Rewards {
		s := &r.Rewards[i]
		list[i] = reward{
			name: s.name(), weight: s.Weight, constraint: s.Constraint, tasks: s.Tasks,
			learned: s.Kind == RewardModel || s.Kind == RewardJudge,
		}
		switch s.Kind {
		case RewardTask:
			list[i].rewarder = graded{}
		case RewardHonesty:
			list[i].rewarder = newHonesty(s)
		case RewardFormat:
			list[i].rewarder = newForm(s)
		case RewardLength:
			list[i].rewarder = &shortness{from: s.From, to: r.Rollout.MaxTokens}
		}
	}
	list.weigh(list.multipliers())
	return list
}

// judged are answers with what they are worth.
type judged struct {
	rollouts []Rollout
	total    []float64   // [rollouts] the sum of the rewards by their weights
	each     [][]float64 // [rewards][rollouts]
}

// judge grades the answers and asks all rewards.
func (list rewards) judge(ctx context.Context, rollouts []Rollout) (*judged, error) {
	if err := gradeAll(ctx, rollouts); err != nil {
		return nil, err
	}
	j := &judged{rollouts: rollouts, total: make([]float64, len(rollouts))}
	for _, r := range list {
		values, err := r.scoreOwn(ctx, rollouts)
		if err != nil {
			return nil, fmt.Errorf("reward %s: %w", r.name, err)
		}
		j.each = append(j.each, values)
		for i, v := range values {
			if r.weight != 0 { // what is only recorded may be no number
				j.total[i] += float64(r.weight * v)
			}
		}
	}
	return j, nil
}

// add puts the answers of another judgment behind these.
func (j *judged) add(other *judged) {
	j.rollouts, j.total = append(j.rollouts, other.rollouts...), append(j.total, other.total...)
	for k := range other.each {
		if k == len(j.each) {
			j.each = append(j.each, nil)
		}
		j.each[k] = append(j.each[k], other.each[k]...)
	}
}

// own are the values of a reward, the k-th, for the answers that it judges.
func (j *judged) own(r *reward, k int) []float64 {
	if len(r.tasks) == 0 {
		return j.each[k]
	}
	var values []float64
	for i, v := range j.each[k] {
		if r.judges(&j.rollouts[i]) {
			values = append(values, v)
		}
	}
	return values
}

// measure sets in m the means over the answers: of every reward and their sum, of
// what is right, of the answers' tokens, and of those that the policy ended itself.
func (j *judged) measure(list rewards, m Measures) {
	for k := range list {
		r := &list[k]
		if own := j.own(r, k); len(r.tasks) == 0 || len(own) > 0 {
			m["reward/"+r.name] = mean(own)
		}
	}
	m["reward"] = mean(j.total)
	m["answer_length"] = mean(each(j.rollouts, func(r *Rollout) float64 { return float64(len(r.Answer)) }))
	m["ended"] = mean(each(j.rollouts, func(r *Rollout) float64 { return number1(r.ended()) }))
	var right []float64
	for i := range j.rollouts {
		if v := j.rollouts[i].verdict; v != nil {
			right = append(right, number1(v.Right))
		}
	}
	if len(right) > 0 {
		m["accuracy"] = mean(right)
	}
	if slices.ContainsFunc(list, func(r reward) bool { _, ok := r.rewarder.(*honesty); return ok }) {
		m["abstained"] = mean(each(j.rollouts, func(r *Rollout) float64 { return number1(r.verdict != nil && r.verdict.Abstained) }))
	}
	for _, s := range j.shares() {
		m[s.name] = sum(s.parts) / sum(s.wholes)
	}
}

// values are the numbers of one answer.
func (j *judged) values(list rewards, i int) Measures {
	m := Measures{"reward": j.total[i], "answer_length": float64(len(j.rollouts[i].Answer))}
	for k := range list {
		if r := &list[k]; r.judges(&j.rollouts[i]) {
			m["reward/"+r.name] = j.each[k][i]
		}
	}
	if v := j.rollouts[i].verdict; v != nil {
		m["accuracy"] = number1(v.Right)
	}
	return m
}

func number1(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// mean is 0 of nothing.
func mean(values []float64) float64 {
	return sum(values) / float64(max(len(values), 1))
}

func sum(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum
}
