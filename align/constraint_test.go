package align

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/objective"
)

func number(v float64) *float64 { return &v }

// TestConstraint: the multiplier is the weight, rises while the measure is on the wrong
// side of the bound and falls on the right one, and a step without the measure leaves it.
func TestConstraint(t *testing.T) {
	list := rewards{
		{name: "task", weight: 1},
		{name: "safety", constraint: &ConstraintSpec{Measure: "share/bad", AtMost: number(0.25), Rate: 2, Start: 1, Max: 2}},
		{name: "right", constraint: &ConstraintSpec{AtLeast: number(0.5), Rate: 1, Start: 0, Max: 1}},
	}
	a := &actor{rewards: list}
	a.keep(keeping{Multipliers: list.multipliers()})
	for n, step := range []struct {
		bad, right         float64 // NaN: not measured
		used, after, other float64
	}{
		{0.75, 0.5, 1, 2, 0},
		{0.75, 0.25, 2, 2, 0.25}, // no further than the most
		{math.NaN(), 1, 2, 2, 0}, // not below 0
		{0, math.NaN(), 2, 1.5, 0},
	} {
		m := Measures{}
		if step.bad == step.bad {
			m["share/bad"] = step.bad
		}
		if step.right == step.right {
			m["reward/right"] = step.right
		}
		next, err := a.kept.Multipliers.next(list, n+1, m)
		if err != nil {
			t.Fatal(err)
		}
		if m["multiplier/safety"] != step.used || a.rewards[1].weight != step.used {
			t.Errorf("step %d: %v, weight %v", n+1, m, a.rewards[1].weight)
		}
		a.keep(keeping{Multipliers: next})
		if next["safety"].Value != step.after || next["right"].Value != step.other || a.rewards[2].weight != step.other {
			t.Errorf("after step %d: %+v", n+1, next)
		}
	}
	if a.rewards[0].weight != 1 {
		t.Errorf("the reward without a constraint has the weight %v", a.rewards[0].weight)
	}
	start := list.multipliers()
	if _, err := start.next(list, patience-1, Measures{"reward/right": 1}); err != nil {
		t.Error(err)
	}
	_, err := start.next(list, patience, Measures{"reward/right": 1, "share/good": 1, "kl": 3})
	if err == nil || !strings.Contains(err.Error(), "share/bad, and no answer of 20 steps had that: these have reward/right, share/good") {
		t.Errorf("error %v", err)
	}
	for _, wrong := range []multipliers{
		nil,
		{"safety": objective.Multiplier{}},
		{"safety": {Value: 3}, "right": {}},
		{"safety": {Value: math.NaN()}, "right": {}},
		{"safety": {Updates: -1}, "right": {}},
		{"other": {}, "right": {}},
	} {
		if err := wrong.restored(list); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

// TestConstraintInRun: with every method a run that is interrupted after each step has
// the multipliers, and the bits, of one that is not.
func TestConstraintInRun(t *testing.T) {
	dir := smallModel(t, dense)
	for name, r := range map[string]*Recipe{"grpo": lettersRun(t, dir, false), "ppo": lettersPPO(t, dir, false)} {
		r.Steps, r.Eval.Every, r.Checkpoint.Every, r.Sample.Every = 3, 0, 0, 0
		r.Rewards = []RewardSpec{{Kind: RewardTask, Weight: 1}, {
			Kind: RewardFormat, Name: "ended", Ended: true, Weight: 1,
			Constraint: &ConstraintSpec{AtLeast: number(0.9), Rate: 3, Start: 0.5, Max: 9},
		}}
		whole := Options{RunDir: t.TempDir()}
		_, records := runGRPO(t, t.Context(), r, whole)
		var last float64
		for i, m := range stepsOf(records) {
			v, ok := m["multiplier/ended"]
			if !ok || i == 0 && v != 0.5 || i > 0 && v == last {
				t.Errorf("%s: step %d has the multiplier %v after %v", name, i+1, v, last)
			}
			if want := m["reward/task"] + float64(v*m["reward/ended"]); math.Abs(m["reward"]-want) > 1e-12 {
				t.Errorf("%s: step %d has the reward %v and not %v", name, i+1, m["reward"], want)
			}
			last = v
		}
		parts := Options{RunDir: t.TempDir()}
		for n := range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			o := parts
			o.Resume = n > 0
			o.Observer = Observe(func(r Record) {
				if r.Kind == KindStep {
					cancel()
				}
			})
			runGRPO(t, ctx, r, o)
			cancel()
		}
		parts.Resume = true
		runGRPO(t, t.Context(), r, parts)
		if a, b := modelBytes(t, whole.RunDir), modelBytes(t, parts.RunDir); !bytes.Equal(a, b) {
			t.Errorf("%s: an interrupted run has other bits", name)
		}
	}
}

func modelBytes(t *testing.T, run string) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(run, modelDir, "*.safetensors"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConstraintErrors(t *testing.T) {
	for add, want := range map[string]string{
		"{at_most: 1}, weight: 2":                "rewards[1].weight: the weight of a reward with a constraint",
		"{}":                                     "rewards[1].constraint: give one bound",
		"{at_most: 1, at_least: 0}":              "rewards[1].constraint: give one bound",
		"{at_most: 1, measure: kl}":              `rewards[1].constraint.measure: "kl" is none of accuracy, answer_length, ended, reward/NAME and share/NAME`,
		"{at_most: 1, measure: reward/x}":        `rewards[1].constraint.measure: no reward is called "x": there are task, format`,
		"{at_most: 1, rate: 0}":                  "rewards[1].constraint.rate",
		"{at_most: 1, start: 3, max: 2}":         "rewards[1].constraint.start",
		"{at_most: 0.5}":                         "rewards[1].constraint.at_most: more weight makes the reward format larger",
		"{at_most: 0.5, measure: reward/format}": "rewards[1].constraint.at_most: more weight makes the reward format larger",
		"{at_most: 1, max: 0}":                   "rewards[1].constraint.max",
		"{at_most: 1, measure: share/a, rat: 1}": "rat",
	} {
		text := fmt.Sprintf("model: base\nsteps: 10\nrollout: {tasks: [arithmetic]}\nrewards: [{kind: task}, {kind: format, ended: true, constraint: %s}]\n", add)
		_, err := ParseRecipe(GRPO, "r.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", add, err, want)
		}
	}
	r, err := ParseRecipe(GRPO, "r.yaml", []byte("model: base\nsteps: 10\nrollout: {tasks: [arithmetic]}\nrewards: [{kind: task, constraint: {at_least: 0.5}}]\n"))
	if err != nil || *r.Rewards[0].Constraint != (ConstraintSpec{AtLeast: r.Rewards[0].Constraint.AtLeast, Rate: 1, Start: 1, Max: 20}) {
		t.Errorf("%+v, %v", r, err)
	}
}
