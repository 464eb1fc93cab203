package align

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/polymath-lm/polymath/align/objective"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
)

// dpo is direct preference optimization (arXiv:2305.18290): the policy itself learns
// which answers are better, held by what the reference says of them. The reference's
// log-probabilities are measured once, before the first step.
type dpo struct {
	*comparisons
	policy  *model.Model
	part    *part
	learner *replay
}

func (d *dpo) plan(ctx context.Context, r *Run, p *Plan) (err error) {
	if d.comparisons, err = planComparisons(ctx, r, p); err != nil {
		return err
	}
	if path := r.recipe.Reference; path != "" {
		text, err := modelfile.Tokenizer(path)
		if err != nil {
			return fmt.Errorf("reference: %w", err)
		}
		if text.Hash() != r.hashes.Tokenizer {
			return &ValueError{Key: "reference", Problem: fmt.Sprintf("%s has another tokenizer than %s, so it cannot say what its tokens are worth: take a reference with the same", path, r.recipe.Model)}
		}
	}
	if err := r.planTrained(p, "policy", r.recipe.Model); err != nil {
		return err
	}
	r.planPasses(p, "policy", r.cfg, r.tokens(), true)
	return r.planReference(p)
}

// planReference adds to a plan what the reference takes beyond the policy, which comes
// when it is gone.
func (r *Run) planReference(p *Plan) error {
	path := r.recipe.Reference
	if path == "" {
		return nil
	}
	cfg, _, err := readConfig(path)
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	var alone Plan
	if err := r.planFixed(&alone, "reference", path); err != nil {
		return err
	}
	r.planPasses(&alone, "reference", cfg, r.tokens(), false)
	if more := alone.Memory.Total - p.Memory.Total; more > 0 {
		p.Memory.Add("reference", more, "%.1f MiB before the policy is loaded, less what that takes", mebibytes(alone.Memory.Total))
	}
	return nil
}

func (d *dpo) load(ctx context.Context, r *Run) (err error) {
	if err := d.refer(ctx, r); err != nil {
		return err
	}
	if d.policy, err = r.openTrained(r.recipe.Model); err != nil {
		return err
	}
	d.part = r.policyPart("policy", d.policy)
	r.addPart(d.part)
	d.learner = newLearner(d.policy, r.tokens(), r.recipe.Batch.Recompute)
	return nil
}

func (d *dpo) step(ctx context.Context, r *Run, n int, m Measures) error {
	began := time.Now()
	tokens, err := d.gradient(ctx, r, n, m)
	if err != nil {
		return err
	}
	r.spend("update", began, tokens)
	_, err = r.update(d.part, r.rate(r.recipe.Optimizer.LR, n))
	return err
}

// gradient adds up the gradient of step n and returns its number of tokens.
func (d *dpo) gradient(ctx context.Context, r *Run, n int, m Measures) (tokens int, err error) {
	all := bundles(d.pick(n, r.recipe.Batch.Pairs), r.tokens())
	tokens = tokensOf(all)
	perToken := r.recipe.DPO.Loss == IPO
	var sum dpoSums
	for i := range all {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		b := &all[i]
		stats, err := d.learner.forward(&b.pack)
		if err != nil {
			return 0, err
		}
		sum.routers.add(&stats)
		slopes := sum.judge(&r.recipe.DPO, b, d.learner.answers(b, perToken), nil)
		for k := range slopes {
			slopes[k] /= float64(r.recipe.Batch.Pairs)
		}
		d.learner.backwardAnswers(b, slopes, perToken, float32(float64(len(b.batch.Tokens))/float64(tokens)))
	}
	sum.measure(m)
	return tokens, nil
}

func (d *dpo) evaluate(ctx context.Context, r *Run, m Measures) error {
	list := d.sample(r.recipe.Eval.Items)
	if len(list) == 0 {
		return nil
	}
	var sum dpoSums
	var said verdicts
	for _, b := range bundles(list, r.tokens()) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := d.learner.forward(&b.pack); err != nil {
			return err
		}
		now := d.learner.answers(&b, r.recipe.DPO.Loss == IPO)
		sum.judge(&r.recipe.DPO, &b, now, func(c *comparison, z float64) { said.add(objective.Sigmoid(z), c.Group) })
	}
	sum.measure(m)
	said.measure(m, false)
	return nil
}

