package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/align"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train"
)

// AlignOptions say what learns.
type AlignOptions struct {
	// Models are directories or GGUF files; without any, a mixture of experts of
	// random weights is made, whose tokenizer Texts train.
	Models []string
	Texts  [][]byte
}

// limitAlign leaves out attention's growth, sampling, the optimizer and what is read
// of a prompt.
const limitAlign = "the products of the tokens that pass through a model"

// Sizes of a step: bench/peers/align.py has the same.
const (
	alignAnswers = 32 // of all prompts together
	alignTokens  = 64 // of an answer
	alignGroup   = 8  // answers to a prompt, for grpo
	alignWords   = 24 // of a prompt
)

// Align measures whole steps of GRPO and PPO, and of them the rollout: answers of
// random or given models of which each is as long as it may be unless it ends itself.
func Align(ctx context.Context, o Options, a AlignOptions) error {
	dir, err := os.MkdirTemp("", "polymath-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	models := a.Models
	if len(models) == 0 {
		path := filepath.Join(dir, "model")
		if err := saveRandom(path, sparseShape(o.Quick), a.Texts); err != nil {
			return err
		}
		models = []string{path}
	}
	prompts := filepath.Join(dir, "prompts.jsonl")
	if err := writePrompts(prompts); err != nil {
		return err
	}
	for i, path := range models {
		for _, method := range []string{align.GRPO, align.PPO} {
			run := filepath.Join(dir, fmt.Sprintf("run-%s-%d", method, i))
			if err := alignSteps(ctx, o, alignRecipe(o, method, path, prompts), run); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	return nil
}

// saveRandom writes a model of random weights with a tokenizer.
func saveRandom(path string, cfg *model.Config, texts [][]byte) error {
	t, err := trainVocab(texts, cfg.VocabSize)
	if err != nil {
		return err
	}
	m, err := model.New(cfg, 1)
	if err != nil {
		return err
	}
	file := path + "-tokenizer.json"
	if err := t.Save(file); err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return m.Save(path, model.Provenance{}, map[string][]byte{"tokenizer.json": text})
}

// writePrompts writes one prompt for each answer of a step: words by a rule.
func writePrompts(path string) error {
	words := strings.Fields("river stone light paper garden window number letter morning winter bridge copper")
	var b strings.Builder
	for i := range alignAnswers {
		prompt := make([]string, alignWords)
		for j := range prompt {
			prompt[j] = words[(5*i+j*(j+1)/2)%len(words)]
		}
		line, err := json.Marshal(map[string]any{"messages": []map[string]string{{"role": "user", "content": strings.Join(prompt, " ")}}})
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	return os.WriteFile(path, []byte(b.String()), 0o666)
}

// alignRecipe rewards answers with an e among their first characters: about one in
// two, so that there is something to learn.
func alignRecipe(o Options, method, path, prompts string) *align.Recipe {
	r := align.DefaultRecipe(method, false)
	r.Name, r.Model, r.Steps = "benchmark", path, 1+3
	r.Rollout.Prompts, r.Rollout.HeldOut, r.Rollout.MaxTokens = train.Files{prompts}, 0, alignTokens
	r.Rewards = []align.RewardSpec{{Kind: align.RewardFormat, Weight: 1, Pattern: "^(?s:.{0,8})e"}}
	r.Rollout.Answers, r.Batch.Prompts = 1, alignAnswers
	if method == align.GRPO {
		r.Rollout.Answers, r.Batch.Prompts = alignGroup, alignAnswers/alignGroup
	}
	if o.Quick {
		r.Steps, r.Rollout.MaxTokens = 1+2, alignTokens/4
	}
	r.Eval.Every, r.Sample.Every, r.Checkpoint.Every = 0, 0, 0
	return r
}

func alignSteps(ctx context.Context, o Options, r *align.Recipe, dir string) error {
	cfg, err := model.ReadConfig(r.Model)
	if err != nil {
		return err
	}
	r.Batch.Sequence = min(r.Batch.Sequence, cfg.MaxPositions)
	watch := alignWatch{options: o, flops: cfg.FLOPs(alignTokens), critic: r.Method == align.PPO}
	run, err := align.New(ctx, r, align.Options{RunDir: dir, Observer: &watch, NoSave: true})
	if err != nil {
		return err
	}
	defer run.Close()
	watch.before = o.peak()
	if _, err := run.Run(ctx); err != nil {
		return err
	}
	if len(watch.steps) == 0 {
		return errors.Join(ctx.Err(), errors.New("no step was measured"))
	}
	total, active := cfg.Params()
	name := fmt.Sprintf("align %s %dM, %dM active", r.Method, total/1e6, active/1e6)
	o.emit(Result{Name: name + ", rollout", Unit: "tokens/s", LimitOf: limitAlign}, watch.rollouts, watch.rolloutLimits)
	o.emit(Result{Name: name + ", step", Unit: "steps/s", LimitOf: limitAlign, Detail: watch.detail()}, watch.steps, watch.stepLimits)
	return nil
}

// alignWatch measures the limit between steps and the steps themselves. The first
// step warms up.
type alignWatch struct {
	options                 Options
	flops                   float64 // of a token, forward and backward
	critic                  bool    // updates are of two models
	before                  float64
	steps, stepLimits       []float64
	rollouts, rolloutLimits []float64
	shares                  map[string][]float64
	answered, passed        []float64
	cpu                     []float64 // seconds of the processors, for a step
	cpuBefore               float64
}

// Observe implements align.Observer.
func (w *alignWatch) Observe(r align.Record) {
	if r.Kind != align.KindStep {
		return
	}
	used := cpuSeconds()
	peak := w.options.peak()
	if r.Step > 1 {
		w.step(r, (w.before+peak)/2)
		w.cpu = append(w.cpu, used-w.cpuBefore)
	}
	w.before, w.cpuBefore = peak, cpuSeconds()
}

func (w *alignWatch) step(r align.Record, peak float64) {
	if w.shares == nil {
		w.shares = map[string][]float64{}
	}
	needed, passed := 0.0, 0.0
	for name, phase := range r.Timing.Phases {
		cost := w.flops / 3 // forward alone
		if name == "update" {
			cost = w.flops
			if w.critic {
				cost *= 2
			}
		}
		needed += cost * float64(phase.Tokens)
		passed += float64(phase.Tokens)
		w.shares[name] = append(w.shares[name], phase.Seconds/r.Timing.Seconds)
	}
	rollout := r.Timing.Phases["rollout"]
	w.rollouts = append(w.rollouts, float64(rollout.Tokens)/rollout.Seconds)
	w.rolloutLimits = append(w.rolloutLimits, peak/(w.flops/3))
	w.steps = append(w.steps, 1/r.Timing.Seconds)
	w.stepLimits = append(w.stepLimits, peak/needed)
	w.answered = append(w.answered, float64(rollout.Tokens))
	w.passed = append(w.passed, passed)
}

func (w *alignWatch) detail() map[string]float64 {
	detail := map[string]float64{
		"seconds": 1 / median(w.steps), "seconds of the processors": median(w.cpu), "tokens answered": median(w.answered), "tokens through a model": median(w.passed),
	}
	for name, shares := range w.shares {
		detail[name+", share of time"] = median(shares)
	}
	return detail
}
