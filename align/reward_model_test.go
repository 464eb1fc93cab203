package align

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/align/scalar"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train"
)

// TestRewardLearns: what separates the answers is found, on prompts that are held out
// too, and the finished model says what the run has measured.
func TestRewardLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it learns for some dozens of steps")
	}
	for _, kind := range []string{dense, experts} {
		dir := smallModel(t, kind)
		for _, lora := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s lora=%v", kind, lora), func(t *testing.T) {
				r := pairsRecipe(Reward, dir, lora, tastes(t, 120))
				r.Steps = 30
				result, records := runPairs(t, t.Context(), r, Options{})
				evals := evalsOf(records)
				first, last := evals[0], evals[len(evals)-1]
				if last["accuracy"] <= 0.9 || last["accuracy_low"] <= first["accuracy"] || last["margin"] <= 0 || last["loss"] >= first["loss"]/2 {
					t.Errorf("before %v, after %v", first, last)
				}
				if last["baseline/longer"] < 0.3 || last["baseline/longer"] > 0.7 || last["baseline/majority"] > 0.7 {
					t.Errorf("the length says it too: %v", last)
				}
				checkRewardModel(t, r, result, last)
			})
		}
	}
}

// TestMeasureReward: a finished reward model is measured on a file as its own numbers
// say, and what is held out of a run is told as the run has told it.
func TestMeasureReward(t *testing.T) {
	r := pairsRecipe(Reward, smallModel(t, experts), false, tastes(t, 40))
	r.Steps = 2
	result, _ := runPairs(t, t.Context(), r, Options{})
	file := tastes(t, 25)
	m, report, err := MeasureReward(t.Context(), result.ModelDir, []string{file}, MeasureOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := scalar.Load(result.ModelDir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Decoder().Close()
	r.Preferences.Files = train.Files{file}
	_, c := planned(t, r)
	all := slices.Concat(c.train, c.held)
	right, margin, longer := 0.0, 0.0, 0.0
	for i := range all {
		x, p := &all[i], all[i].Pairs[0]
		values, err := s.Score([][]int32{x.Answers[p.Better].Tokens, x.Answers[p.Worse].Tokens})
		if err != nil {
			t.Fatal(err)
		}
		right += win(float64(values[0] - values[1]))
		margin += float64(values[0] - values[1])
		longer += win(float64(len(x.Answers[p.Better].Tokens) - len(x.Answers[p.Worse].Tokens)))
	}
	n := float64(len(all))
	if report.Pairs != len(all) || m["accuracy"] != right/n || math.Abs(m["margin"]-margin/n) > 1e-6 || math.Abs(m["baseline/longer"]-longer/n) > 1e-9 {
		t.Errorf("%v of %d pairs; by hand %d: %v %v %v", m, report.Pairs, len(all), right/n, margin/n, longer/n)
	}
	for sequence, want := range map[int]string{-1: "reads 1 to ", 1 << 20: "reads 1 to ", 1: "25 too long"} {
		if _, _, err := MeasureReward(t.Context(), result.ModelDir, []string{file}, MeasureOptions{Sequence: sequence}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("sequence %d: %v", sequence, err)
		}
	}
	if _, _, err := MeasureReward(t.Context(), r.Model, []string{file}, MeasureOptions{}); err == nil {
		t.Error("a language model is measured")
	}
}

// checkRewardModel reads a finished reward model and measures it as the run has.
func checkRewardModel(t *testing.T, r *Recipe, result Result, last Measures) {
	t.Helper()
	s, err := scalar.Load(result.ModelDir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Decoder().Close()
	run, c := planned(t, r)
	if s.TokenizerHash() != run.hashes.Tokenizer {
		t.Errorf("the model is for the tokenizer %s, the run for %s", s.TokenizerHash(), run.hashes.Tokenizer)
	}
	var rewards, best []float64
	right := 0.0
	for i := range c.held {
		x := &c.held[i]
		values, err := s.Score([][]int32{x.Answers[0].Tokens, x.Answers[1].Tokens})
		if err != nil {
			t.Fatal(err)
		}
		better, worse := float64(values[x.Pairs[0].Better]), float64(values[x.Pairs[0].Worse])
		right += win(better - worse)
		rewards, best = append(rewards, better-worse), append(best, better)
	}
	text, err := os.ReadFile(filepath.Join(result.ModelDir, RewardStatisticsFile))
	if err != nil {
		t.Fatal(err)
	}
	var said RewardStatistics
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	if said.Mean != last["reward/mean"] || said.Std != last["reward/std"] {
		t.Errorf("%s says %+v, the run %v", RewardStatisticsFile, said, last)
	}
	if r.Lora.Rank > 0 { // merged weights are rounded once more
		return
	}
	center, deviation := spread(best)
	if math.Abs(center-said.Mean) > 0.05*deviation || math.Abs(deviation-said.Std) > 0.1*deviation ||
		math.Abs(mean(rewards)-last["margin"]) > 0.1*deviation || math.Abs(right/float64(len(rewards))-last["accuracy"]) > 0.05 {
		t.Errorf("it gives %v with %v, margin %v, accuracy %v; the run had %v", center, deviation, mean(rewards), right/float64(len(rewards)), last)
	}
}

// TestRewardPlace: the reward is that at the token which ends the answer's turn. What
// comes after it, and what else is in the microbatch, changes nothing.
func TestRewardPlace(t *testing.T) {
	for _, kind := range []string{dense, experts} {
		r := pairsRecipe(Reward, smallModel(t, kind), false, tastes(t, 20))
		run, c := planned(t, r)
		l := run.method.(*rewardLearner)
		if err := l.load(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		score := func(b *bundle) []float64 {
			t.Helper()
			if _, err := l.model.Decoder().ForwardTrain(l.ws, &b.batch); err != nil {
				t.Fatal(err)
			}
			return rewardsOf(l.model, l.ws, b)
		}
		list := pointers(c.train)[:4]
		together := score(&bundles(list, run.tokens())[0])
		reversed := slices.Clone(list)
		slices.Reverse(reversed)
		other := score(&bundles(reversed, run.tokens())[0])
		for i, x := range list {
			alone := score(&bundles([]*comparison{x}, run.tokens())[0])
			k := 2 * (len(list) - 1 - i)
			if !slices.Equal(alone, together[2*i:2*i+2]) || !slices.Equal(alone, other[k:k+2]) {
				t.Errorf("%s: alone %v, with others %v and %v", kind, alone, together[2*i:2*i+2], other[k:k+2])
			}
			if alone[0] == alone[1] {
				t.Errorf("%s: both answers have the reward %v", kind, alone[0])
			}
			// The same tokens, and then others of the same span.
			for _, after := range [][]int32{{0, 0, 0}, {5}, x.Answers[0].Tokens} {
				b := bundle{}
				for k := range x.Answers {
					tokens := slices.Concat(x.Answers[k].Tokens, after)
					b.ends = append(b.ends, int32(len(b.batch.Tokens)+len(x.Answers[k].Tokens)-1))
					b.batch.Spans = append(b.batch.Spans, model.Span{Start: len(b.batch.Tokens), Len: len(tokens)})
					b.batch.Tokens = append(b.batch.Tokens, tokens...)
				}
				if got := score(&b); !slices.Equal(got, alone) {
					t.Errorf("%s: %v, and with %d tokens after it %v", kind, alone, len(after), got)
				}
			}
		}
	}
}

// TestRewardGradient: the gradient of a step is that of its loss, as far as the head
// is concerned by hand in float64, whatever the microbatches; and the loss is the
// textbook's.
func TestRewardGradient(t *testing.T) {
	r := pairsRecipe(Reward, smallModel(t, dense), false, tastes(t, 40))
	r.Reward.Centering = 0.1
	var gradients [][]float32
	for _, rows := range []int{2, 4} {
		r.Batch.Rows = rows
		run, c := planned(t, r)
		l := run.method.(*rewardLearner)
		if err := l.load(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		var loss float64
		want := make([]float64, l.model.Head().In)
		for _, x := range c.pick(1, 8) {
			b := &bundles([]*comparison{x}, run.tokens())[0]
			if _, err := l.model.Decoder().ForwardTrain(l.ws, &b.batch); err != nil {
				t.Fatal(err)
			}
			v := rewardsOf(l.model, l.ws, b)
			z, sum := v[0]-v[1], v[0]+v[1]
			loss += (math.Log1p(math.Exp(-z)) + 0.1*sum*sum) / 8
			slopes := [2]float64{-1/(1+math.Exp(z)) + 0.2*sum, 1/(1+math.Exp(z)) + 0.2*sum}
			hidden := l.model.Decoder().Hidden(l.ws)
			for k, end := range b.ends {
				for i := range want {
					want[i] += slopes[k] / 8 * float64(hidden[int(end)*len(want)+i].Float32())
				}
			}
		}
		m := Measures{}
		for _, p := range run.parts {
			for _, q := range p.params {
				clear(q.Grad)
			}
		}
		grad, err := rewardGradient(t.Context(), run, l, m)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if math.Abs(want[i]-float64(grad[i])) > 1e-6+1e-4*math.Abs(want[i]) {
				t.Errorf("%d rows: the head's slope %d is %v, want %v", rows, i, grad[i], want[i])
			}
		}
		if math.Abs(m["loss"]-loss) > 1e-6 {
			t.Errorf("the loss is %v, want %v", m["loss"], loss)
		}
		gradients = append(gradients, grad)
	}
	for i := range gradients[0] {
		if math.Abs(float64(gradients[0][i]-gradients[1][i])) > 1e-6 {
			t.Errorf("slope %d hangs on the microbatches: %v and %v", i, gradients[0][i], gradients[1][i])
		}
	}
}

// rewardGradient is the gradient of the head in the first step.
func rewardGradient(ctx context.Context, run *Run, l *rewardLearner, m Measures) ([]float32, error) {
	_, err := l.gradient(ctx, run, 1, m)
	return slices.Clone(l.model.Head().Grad), err
}

// TestRewardSlopes: the slopes of every form of the loss are its differences.
func TestRewardSlopes(t *testing.T) {
	full := []pair{{Better: 0, Worse: 1, Margin: 0.5}, {Better: 0, Worse: 2, Gap: 2}, {Better: 1, Worse: 2}}
	for name, x := range map[string]struct {
		pairs []pair
		spec  RewardModelSpec
		order []int
	}{
		"pairs":       {full, RewardModelSpec{Ranking: RankPairs}, nil},
		"margins":     {full, RewardModelSpec{Ranking: RankPairs, ScoreMargin: 0.3}, nil},
		"centered":    {full, RewardModelSpec{Ranking: RankPairs, Centering: 0.1}, nil},
		"an order":    {full, RewardModelSpec{Ranking: RankPlackettLuce, Centering: 0.1}, []int{0, 1, 2}},
		"with a tie":  {full[:2], RewardModelSpec{Ranking: RankPlackettLuce}, nil},
		"round about": {[]pair{{Better: 0, Worse: 1}, {Better: 1, Worse: 2}, {Better: 2, Worse: 0}}, RewardModelSpec{Ranking: RankPlackettLuce}, nil},
		"another":     {[]pair{{Better: 2, Worse: 1}, {Better: 1, Worse: 0}, {Better: 2, Worse: 0}}, RewardModelSpec{Ranking: RankPlackettLuce}, []int{2, 1, 0}},
	} {
		c := &comparison{}
		c.Answers, c.Pairs, c.Weight = make([]preference.Sequence, 3), x.pairs, 0.5
		if got := c.ranking(&x.spec); !slices.Equal(got, x.order) {
			t.Errorf("%s: the order is %v", name, got)
		}
		rewards := []float64{0.3, -0.7, 1.1}
		loss := func(r []float64) float64 {
			var s rewardSums
			s.judge(&x.spec, &bundle{list: []*comparison{c}}, r, nil)
			return s.loss.value * c.Weight
		}
		var s rewardSums
		slopes := s.judge(&x.spec, &bundle{list: []*comparison{c}}, rewards, nil)
		for i := range rewards {
			const h = 1e-5
			up, down := slices.Clone(rewards), slices.Clone(rewards)
			up[i] += h
			down[i] -= h
			if want := (loss(up) - loss(down)) / (2 * h); math.Abs(want-slopes[i]) > 1e-8 {
				t.Errorf("%s: slope %d is %v, want %v", name, i, slopes[i], want)
			}
		}
	}
}

// TestRewardMargins: the better reward is to be higher by the margin that the data
// gives, and by the recipe's share of the difference of scores.
func TestRewardMargins(t *testing.T) {
	c := &comparison{}
	c.Answers, c.Pairs, c.Weight = make([]preference.Sequence, 2), []pair{{Better: 1, Worse: 0, Margin: 0.5, Gap: 2}}, 1
	for share, margin := range map[float64]float64{0: 0.5, 0.25: 1} {
		var s rewardSums
		s.judge(&RewardModelSpec{Ranking: RankPairs, ScoreMargin: share}, &bundle{list: []*comparison{c}}, []float64{0.2, 1.4}, nil)
		if want := math.Log1p(math.Exp(-(1.2 - margin))); math.Abs(s.loss.value-want) > 1e-12 || s.accuracy.value != 1 || math.Abs(s.margin.value-1.2) > 1e-12 {
			t.Errorf("%v of the scores: %+v, want a loss of %v", share, s, want)
		}
	}
}

// TestRewardRanking: rankings are learned by either loss.
func TestRewardRanking(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it learns for some dozens of steps")
	}
	dir, file := smallModel(t, dense), rankedTastes(t, 80)
	for _, loss := range []string{RankPairs, RankPlackettLuce} {
		r := pairsRecipe(Reward, dir, false, file)
		r.Reward.Ranking, r.Steps = loss, 20
		_, records := runPairs(t, t.Context(), r, Options{})
		evals := evalsOf(records)
		if last := evals[len(evals)-1]; last["accuracy"] <= 0.9 {
			t.Errorf("%s: %v", loss, last)
		}
	}
}

// TestRewardResumes: a run that was interrupted leaves the bits of one that was not,
// with one thread or two.
func TestRewardResumes(t *testing.T) {
	r := pairsRecipe(Reward, smallModel(t, experts), false, tastes(t, 40))
	r.Steps = 8
	checkResume(t, r)
	l := pairsRecipe(Reward, r.Model, true, tastes(t, 40))
	l.Steps = 5
	checkResume(t, l)
}

// checkResume runs a recipe with one thread and with two, and with interruptions, and
// compares all that is left.
func checkResume(t *testing.T, r *Recipe) {
	t.Helper()
	defer par.SetThreads(par.Threads())
	whole := t.TempDir()
	par.SetThreads(1)
	result, _ := runPairs(t, t.Context(), r, Options{RunDir: whole})
	want := endOf(t, whole, result)
	par.SetThreads(2)
	dir := t.TempDir()
	for stop := 1; ; stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		count := 0
		result, _ := runPairs(t, ctx, r, Options{RunDir: dir, Resume: stop > 1, Observer: Observe(func(record Record) {
			if record.Kind == KindStep {
				if count++; count == 2 {
					cancel()
				}
			}
		})})
		cancel()
		if !result.Finished {
			continue
		}
		if stop < 3 {
			t.Errorf("it was finished by start %d", stop)
		}
		sameEnd(t, r.Method, want, endOf(t, dir, result))
		return
	}
}