func (d *dpo) state() any                    { return nil }
func (d *dpo) restore(json.RawMessage) error { return nil }
func (d *dpo) finish(*Run) *part             { return d.part }

func (d *dpo) close() error {
	if d.policy == nil {
		return nil
	}
	return d.policy.Close()
}

// answers returns the log-probability of each of b's answers after its forward pass:
// the sum over its learned tokens, or their mean.
func (r *replay) answers(b *bundle, perToken bool) []float64 {
	rows := r.values[:len(b.targets)]
	r.model.LogProbs(r.ws, b.targets, rows)
	sums := make([]float64, len(b.ends))
	for k := range sums {
		for t := b.first[k]; t < int(b.ends[k]); t++ {
			if b.targets[t] >= 0 {
				sums[k] += float64(rows[t])
			}
		}
		if perToken {
			sums[k] /= float64(b.learned(k))
		}
	}
	return sums
}

// backwardAnswers adds the gradient of a loss to the model's, by its slopes with
// respect to what answers returns.
func (r *replay) backwardAnswers(b *bundle, slopes []float64, perToken bool, auxScale float32) {
	rows := r.gradients[:len(b.targets)]
	clear(rows)
	for k, d := range slopes {
		if perToken {
			d /= float64(b.learned(k))
		}
		for t := b.first[k]; t < int(b.ends[k]); t++ {
			if b.targets[t] >= 0 {
				rows[t] = float32(d)
			}
		}
	}
	r.model.LogProbsBackward(r.ws, &b.batch, b.targets, rows, nil, auxScale)
}

// dpoSums are means over comparisons, each with its weight, of the means over their
// pairs. An answer's implicit reward is beta times what the policy says of it less
// what the reference says.
type dpoSums struct {
	loss, accuracy, margin, better, worse, logBetter, logWorse average
	routers                                                    routerSums
}

// judge adds up what the policy says of b's answers and returns the slopes of the sum
// of its comparisons' losses by it. each, if not nil, gets the difference of the
// implicit rewards of each pair.
func (s *dpoSums) judge(o *DPOSpec, b *bundle, now []float64, each func(c *comparison, z float64)) (slopes []float64) {
	slopes = make([]float64, len(now))
	first := 0
	for _, c := range b.list {
		n := len(c.Answers)
		s.add(o, c, now[first:first+n], slopes[first:first+n], each)
		first += n
	}
	return slopes
}

func (s *dpoSums) add(o *DPOSpec, c *comparison, now, slopes []float64, each func(c *comparison, z float64)) {
	weight := c.Weight / float64(len(c.Pairs))
	ref := c.reference
	for _, p := range c.Pairs {
		i, j := p.Better, p.Worse
		var loss, up, down float64
		if o.Loss == IPO {
			loss, up, down = objective.IPO(now[i], now[j], ref[i], ref[j], o.Beta)
		} else {
			loss, up, down = objective.DPO(now[i], now[j], ref[i], ref[j], o.Beta, o.LabelSmoothing)
		}
		slopes[i] += float64(weight * up)
		slopes[j] += float64(weight * down)
		better, worse := float64(o.Beta*(now[i]-ref[i])), float64(o.Beta*(now[j]-ref[j]))
		s.loss.add(loss, weight)
		s.accuracy.add(win(better-worse), weight)
		s.margin.add(better-worse, weight)
		s.better.add(better, weight)
		s.worse.add(worse, weight)
		s.logBetter.add(now[i], weight)
		s.logWorse.add(now[j], weight)
		if each != nil {
			each(c, better-worse)
		}
	}
}

func (s *dpoSums) measure(m Measures) {
	m["loss"], m["accuracy"], m["margin"] = s.loss.value, s.accuracy.value, s.margin.value
	m["reward/chosen"], m["reward/rejected"] = s.better.value, s.worse.value
	m["logprob/chosen"], m["logprob/rejected"] = s.logBetter.value, s.logWorse.value
	s.routers.measure(m)
}
