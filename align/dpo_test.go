package align

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/model"
)

// TestDPOFirst: before anything is learned the policy is the reference to the bit, so
// the loss is that of a difference of 0: log 2, or 1/(2 beta) squared.
func TestDPOFirst(t *testing.T) {
	for _, kind := range []string{dense, experts} {
		dir := smallModel(t, kind)
		for _, lora := range []bool{false, true} {
			for _, loss := range []string{Sigmoid, IPO} {
				for _, smoothing := range []float64{0, 0.1} {
					if loss == IPO && smoothing > 0 {
						continue
					}
					r := pairsRecipe(DPO, dir, lora, tastes(t, 40))
					r.Steps, r.DPO.Loss, r.DPO.LabelSmoothing = 1, loss, smoothing
					_, records := runPairs(t, t.Context(), r, Options{})
					want := math.Ln2
					if loss == IPO {
						want = math.Pow(1/(2*r.DPO.Beta), 2)
					}
					for _, m := range []Measures{evalsOf(records)[0], stepsOf(records)[0]} {
						exact := m["loss"] == want
						if smoothing > 0 { // 0.9 log 2 + 0.1 log 2
							exact = math.Abs(m["loss"]-want) < 1e-15
						}
						if !exact || m["margin"] != 0 || m["accuracy"] != 0.5 || m["reward/chosen"] != 0 || m["logprob/chosen"] >= 0 {
							t.Errorf("%s, lora %v, %s: %v", kind, lora, loss, m)
						}
					}
				}
			}
		}
	}
}

// TestDPOLearns: the policy learns to tell the answers apart, on prompts that are
// held out too.
func TestDPOLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it learns for some dozens of steps")
	}
	for _, kind := range []string{dense, experts} {
		dir := smallModel(t, kind)
		for _, lora := range []bool{false, true} {
			for _, loss := range []string{Sigmoid, IPO} {
				t.Run(fmt.Sprintf("%s lora=%v %s", kind, lora, loss), func(t *testing.T) {
					r := pairsRecipe(DPO, dir, lora, tastes(t, 120))
					r.Steps, r.DPO.Loss = 15, loss
					_, records := runPairs(t, t.Context(), r, Options{})
					evals := evalsOf(records)
					first, last := evals[0], evals[len(evals)-1]
					if last["accuracy"] <= 0.9 || last["margin"] <= 0 || last["loss"] >= first["loss"] || last["accuracy_low"] <= 0.5 {
						t.Errorf("before %v, after %v", first, last)
					}
					if _, routed := stepsOf(records)[0]["balance_loss"]; routed != (kind == experts) {
						t.Errorf("the routers' losses: %v", stepsOf(records)[0])
					}
				})
			}
		}
	}
}

