package align

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/scalar"
	"github.com/polymath-lm/polymath/internal/par"
)

// lettersPPO is a recipe of seconds that teaches a model the task of letters.
func lettersPPO(t testing.TB, dir string, lora bool) *Recipe {
	t.Helper()
	r := lettersRun(t, dir, lora)
	of := DefaultRecipe(PPO, lora)
	r.Method, r.GRPO, r.PPO = PPO, GRPOSpec{}, of.PPO
	r.Rollout.Answers, r.Batch.Prompts = 2, 32
	r.PPO.Epochs, r.PPO.KLCoef, r.PPO.ValueCoef = 2, 0.002, 1
	r.Optimizer.LR *= 0.3
	return r
}

// TestPPOLearns: the reward goes up, on what is held out too; at every step the
// log-probabilities of the rollouts are those of training.
func TestPPOLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it learns for some dozens of steps")
	}
	for _, kind := range []string{dense, experts} {
		dir := smallModel(t, kind)
		for _, lora := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s lora=%v", kind, lora), func(t *testing.T) {
				r := lettersPPO(t, dir, lora)
				r.Steps, r.Eval.Every, r.Checkpoint.Every = 30, 0, 0
				_, records := runGRPO(t, t.Context(), r, Options{})
				steps := stepsOf(records)
				if len(steps) != r.Steps {
					t.Fatalf("%d steps", len(steps))
				}
				for n, m := range steps {
					if d, ok := m["logprob_difference"]; !ok || d != 0 {
						t.Errorf("step %d: log-probabilities differ by %v", n+1, d)
					}
					for _, name := range []string{
						"reward", "reward/task", "accuracy", "kl", "kl_coef", "policy_kl", "entropy", "policy_loss", "value_loss", "clip_fraction",
						"value_clip_fraction", "value", "return", "answer_length", "ended", "updates", "grad_norm/policy", "grad_norm/critic",
					} {
						if v, ok := m[name]; !ok || !finite(v) {
							t.Errorf("step %d: %s is %v", n+1, name, v)
						}
					}
					if m["updates"] != 2 || m["kl_coef"] != 0.002 {
						t.Errorf("step %d: %v updates, coefficient %v", n+1, m["updates"], m["kl_coef"])
					}
					if kind == experts && !(m["balance_loss"] > 0) {
						t.Errorf("step %d: balance loss %v", n+1, m["balance_loss"])
					}
				}
				first, last := averageOf(steps[:5], "reward"), averageOf(steps[25:], "reward")
				t.Logf("reward %.3f to %.3f, entropy %.2f to %.2f, KL %.3f, explained variance %.2f", first, last,
					steps[0]["entropy"], steps[29]["entropy"], steps[29]["kl"], averageOf(steps[20:], "explained_variance"))
				if !(last > first+0.3) {
					t.Errorf("the reward went from %.3f to %.3f", first, last)
				}
				e := evalsOf(records)
				if v := e[len(e)-1]; !(v["accuracy"] > 0.5) {
					t.Errorf("held out: %v", v)
				}
			})
		}
	}
}

// ppoVariants are recipes that go through all of a step's ways.
var ppoVariants = map[string]func(t *testing.T, r *Recipe){
	"plain": func(*testing.T, *Recipe) {},
	"several updates": func(_ *testing.T, r *Recipe) {
		r.PPO.Epochs, r.PPO.Minibatches, r.PPO.EntropyCoef, r.PPO.MissingEnd = 2, 3, 0.01, 0.1
		r.PPO.ScaleRewards, r.PPO.WhitenRewards, r.PPO.WhitenAdvantages = true, true, false
	},
	"adapter": func(_ *testing.T, r *Recipe) {
		r.PPO.KLTarget, r.PPO.KLHorizon, r.PPO.TargetKL, r.PPO.KLEstimator = 0.5, 100, 1e-3, K3
	},
	"reward model": func(t *testing.T, r *Recipe) {
		r.Rewards = []RewardSpec{{Kind: RewardModel, Weight: 1, Model: rewardModel(t, r.Model, ownTokenizer(t, r.Model))}, {Kind: RewardTask}}
		r.PPO.KLCoef, r.PPO.CriticLR, r.Rollout.Temperature = 0, 1e-3, 0.9
	},
}

