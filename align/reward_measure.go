package align

import (
	"context"
	"fmt"

	"github.com/polymath-lm/polymath/align/objective"
	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/align/scalar"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
)

// MeasureOptions says how MeasureReward reads comparisons.
type MeasureOptions struct {
	// Sequence is how many tokens a prompt with an answer may have; 0 is 1024, or what
	// the model reads if that is less.
	Sequence int
	// TooLong and SkipBad are as in PreferencesSpec; "" drops.
	TooLong string
	SkipBad bool
}

// Of MeasureOptions.
const (
	measuredSequence = 1024
	measuredRows     = 4 // of Sequence tokens in a pass, both answers of a pair among them
)

// MeasureReward says how often the reward model in dir agrees with comparisons that it
// need not have seen: "accuracy" and how far its probabilities can be believed ("ece",
// "brier"), with 95% intervals over groups where there are such, the "margin", and
// "baseline/longer", how often the longer answer is the better one.
func MeasureReward(ctx context.Context, dir string, files []string, o MeasureOptions) (Measures, *preference.Report, error) {
	m, err := scalar.Load(dir, false)
	if err != nil {
		return nil, nil, err
	}
	defer m.Decoder().Close()
	set, tokens, err := measuredSet(ctx, m, dir, files, o)
	if err != nil {
		return nil, nil, err
	}
	list := divide(set.Train, tokens)
	measures := Measures{}
	ws := model.NewWorkspace(m.Decoder(), tokens, false)
	err = measureReward(ctx, m, ws, bundles(pointers(list), tokens), &RewardModelSpec{}, measures)
	return measures, &set.Report, err
}

// measuredSet reads comparisons in the words of a reward model, and says how many tokens
// a pass has.
func measuredSet(ctx context.Context, m *scalar.Model, dir string, files []string, o MeasureOptions) (*preference.Set, int, error) {
	most := m.Decoder().Config().MaxPositions
	switch {
	case o.Sequence == 0:
		o.Sequence = min(measuredSequence, most)
	case o.Sequence < 1 || o.Sequence > most:
		return nil, 0, fmt.Errorf("%s reads 1 to %d tokens, not %d", dir, most, o.Sequence)
	}
	text, err := modelfile.Tokenizer(dir)
	if err != nil {
		return nil, 0, err
	}
	template, err := modelfile.Template(dir)
	if err != nil {
		return nil, 0, err
	}
	if o.TooLong == "" {
		o.TooLong = preference.Drop
	}
	set, err := preference.Load(files, preference.Options{
		Encoder: preference.Encoder{Tokenizer: text, Template: template, MaxTokens: o.Sequence, TooLong: o.TooLong, EndToken: true},
		SkipBad: o.SkipBad, Check: ctx.Err,
	})
	return set, measuredRows * o.Sequence, err
}

// measureReward sets what a reward model's numbers say of comparisons.
func measureReward(ctx context.Context, rm *scalar.Model, ws *model.Workspace, all []bundle, spec *RewardModelSpec, m Measures) error {
	var sum rewardSums
	var said, byLength verdicts
	for i := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := &all[i]
		if err := rm.Decoder().Forward(ws, &b.batch); err != nil {
			return err
		}
		sum.judge(spec, b, rewardsOf(rm, ws, b), func(c *comparison, z float64) { said.add(objective.Sigmoid(z), c.Group) })
		for _, c := range b.list {
			c.lengths(func(group string, difference, _ float64) { byLength.add(objective.Sigmoid(difference), group) })
		}
	}
	sum.measure(m)
	said.measure(m, true)
	m["reward/mean"], m["reward/std"] = spread(sum.best)
	m["baseline/longer"] = mean(byLength.right)
	return nil
}

// rewardsOf are the rewards of b's answers, after its forward pass.
func rewardsOf(rm *scalar.Model, ws *model.Workspace, b *bundle) []float64 {
	values := make([]float32, len(b.ends))
	rm.Values(ws, b.ends, values)
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return wide
}