// TestDPOGradient: the gradient of a step is that of cross-entropy with the weights
// that the paper's equation 7 gives, to the bit where one microbatch holds the step.
func TestDPOGradient(t *testing.T) {
	for _, kind := range []string{dense, experts} {
		r := pairsRecipe(DPO, smallModel(t, kind), false, tastes(t, 40), writeText(t, "turns.jsonl",
			`{"prompt": "x", "chosen": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}, {"role": "assistant", "content": "c"}], "rejected": "d"}`))
		r.Reference = otherWeights(t, r.Model) // so that the slopes differ
		r.Preferences.HeldOut, r.Batch.Rows, r.Batch.Pairs = 0, 32, 16
		run, _ := planned(t, r)
		d := run.method.(*dpo)
		if err := d.load(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		packed := bundles(d.pick(1, 16), run.tokens())
		if len(packed) != 1 {
			t.Fatalf("%d microbatches", len(packed))
		}
		b := &packed[0]
		weights := equation7(t, d, b, r.DPO.Beta)
		d.policy.ZeroGrad()
		for i := range weights {
			weights[i] *= float32(b.counted) / 16
		}
		// With this scale the auxiliary losses count once, as in a step.
		if _, err := d.policy.LossBackward(d.learner.ws, &b.batch, b.targets, weights, 1/float32(b.counted)); err != nil {
			t.Fatal(err)
		}
		var want [][]float32
		for _, p := range d.policy.Trained() {
			want = append(want, slices.Clone(p.Grad))
		}
		d.policy.ZeroGrad()
		m := Measures{}
		if _, err := d.gradient(t.Context(), run, 1, m); err != nil {
			t.Fatal(err)
		}
		differ, all := 0.0, 0.0
		for k, p := range d.policy.Trained() {
			for i, got := range p.Grad {
				differ += math.Pow(float64(got-want[k][i]), 2)
				all += math.Pow(float64(got), 2)
			}
		}
		// Slopes differ in their last bit, and now and then that is one of bf16.
		if relative := math.Sqrt(differ / all); !(relative < 1e-4) {
			t.Errorf("%s: the gradients differ by %v of their norm %v", kind, relative, math.Sqrt(all))
		}
		if m["loss"] == math.Ln2 {
			t.Error("another reference says the same")
		}
	}
}

// otherWeights writes a model of the same shape and tokenizer.
func otherWeights(t *testing.T, path string) string {
	t.Helper()
	m, err := model.Load(path, true)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for k, p := range m.Trained() {
		for i := range p.Master {
			p.Master[i] += float32((i*7+k)%11-5) * 0.01
		}
	}
	text, err := os.ReadFile(filepath.Join(path, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.Save(dir, model.Provenance{}, map[string][]byte{"tokenizer.json": text}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// equation7 gives each learned token the weight that its cross-entropy has in the
// gradient of the loss, in float64 by the paper's formula:
//
//	beta * sigmoid(-beta * ((pc - rc) - (pr - rr)))
//
// for the tokens of the better answer, and its negative for those of the worse.
func equation7(t *testing.T, d *dpo, b *bundle, beta float64) []float32 {
	t.Helper()
	if _, err := d.learner.forward(&b.pack); err != nil {
		t.Fatal(err)
	}
	rows := make([]float32, len(b.targets))
	d.policy.LogProbs(d.learner.ws, b.targets, rows)
	sum := func(k int) (total float64) {
		span := b.batch.Spans[k]
		for _, v := range rows[span.Start:][:span.Len] {
			total += float64(v)
		}
		return total
	}
	weights := make([]float32, len(b.targets))
	for i, c := range b.list {
		p := c.Pairs[0]
		z := beta * ((sum(2*i+p.Better) - c.reference[p.Better]) - (sum(2*i+p.Worse) - c.reference[p.Worse]))
		for k, sign := range map[int]float64{2*i + p.Better: 1, 2*i + p.Worse: -1} {
			span := b.batch.Spans[k]
			for t := range span.Len {
				weights[span.Start+t] = float32(sign * beta / (1 + math.Exp(z)))
			}
		}
	}
	return weights
}

// TestDPOSlopes: the slopes of a comparison of three answers are its loss's
// differences.
func TestDPOSlopes(t *testing.T) {
	c := &comparison{reference: []float64{-3, -5, -4}}
	c.Answers = append(c.Answers, make([]preference.Sequence, 3)...)
	c.Pairs, c.Weight = []pair{{Better: 0, Worse: 1}, {Better: 0, Worse: 2}, {Better: 2, Worse: 1}}, 1
	for _, o := range []DPOSpec{{Loss: Sigmoid, Beta: 0.3, LabelSmoothing: 0.1}, {Loss: IPO, Beta: 0.3}} {
		judge := func(now []float64) (float64, []float64) {
			var s dpoSums
			slopes := s.judge(&o, &bundle{list: []*comparison{c}}, now, nil)
			return s.loss.value, slopes
		}
		now := []float64{-2.5, -6, -3}
		_, slopes := judge(now)
		for i := range now {
			const h = 1e-5
			up, down := slices.Clone(now), slices.Clone(now)
			up[i] += h
			down[i] -= h
			more, _ := judge(up)
			less, _ := judge(down)
			if want := (more - less) / (2 * h); math.Abs(want-slopes[i]) > 1e-7 {
				t.Errorf("%s: slope %d is %v, want %v", o.Loss, i, slopes[i], want)
			}
		}
	}
}

// TestDPOResumes: see TestRewardResumes.
func TestDPOResumes(t *testing.T) {
	r := pairsRecipe(DPO, smallModel(t, experts), false, tastes(t, 40))
	r.Steps = 8
	checkResume(t, r)
	l := pairsRecipe(DPO, r.Model, true, tastes(t, 40))
	l.Steps, l.DPO.Loss = 5, IPO
	checkResume(t, l)
}
