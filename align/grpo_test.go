package align

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/train"
)

// lettersRun is a recipe of seconds that teaches a model the task of letters.
func lettersRun(t testing.TB, dir string, lora bool) *Recipe {
	t.Helper()
	r := DefaultRecipe(GRPO, lora)
	r.Name, r.Seed, r.Model, r.Steps = "letters", 11, dir, 6
	r.Rollout.Tasks, r.Rollout.MaxTokens, r.Rollout.HeldOut = []string{letters(t, "letters", 40)}, 6, 0.2
	r.Rewards = []RewardSpec{{Kind: RewardTask, Weight: 1}}
	r.GRPO.KLCoef = 0.01
	r.Batch = BatchSpec{Prompts: 8, Rows: 4, Sequence: 128}
	r.Optimizer.LR = 5e-3
	r.Schedule = train.ScheduleSpec{Kind: train.Constant}
	r.Eval, r.Sample, r.Checkpoint = EvalSpec{Every: 3}, SampleSpec{Every: 2, Answers: 2}, train.CheckpointSpec{Every: 2, Keep: 2}
	if lora {
		r.Lora.Rank, r.Lora.Alpha = 8, 32
		r.Optimizer.LR = 1e-2
	}
	return r
}

func runGRPO(t testing.TB, ctx context.Context, r *Recipe, o Options) (Result, []Record) {
	t.Helper()
	if o.RunDir == "" {
		o.RunDir = t.TempDir()
	}
	run, err := New(ctx, r, o)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	result, err := run.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	records, err := ReadMetrics(o.RunDir)
	if err != nil {
		t.Fatal(err)
	}
	return result, records
}

// stepsOf are the measures of the steps, and evalsOf those of what is held out.
func stepsOf(records []Record) (list []Measures) { return ofKind(records, KindStep) }
func evalsOf(records []Record) (list []Measures) { return ofKind(records, KindEval) }

func ofKind(records []Record, kind string) (list []Measures) {
	for _, r := range records {
		if r.Kind == kind {
			list = append(list, r.Values)
		}
	}
	return list
}

// TestGRPOLearns: the reward goes up, on what is held out too; at every step the
// log-probabilities of the rollouts are those of training.
func TestGRPOLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it learns for some dozens of steps")
	}
	for _, kind := range []string{dense, experts} {
		dir := smallModel(t, kind)
		for _, lora := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s lora=%v", kind, lora), func(t *testing.T) {
				r := lettersRun(t, dir, lora)
				r.Steps, r.Eval.Every, r.Checkpoint.Every, r.Batch.Prompts = 50, 0, 0, 16
				_, records := runGRPO(t, t.Context(), r, Options{})
				steps := stepsOf(records)
				if len(steps) != r.Steps {
					t.Fatalf("%d steps", len(steps))
				}
				for n, m := range steps {
					if d, ok := m["logprob_difference"]; !ok || d != 0 {
						t.Errorf("step %d: log-probabilities differ by %v", n+1, d)
					}
					for _, name := range []string{"reward", "reward/task", "accuracy", "kl", "entropy", "clip_fraction", "answer_length", "ended", "groups_without_spread", "loss"} {
						if v, ok := m[name]; !ok || !finite(v) {
							t.Errorf("step %d: %s is %v", n+1, name, v)
						}
					}
					if kind == experts && !(m["balance_loss"] > 0) {
						t.Errorf("step %d: balance loss %v", n+1, m["balance_loss"])
					}
				}
				first, last := averageOf(steps[:5], "reward"), averageOf(steps[45:], "reward")
				t.Logf("reward %.3f to %.3f, entropy %.2f to %.2f, KL %.3f", first, last, steps[0]["entropy"], steps[49]["entropy"], steps[49]["kl"])
				if !(last > first+0.3) {
					t.Errorf("the reward went from %.3f to %.3f", first, last)
				}
				e := evalsOf(records)
				if v := e[len(e)-1]; !(v["accuracy_low"] <= v["accuracy"] && v["accuracy"] <= v["accuracy_high"] && v["accuracy"] > 0.5) {
					t.Errorf("held out: %v", v)
				}
			})
		}
	}
}

func averageOf(list []Measures, name string) float64 {
	sum := 0.0
	for _, m := range list {
		sum += m[name]
	}
	return sum / float64(len(list))
}

