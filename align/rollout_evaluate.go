package align

import (
	"context"
	"slices"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/model"
)

// evaluate has the policy answer what is held out, and the tasks of eval.tasks, whose
// measures have the task's name before theirs. Answers are without chance; with
// eval.samples others are drawn, the same random numbers each time.
func (a *actor) evaluate(ctx context.Context, r *Run, m *model.Model, measures Measures) error {
	if err := a.examine(ctx, r, m, "", a.questions.held, measures); err != nil {
		return err
	}
	for first := 0; first < len(a.questions.further); {
		name, last := a.questions.further[first].task, first
		for last < len(a.questions.further) && a.questions.further[last].task == name {
			last++
		}
		list := a.questions.further[first:last]
		if n := r.recipe.Eval.Items; n > 0 {
			list = list[:min(n, len(list))]
		}
		if err := a.examine(ctx, r, m, name+"/", list, measures); err != nil {
			return err
		}
		first = last
	}
	return nil
}

// examine measures on one list of questions; prefix goes before the names.
func (a *actor) examine(ctx context.Context, r *Run, m *model.Model, prefix string, list []*question, measures Measures) error {
	if len(list) == 0 {
		return nil
	}
	d := drawing{answers: 1, maxTokens: r.recipe.Rollout.MaxTokens, batch: a.batch(r)}
	greedy, err := a.examined(ctx, m, list, d)
	if err != nil {
		return err
	}
	own := Measures{}
	greedy.measure(a.rewards, own)
	for name, v := range own {
		measures[prefix+name] = v
	}
	for _, s := range greedy.shares() {
		measures.estimateShare(prefix, list, &s)
	}
	graded := allGraded(list)
	if graded {
		measures.estimate(prefix+"accuracy", list, each(greedy.rollouts, isRight))
	}
	if d.answers = r.recipe.Eval.Samples; d.answers == 0 {
		return nil
	}
	d.temperature, d.topP = r.recipe.Rollout.Temperature, r.recipe.Rollout.TopP
	d.seed = stepSeed(r.recipe.Seed, "evaluate", 0)
	samples, err := a.examined(ctx, m, list, d)
	if err != nil {
		return err
	}
	measures[prefix+"samples_reward"] = mean(samples.total)
	if graded {
		measures[prefix+"samples_accuracy"] = mean(each(samples.rollouts, isRight))
		measures.estimate(prefix+"majority", list, samples.majority(d.answers))
		measures.estimate(prefix+"best_of", list, samples.best(d.answers))
	}
	return nil
}

// allGraded says that each question has a grader: where prompts of files are among them,
// nobody can say of those whether an answer is right.
func allGraded(list []*question) bool {
	return !slices.ContainsFunc(list, func(q *question) bool { return q.grader == nil })
}

func (a *actor) examined(ctx context.Context, m *model.Model, list []*question, d drawing) (*judged, error) {
	rollouts, _, err := a.draw(ctx, m, list, d)
	if err != nil {
		return nil, err
	}
	return a.rewards.judge(ctx, rollouts)
}

func isRight(r *Rollout) float64 {
	return number1(r.verdict != nil && r.verdict.Right)
}

// majority scores each question by the answer that most of its n samples give.
func (j *judged) majority(n int) []float64 {
	scores := make([]float64, len(j.rollouts)/n)
	for i := range scores {
		of := j.rollouts[i*n : (i+1)*n]
		answers := make([]string, n)
		for k := range of {
			if v := of[k].verdict; v != nil && v.Extracted != "" {
				answers[k] = v.Extracted
			} else {
				answers[k] = of[k].Text
			}
		}
		scores[i] = stat.MajorityScore(answers, each(of, isRight))
	}
	return scores
}

// best scores each question by that of its n samples which the rewards like best, the
// first of equals.
func (j *judged) best(n int) []float64 {
	scores := make([]float64, len(j.rollouts)/n)
	for i := range scores {
		totals := j.total[i*n : (i+1)*n]
		scores[i] = isRight(&j.rollouts[i*n+slices.Index(totals, slices.Max(totals))])
	}
	return scores
}

// estimate sets a share with its interval of 95% (Wilson's; see stat.Mean), which
// counts questions of one cluster as what they are.
func (m Measures) estimate(name string, list []*question, values []float64) {
	m.set(name, stat.Mean(values, clustersOf(list)))
}

// estimateShare sets a share of what answers to the questions counted, with its interval
// of 95%.
func (m Measures) estimateShare(prefix string, list []*question, s *share) {
	of := make([]*question, len(s.of))
	for i, k := range s.of {
		of[i] = list[k]
	}
	m.set(prefix+s.name, stat.Share(s.parts, s.wholes, clustersOf(of)))
}

// clustersOf are the groups of questions; nil where each is one by itself.
func clustersOf(list []*question) []string {
	clusters, seen := make([]string, len(list)), map[string]bool{}
	for i, q := range list {
		clusters[i] = q.group
		seen[q.group] = true
	}
	if len(seen) == len(list) {
		return nil
	}
	return clusters
}
