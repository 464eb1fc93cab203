package align

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/polymath-lm/polymath/align/scalar"
	"github.com/polymath-lm/polymath/model"
)

// rewardLearner makes a reward model: a policy with one number for a head, which is
// read at the token that ends an answer's turn.
type rewardLearner struct {
	*comparisons
	model  *scalar.Model
	part   *part
	ws     *model.Workspace
	longer float64 // the share of pairs in training of which the longer answer is the better
}

func (l *rewardLearner) plan(ctx context.Context, r *Run, p *Plan) (err error) {
	if l.comparisons, err = planComparisons(ctx, r, p); err != nil {
		return err
	}
	var longer average
	for i := range l.train {
		l.train[i].lengths(func(_ string, difference, weight float64) { longer.add(win(difference), weight) })
	}
	l.longer = longer.value
	if err := r.planTrained(p, "reward", r.recipe.Model); err != nil {
		return err
	}
	if r.recipe.Lora.Rank > 0 { // it is merged: a reward model is one directory
		total, _ := r.cfg.Params()
		p.checkpointBytes, p.modelBytes = p.checkpointBytes+2*total, 2*total
	}
	r.planPasses(p, "reward", r.cfg, r.tokens(), true)
	return nil
}

func (l *rewardLearner) load(_ context.Context, r *Run) error {
	m, err := r.openTrained(r.recipe.Model)
	if err != nil {
		return err
	}
	if l.model, err = scalar.New(m, r.recipe.Seed); err != nil {
		_ = m.Close() // the other error matters
		return err
	}
	l.part = &part{name: "reward", key: "model", from: r.recipe.Model, params: l.model.Params(), sync: l.model.Sync}
	l.part.save = func(dir string, from model.Provenance) error { return l.model.Save(dir, from, r.files) }
	l.part.finish = func(dir string, from model.Provenance) error {
		return l.model.Save(dir, from, withStatistics(r.files, r.evaluated))
	}
	r.addPart(l.part)
	l.ws = model.NewTrainingWorkspace(l.model.Decoder(), r.tokens(), r.recipe.Batch.Recompute)
	return nil
}

// RewardStatistics is reward.json in the directory of a finished reward model: what rewards it
// gives, so that they can be brought to a common size.
type RewardStatistics struct {
	// Mean and Std are of the rewards of the answers that people preferred among those
	// that were held out.
	Mean float64 `json:"mean"`
	Std  float64 `json:"std"`
}

// RewardStatisticsFile is the name of its file.
const RewardStatisticsFile = "reward.json"

// withStatistics adds to the files of a model what was last measured of it.
func withStatistics(files map[string][]byte, measured Measures) map[string][]byte {
	s := RewardStatistics{Mean: measured["reward/mean"], Std: measured["reward/std"]}
	if s.Std == 0 || !finite(s.Mean) || !finite(s.Std) {
		return files
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return files // numbers that JSON cannot hold are none
	}
	all := map[string][]byte{RewardStatisticsFile: append(text, '\n')}
	for name, content := range files {
		all[name] = content
	}
	return all
}

func (l *rewardLearner) step(ctx context.Context, r *Run, n int, m Measures) error {
	began := time.Now()
	tokens, err := l.gradient(ctx, r, n, m)
	if err != nil {
		return err
	}
	r.spend("update", began, tokens)
	_, err = r.update(l.part, r.rate(r.recipe.Optimizer.LR, n))
	return err
}

// gradient adds up the gradient of step n and returns its number of tokens.
func (l *rewardLearner) gradient(ctx context.Context, r *Run, n int, m Measures) (tokens int, err error) {
	all := bundles(l.pick(n, r.recipe.Batch.Pairs), r.tokens())
	tokens = tokensOf(all)
	var sum rewardSums
	for i := range all {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		b := &all[i]
		stats, err := l.model.Decoder().ForwardTrain(l.ws, &b.batch)
		if err != nil {
			return 0, err
		}
		sum.routers.add(&stats)
		slopes := sum.judge(&r.recipe.Reward, b, rewardsOf(l.model, l.ws, b), nil)
		scaled := make([]float32, len(slopes))
		for k, d := range slopes {
			scaled[k] = float32(d / float64(r.recipe.Batch.Pairs))
		}
		l.model.Backward(l.ws, &b.batch, b.ends, scaled, float32(float64(len(b.batch.Tokens))/float64(tokens)))
	}
	sum.measure(m)
	return tokens, nil
}

func (l *rewardLearner) evaluate(ctx context.Context, r *Run, m Measures) error {
	list := l.sample(r.recipe.Eval.Items)
	if len(list) == 0 {
		return nil
	}
	if err := measureReward(ctx, l.model, l.ws, bundles(list, r.tokens()), &r.recipe.Reward, m); err != nil {
		return err
	}
	m["baseline/majority"] = m["baseline/longer"]
	if l.longer < 0.5 {
		m["baseline/majority"] = 1 - m["baseline/longer"]
	}
	return nil
}

// lengths calls each for every pair with the difference of its answers' tokens, the
// better one's less the worse one's.
func (c *comparison) lengths(each func(group string, difference, weight float64)) {
	for _, p := range c.Pairs {
		each(c.Group, float64(len(c.Answers[p.Better].Tokens)-len(c.Answers[p.Worse].Tokens)), c.Weight/float64(len(c.Pairs)))
	}
}

// spread is the mean and the standard deviation of numbers.
func spread(list []float64) (center, deviation float64) {
	center = mean(list)
	sum := 0.0
	for _, v := range list {
		sum += float64((v - center) * (v - center))
	}
	return center, math.Sqrt(sum / float64(max(len(list)-1, 1)))
}

func (l *rewardLearner) state() any                    { return nil }
func (l *rewardLearner) restore(json.RawMessage) error { return nil }
func (l *rewardLearner) finish(*Run) *part             { return l.part }

func (l *rewardLearner) close() error {
	if l.model == nil {
		return nil
	}
	return l.model.Decoder().Close()
}