// variants are recipes that go through all of a step's ways.
var variants = map[string]func(r *Recipe){
	"plain": func(*Recipe) {},
	"several updates": func(r *Recipe) {
		r.GRPO.Epochs, r.GRPO.Minibatches, r.GRPO.EntropyCoef = 2, 3, 0.01
	},
	"DAPO": func(r *Recipe) {
		r.GRPO.KLCoef, r.GRPO.DynamicSampling, r.GRPO.ClipRangeHigh, r.GRPO.Mean = 0, 3, 0.28, MeanToken
		r.Rewards = append(r.Rewards, RewardSpec{Kind: RewardLength, Weight: 0.1, From: 3}, RewardSpec{Kind: RewardFormat, Ended: true})
	},
	"Dr. GRPO":     func(r *Recipe) { r.GRPO.ScaleRewards, r.GRPO.Mean, r.Rollout.Temperature = ScaleNone, MeanLength, 0.9 },
	"by the batch": func(r *Recipe) { r.GRPO.ScaleRewards, r.GRPO.DynamicSampling = ScaleBatch, 2 },
}

// TestGRPOResumes: a run that was stopped at any step ends as one that was not: its
// weights and all that it measured.
func TestGRPOResumes(t *testing.T) {
	dir := smallModel(t, experts)
	for name, change := range variants {
		t.Run(name, func(t *testing.T) {
			r := lettersRun(t, dir, name == "DAPO")
			change(r)
			whole := t.TempDir()
			want, records := runGRPO(t, t.Context(), r, Options{RunDir: whole})
			for n, m := range stepsOf(records) {
				if d, ok := m["logprob_difference"]; ok && d != 0 {
					t.Errorf("step %d: log-probabilities differ by %v", n+1, d)
				}
			}
			stopped := t.TempDir()
			for _, at := range []int{1, 3} {
				ctx, cancel := context.WithCancel(t.Context())
				result, _ := runGRPO(t, ctx, r, Options{RunDir: stopped, Resume: true, Observer: Observe(func(record Record) {
					if record.Kind == KindStep && record.Step == at {
						cancel()
					}
				})})
				cancel()
				if result.Finished {
					t.Fatalf("the run was not stopped at step %d", at)
				}
			}
			got, again := runGRPO(t, t.Context(), r, Options{RunDir: stopped, Resume: true})
			sameRecords(t, records, again)
			sameFiles(t, want.ModelDir, got.ModelDir)
		})
	}
}

// TestGRPOThreads: the weights do not hang on the number of threads.
func TestGRPOThreads(t *testing.T) {
	r := lettersRun(t, smallModel(t, experts), false)
	r.Steps = 2
	variants["several updates"](r)
	threads := par.Threads()
	defer par.SetThreads(threads)
	par.SetThreads(1)
	want, records := runGRPO(t, t.Context(), r, Options{})
	par.SetThreads(3)
	got, again := runGRPO(t, t.Context(), r, Options{})
	sameRecords(t, records, again)
	sameFiles(t, want.ModelDir, got.ModelDir)
}

func sameRecords(t *testing.T, want, got []Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records and not %d", len(got), len(want))
	}
	for i := range want {
		a, b := want[i], got[i]
		a.Timing, b.Timing = nil, nil
		if !reflect.DeepEqual(a, b) {
			t.Errorf("record %d is\n%+v and not\n%+v", i, b, a)
		}
	}
}

func sameFiles(t *testing.T, a, b string) {
	t.Helper()
	entries, err := os.ReadDir(a)
	if err != nil {
		t.Fatal(err)
	}
	weights := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".safetensors") {
			continue
		}
		weights++
		x, errX := os.ReadFile(filepath.Join(a, e.Name()))
		y, errY := os.ReadFile(filepath.Join(b, e.Name()))
		if errX != nil || errY != nil || !bytes.Equal(x, y) {
			t.Errorf("%s differs (%v, %v)", e.Name(), errX, errY)
		}
	}
	if weights == 0 {
		t.Errorf("%s has no weights", a)
	}
}

