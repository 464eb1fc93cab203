package align

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/checkpoint"
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
		t.Skip("some dozens of steps")
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
					if last["accuracy"] <= 0.9 || last["margin"] <= 0 || last["loss"] >= first["loss"] || last["accuracy/low"] <= 0.5 {
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

// TestDPOReference: what the reference says is measured once, kept, gone on with and
// refused where it is damaged.
func TestDPOReference(t *testing.T) {
	r := pairsRecipe(DPO, smallModel(t, dense), false, tastes(t, 40))
	r.Steps = 1
	dir := t.TempDir()
	runPairs(t, t.Context(), r, Options{RunDir: dir})
	path := filepath.Join(dir, referenceFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f referred
	if err := checkpoint.StrictJSON(whole, &f); err != nil || len(f.LogProbs) != 40 {
		t.Fatalf("%d comparisons, %v", len(f.LogProbs), err)
	}
	refer := func() error {
		run, err := New(t.Context(), r, Options{RunDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer run.Close()
		return run.method.(*dpo).refer(t.Context(), run)
	}
	for _, n := range []int{0, 1, 17, 40} { // as an interruption leaves it
		part := referred{Version: f.Version, Source: f.Source, LogProbs: f.LogProbs[:n]}
		if err := part.save(path, false); err != nil {
			t.Fatal(err)
		}
		if err := refer(); err != nil {
			t.Fatal(err)
		}
		if again, err := os.ReadFile(path); err != nil || string(again) != string(whole) {
			t.Errorf("after %d comparisons the file is another, %v", n, err)
		}
	}
	for name, text := range map[string]string{
		"a digit": strings.Replace(string(whole), `"logprobs": [`, `"logprobs": [[1],`, 1),
		"cut":     string(whole[:len(whole)/2]),
		"sum":     strings.Replace(string(whole), f.SHA256, strings.Repeat("0", 64), 1),
	} {
		if text == string(whole) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := refer(); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "remove it") {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := f
	other.Source = "of another reference"
	other.LogProbs = [][]float64{{1}}
	if err := other.save(path, false); err != nil {
		t.Fatal(err)
	}
	if err := refer(); err != nil {
		t.Error(err)
	}
	if again, err := os.ReadFile(path); err != nil || string(again) != string(whole) {
		t.Errorf("that of another reference was used, %v", err)
	}
}

// TestDPOReferenceFaults: a disk that fails leaves what was there or what was to be.
func TestDPOReferenceFaults(t *testing.T) {
	all := make([]*comparison, 2)
	for i := range all {
		all[i] = &comparison{}
		all[i].Answers = make([]preference.Sequence, 2)
	}
	before := referred{Version: referenceVersion, Source: "x", LogProbs: [][]float64{{-1, -2}}}
	after := referred{Version: referenceVersion, Source: "x", LogProbs: [][]float64{{-1, -2}, {-3, -0.1}}}
	path := filepath.Join(t.TempDir(), referenceFile)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if err := after.save(path, false); err != nil {
		t.Fatal(err)
	}
	for op := range disk.Ops() {
		disk.Reset()
		if err := before.save(path, false); err != nil {
			t.Fatal(err)
		}
		disk.FailOp(op, syscall.ENOSPC)
		saved := after.save(path, false)
		disk.Reset()
		found := referred{Version: referenceVersion, Source: "x"}
		if err := found.read(path, all); err != nil || len(found.LogProbs) < 1 || saved == nil && len(found.LogProbs) < 2 {
			t.Errorf("operation %d: %v, %v after %v", op, found, err, saved)
		}
	}
}

// TestDPOInterrupted: a run that ends while the reference is measured goes on.
func TestDPOInterrupted(t *testing.T) {
	r := pairsRecipe(DPO, smallModel(t, dense), false, tastes(t, 40))
	r.Steps = 2
	whole := t.TempDir()
	result, _ := runPairs(t, t.Context(), r, Options{RunDir: whole})
	dir := t.TempDir()
	run, err := New(t.Context(), r, Options{RunDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if early, err := run.Run(ctx); err != nil || early.Finished {
		t.Errorf("%+v, %v", early, err)
	}
	if err := run.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, referenceFile)); err != nil {
		t.Errorf("what was measured is gone: %v", err)
	}
	later, _ := runPairs(t, t.Context(), r, Options{RunDir: dir, Resume: true})
	sameEnd(t, "interrupted", endOf(t, whole, result), endOf(t, dir, later))
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

// TestDPORefusals: a reference with another tokenizer, and one that is damaged.
func TestDPORefusals(t *testing.T) {
	r := pairsRecipe(DPO, smallModel(t, dense), false, tastes(t, 20))
	r.Reference = smallModel(t, dense)
	path := filepath.Join(r.Reference, "tokenizer.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.Reference, "manifest.json")); err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), "<|im_start|>", "<|on_start|>", -1)
	if err := os.WriteFile(path, []byte(other), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := New(t.Context(), r, Options{}); err == nil || !strings.Contains(err.Error(), "another tokenizer") {
		t.Error(err)
	}
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := model.Load(r.Reference, true)
	if err != nil {
		t.Fatal(err)
	}
	last := m.Trained()[len(m.Trained())-1]
	last.Master[0] = float32(math.NaN())
	if err := m.Save(r.Reference, model.Provenance{}, map[string][]byte{"tokenizer.json": text}); err != nil {
		t.Fatal(err)
	}
	run, err := New(t.Context(), r, Options{RunDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if _, err := run.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "reference") && !errors.Is(err, model.ErrNonFinite) {
		t.Error(err)
	}
}