// TestPPOResumes: a run that was stopped at any step ends as one that was not: its
// weights and all that it measured.
func TestPPOResumes(t *testing.T) {
	dir := smallModel(t, experts)
	for name, change := range ppoVariants {
		t.Run(name, func(t *testing.T) {
			r := lettersPPO(t, dir, name == "adapter")
			change(t, r)
			r.Rollout.Answers = 1
			want, records := runGRPO(t, t.Context(), r, Options{})
			for n, m := range stepsOf(records) {
				if d, ok := m["logprob_difference"]; !ok || d != 0 {
					t.Errorf("step %d: log-probabilities differ by %v", n+1, d)
				}
				if _, ok := m["kl"]; ok != (r.PPO.KLCoef > 0) {
					t.Errorf("step %d: the divergence is there: %v", n+1, ok)
				}
				if _, ok := m["alarm"]; ok != (name == "reward model") {
					t.Errorf("step %d: there is an alarm: %v", n+1, ok)
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
			for _, part := range []string{"critic", "training"} {
				sameFiles(t, filepath.Join(want.Checkpoint, part), filepath.Join(got.Checkpoint, part))
			}
			state, err := os.ReadFile(filepath.Join(got.Checkpoint, "training", "state.json"))
			if answers := fmt.Sprintf(`"count":%d,`, r.Steps*r.Batch.Prompts); err != nil || !strings.Contains(strings.ReplaceAll(string(state), " ", ""), answers) {
				t.Errorf("the state does not have all answers' rewards, %s: %s (%v)", answers, state, err)
			}
			c, err := scalar.Load(filepath.Join(got.Checkpoint, "critic"), false)
			if err != nil {
				t.Fatal(err)
			}
			c.Decoder().Close()
		})
	}
}

// TestPPOThreads: the weights do not hang on the number of threads.
func TestPPOThreads(t *testing.T) {
	r := lettersPPO(t, smallModel(t, experts), false)
	r.Steps = 2
	ppoVariants["several updates"](t, r)
	threads := par.Threads()
	defer par.SetThreads(threads)
	par.SetThreads(1)
	want, records := runGRPO(t, t.Context(), r, Options{})
	par.SetThreads(3)
	got, again := runGRPO(t, t.Context(), r, Options{})
	sameRecords(t, records, again)
	sameFiles(t, want.ModelDir, got.ModelDir)
	sameFiles(t, filepath.Join(want.Checkpoint, "critic"), filepath.Join(got.Checkpoint, "critic"))
}

// TestPPOStopsEarly: with a bound that the first update breaks, two epochs are one.
func TestPPOStopsEarly(t *testing.T) {
	r := lettersPPO(t, smallModel(t, dense), false)
	r.Steps, r.PPO.Epochs, r.PPO.TargetKL = 3, 1, 1e-9
	want, _ := runGRPO(t, t.Context(), r, Options{})
	r.PPO.Epochs = 5
	got, records := runGRPO(t, t.Context(), r, Options{})
	for n, m := range stepsOf(records) {
		if m["updates"] != 1 || !(m["policy_kl"] > 1e-9) {
			t.Errorf("step %d: %v updates, then a divergence of %v", n+1, m["updates"], m["policy_kl"])
		}
	}
	sameFiles(t, want.ModelDir, got.ModelDir)
	sameFiles(t, filepath.Join(want.Checkpoint, "critic"), filepath.Join(got.Checkpoint, "critic"))
}

// TestPPOFollowsTheTarget: the price of the divergence goes as Ziegler et al. say.
func TestPPOFollowsTheTarget(t *testing.T) {
	r := lettersPPO(t, smallModel(t, dense), false)
	r.PPO.KLCoef, r.PPO.KLTarget, r.PPO.KLHorizon = 0.1, 0.5, 640
	_, records := runGRPO(t, t.Context(), r, Options{})
	coef := 0.1
	for n, m := range stepsOf(records) {
		if math.Abs(m["kl_coef"]-coef) > 1e-12 {
			t.Errorf("step %d: the coefficient is %v, want %v", n+1, m["kl_coef"], coef)
		}
		coef = m["kl_coef"] * (1 + min(max(m["kl"]/0.5-1, -0.2), 0.2)*64/640)
	}
	if coef == 0.1 {
		t.Error("the coefficient stays")
	}
}

// TestPPOCriticIsRefused: critics that cannot be are named by key.
func TestPPOCriticIsRefused(t *testing.T) {
	dir := smallModel(t, dense)
	other := rewardModel(t, dir, map[string][]byte{"tokenizer.json": smallTokenizer(t, "quite another text, of other words")})
	for name, change := range map[string]func(r *Recipe){
		"another tokenizer": func(r *Recipe) { r.PPO.Critic = other },
		"is not there":      func(r *Recipe) { r.PPO.Critic = filepath.Join(dir, "nothing") },
		"stays so":          func(r *Recipe) { r.PPO.KLCoef, r.PPO.KLTarget = 0, 1 },
	} {
		r := lettersPPO(t, dir, false)
		change(r)
		run, err := New(t.Context(), r, Options{RunDir: t.TempDir()})
		if err == nil {
			run.Close()
			t.Errorf("%s: no error", name)
		} else if name != "is not there" && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