// TestGroupLossSlopes: the slopes are the derivatives of the loss, by differences.
func TestGroupLossSlopes(t *testing.T) {
	list := []sequence{{tokens: make([]int32, 6), prompt: 2}, {tokens: make([]int32, 4), prompt: 3}}
	lesson := &groupLesson{
		sequences: list, advantages: []float64{0.7, -1.3},
		old: table{{-1, -2, -0.5, -3}, {-0.1}}, ref: table{{-1.5, -1.2, -0.6, -2}, {-0.4}},
	}
	now := table{{-0.95, -2.4, -0.2, -3.001}, {-0.15}}
	for name, change := range variants {
		r := DefaultRecipe(GRPO, false)
		change(r)
		r.GRPO.KLCoef = 0.3
		b, err := newMinibatch(lesson, r)
		if err != nil {
			t.Fatal(err)
		}
		p := &b.packs[0]
		lossAt := func() float64 { return b.loss(p, &r.GRPO, true).loss }
		for i := range now {
			copy(b.now[i], now[i])
			for k := range b.entropy[i] {
				b.entropy[i][k] = 1
			}
		}
		lossAt()
		slopes := newTable(list)
		for i := range slopes {
			copy(slopes[i], b.dLogP[i])
		}
		const step = 1.0 / 1024
		for i := range now {
			for k, v := range now[i] {
				b.now[i][k] = v + step
				up := lossAt()
				b.now[i][k] = v - step
				down := lossAt()
				b.now[i][k] = v
				if d := (up - down) / (2 * step); math.Abs(d-float64(slopes[i][k])) > 1e-4 {
					t.Errorf("%s: slope %d of answer %d is %v, and the loss goes by %v", name, k, i, slopes[i][k], d)
				}
				if b.dH == nil {
					continue
				}
				b.entropy[i][k] = 2
				if d := lossAt() - (up+down)/2; math.Abs(d-float64(b.dH[i][k])) > 1e-4 {
					t.Errorf("%s: slope %d of answer %d by the entropy is %v, and the loss goes by %v", name, k, i, b.dH[i][k], d)
				}
				b.entropy[i][k] = 1
			}
		}
	}
}

// TestDynamicSampling: where no group has spread, further prompts are asked and
// nothing is learned; the next step goes on behind them.
func TestDynamicSampling(t *testing.T) {
	r := lettersRun(t, smallModel(t, dense), false)
	r.Steps, r.GRPO.DynamicSampling = 2, 3
	r.Rewards = []RewardSpec{{Kind: RewardFormat, Name: "always", Weight: 1, Pattern: "^"}, {Kind: RewardTask}}
	result, records := runGRPO(t, t.Context(), r, Options{})
	for _, m := range stepsOf(records) {
		if m["groups_without_spread"] != 24 {
			t.Errorf("measures %v", m)
		}
		if _, ok := m["loss"]; ok {
			t.Error("there is a loss of nothing")
		}
	}
	state, err := os.ReadFile(filepath.Join(result.Checkpoint, "training", "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(state, []byte(`"place":48`)) && !bytes.Contains(state, []byte(`"place": 48`)) {
		t.Errorf("state %s", state)
	}
	r.Rewards[0], r.Rewards[1].Weight = RewardSpec{Kind: RewardTask, Weight: 1}, 0
	r.Rewards = r.Rewards[:1]
	_, records = runGRPO(t, t.Context(), r, Options{})
	for _, m := range stepsOf(records) {
		if _, ok := m["loss"]; !ok || m["logprob_difference"] != 0 {
			t.Errorf("measures %v", m)
		}
	}
}

// TestEvaluateSamples: votes and the best of several answers stand beside the one
// without chance, each with its interval, and tasks of eval.tasks by their names.
func TestEvaluateSamples(t *testing.T) {
	r := lettersRun(t, smallModel(t, dense), false)
	r.Steps, r.Sample = 1, SampleSpec{Every: 1, Answers: 3}
	r.Eval = EvalSpec{Samples: 5, Items: 6, Tasks: []string{letters(t, "others", 9)}}
	_, records := runGRPO(t, t.Context(), r, Options{})
	m := evalsOf(records)[0]
	for _, prefix := range []string{"", "others/"} {
		for _, name := range []string{"accuracy", "majority", "best_of"} {
			v, ok := m[prefix+name]
			if low, high := m[prefix+name+"_low"], m[prefix+name+"_high"]; !ok || !(low <= v && v <= high && low < high) {
				t.Errorf("%s%s is %v, %v to %v", prefix, name, v, low, high)
			}
		}
		if m[prefix+"best_of"] < m[prefix+"samples_accuracy"] {
			t.Errorf("the best of several is right less often than one: %v", m)
		}
	}
	shown := map[string]bool{}
	for _, record := range records {
		if record.Kind == KindSample {
			shown[record.Sample.Prompt] = true
			if v, ok := record.Sample.Values["reward/task"]; !ok || v != record.Sample.Values["accuracy"] {
				t.Errorf("sample %+v", record.Sample)
			}
		}
	}
	if len(shown) != 3 {
		t.Errorf("answers to %d prompts are shown: %v", len(shown), shown)
	}
	if _, again := runGRPO(t, t.Context(), r, Options{}); !reflect.DeepEqual(evalsOf(again)[0], m) {
		t.Error("another run measured something else")
	}
}
