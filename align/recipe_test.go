package align

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/train"
)

// shortest is the least that a recipe of each method says.
var shortest = map[string]string{
	Reward: "model: base\npreferences: {files: pairs.jsonl}\n",
	DPO:    "model: base\npreferences: {files: pairs.jsonl}\n",
	GRPO:   "model: base\nsteps: 10\nrollout: {tasks: [arithmetic]}\nrewards: [{kind: task}]\n",
	PPO:    "model: base\nsteps: 10\nrollout:\n  prompts: [a.jsonl, b.jsonl]\nrewards:\n  - {kind: model, model: rm}\n  - kind: length\n    weight: 0.5\n",
}

func TestParseRecipe(t *testing.T) {
	want := map[string]*Recipe{}
	for _, method := range Methods() {
		r := DefaultRecipe(method, false)
		r.Model = "base"
		want[method] = r
	}
	for _, method := range []string{Reward, DPO} {
		want[method].Preferences.Files, want[method].Epochs = train.Files{"pairs.jsonl"}, 1
	}
	want[GRPO].Steps, want[GRPO].Rollout.Tasks = 10, []string{"arithmetic"}
	want[GRPO].Rewards = []RewardSpec{{Kind: RewardTask, Weight: 1}}
	want[PPO].Steps, want[PPO].Rollout.Prompts = 10, train.Files{"a.jsonl", "b.jsonl"}
	want[PPO].Rewards = []RewardSpec{{Kind: RewardModel, Weight: 1, Model: "rm"}, {Kind: RewardLength, Weight: 0.5}}
	for _, method := range Methods() {
		got, err := ParseRecipe(method, "r.yaml", []byte(shortest[method]))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[method], got); diff != "" {
			t.Errorf("%s: %s", method, diff)
		}
	}
}

// TestRecipeLora gives a recipe with an adapter its own rate, also where the section
// changes nothing but the rank.
func TestRecipeLora(t *testing.T) {
	for _, method := range Methods() {
		plain, err := ParseRecipe(method, "r.yaml", []byte(shortest[method]))
		if err != nil {
			t.Fatal(err)
		}
		r, err := ParseRecipe(method, "r.yaml", []byte(shortest[method]+"lora: {rank: 4}\n"))
		if err != nil {
			t.Fatal(err)
		}
		if r.Lora.Rank != 4 || len(r.Lora.Targets) == 0 || r.Optimizer.LR <= plain.Optimizer.LR {
			t.Errorf("%s: rank %d, targets %v, rate %v", method, r.Lora.Rank, r.Lora.Targets, r.Optimizer.LR)
		}
	}
}

func TestRecipeErrors(t *testing.T) {
	tests := []struct{ method, add, want string }{
		{DPO, "steps: 5\nbata: 1", "r.yaml:4:1: a recipe has no key \"bata\"; did you mean \"batch\"?\n    4 | bata: 1\n      | ^"},
		{DPO, "dpo: {bata: 1}", "r.yaml:3:7: dpo has no key \"bata\"; did you mean \"beta\"?"},
		{DPO, "beta: 1", "a recipe has no key \"beta\"; did you mean"},
		{DPO, "dpo: {beta: much}", "r.yaml:3:13: dpo.beta must be a number, and this is the text \"much\""},
		{DPO, "dpo: {beta: 0}", "r.yaml:3:13: dpo.beta: 0 is impossible: it must be between 1e-06 and 1000"},
		{DPO, "dpo: {beta: .nan}", "dpo.beta must be a number, and this is .nan"},
		{DPO, "dpo: {loss: hinge}", "r.yaml:3:13: dpo.loss: \"hinge\" is none of sigmoid, ipo"},
		{DPO, "dpo: {loss: ipo, label_smoothing: 0.1}", "the loss ipo has no label smoothing"},
		{DPO, "dpo: {label_smoothing: 0.5}", "dpo.label_smoothing: 0.5 is impossible"},
		{DPO, "steps: 10\nepochs: 2", "r.yaml:4:9: epochs: set the length of the run in epochs or in steps, not in both"},
		{DPO, "epochs: -1", "epochs: -1 is impossible"},
		{DPO, "ppo: {gamma: 1}", "r.yaml:3:1: ppo is for ppo, and this is a recipe for dpo: remove it"},
		{DPO, "rewards: [{kind: task}]", "rewards is for grpo and ppo, and this is a recipe for dpo"},
		{DPO, "batch: {prompts: 3}", "r.yaml:3:18: batch.prompts is for grpo and ppo"},
		{Reward, "reference: base", "reference is for dpo and grpo and ppo, and this is a recipe for reward"},
		{Reward, "dpo: {}", "dpo is for dpo"},
		{Reward, "reward: {center_rewards_coefficient: -1}", "center_rewards_coefficient: -1 is impossible"},
		{Reward, "batch: {pairs: 0}", "batch.pairs: 0 is impossible: it must be at least 1"},
		{Reward, "optimizer: {lr: 0}", "optimizer.lr: 0 is impossible"},
		{Reward, "schedule: {kind: linear}", "there is no schedule \"linear\""},
		{Reward, "lora: {rank: 4}\noptimizer: {attention: {rule: muon}}", "an adapter's matrices are trained with \"adamw\""},
		{Reward, "lora: {targets: [qproj]}", "lora."},
		{Reward, "method: reward", "a recipe has no key \"method\""},
		{GRPO, "epochs: 1", "epochs is for reward and dpo, and this is a recipe for grpo"},
		{GRPO, "grpo: {scale_rewards: std}", "grpo.scale_rewards: \"std\" is none of group, batch, none"},
		{GRPO, "grpo: {mean: sentence}", "grpo.mean: \"sentence\" is none of answer, token, constant"},
		{GRPO, "grpo: {clip_range: 1}", "grpo.clip_range: 1 is impossible"},
		{GRPO, "grpo: {clip_range_high: 0.1}", "grpo.clip_range_high: 0.1 is below clip_range, 0.2"},
		{GRPO, "schedule: {warmup: 11}", "r.yaml:5:20: schedule.warmup: 11 steps of warmup are longer than the run of 10 steps"},
		{GRPO, "batch: {sequence: 256}", "rollout.max_tokens: 256 is impossible: it must be between 1 and 255"},
		{GRPO, "checkpoint: {keep: 0}", "checkpoint.keep: 0 is impossible"},
		{PPO, "ppo: {kl_estimator: k4}", "ppo.kl_estimator: \"k4\" is none of k1, k2, k3"},
		{PPO, "ppo: {lambda: 1.5}", "ppo.lambda: 1.5 is impossible: it must be between 0 and 1"},
		{PPO, "ppo: {num_epochs: 0}", "ppo.num_epochs: 0 is impossible"},
		{GRPO, "reference: base\ngrpo: {kl_coef: 0}", "reference: grpo.kl_coef is 0"},
		{PPO, "reference: base\nppo: {kl_coef: 0}", "reference: ppo.kl_coef is 0"},
		{PPO, "batch: {rows: 1073741824, sequence: 1073741824}", "more than a microbatch may have"},
	}
	for _, test := range tests {
		_, err := ParseRecipe(test.method, "r.yaml", []byte(shortest[test.method]+test.add+"\n"))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s with %s:\ngot  %v\nwant %s", test.method, test.add, err, test.want)
		}
		var located *RecipeError
		if !errors.As(err, &located) {
			t.Errorf("%s with %s: %T is no *RecipeError", test.method, test.add, err)
		}
	}
}

// TestRecipeSections refuses sections that are there and say too little, or what
// cannot be.
func TestRecipeSections(t *testing.T) {
	const policy = "model: base\nsteps: 3\n"
	tests := []struct{ method, source, want string }{
		{DPO, "preferences: {files: a}", "r.yaml: model: name the model to go on from"},
		{DPO, "model: base", "preferences.files: name the files"},
		{DPO, "model: base\npreferences: {files: [a, '']}", "a file without a name"},
		{DPO, "model: base\npreferences: {files: a, held_out: 0.6}", "preferences.held_out: 0.6 is impossible"},
		{GRPO, "model: base\nrollout: {tasks: [a]}\nrewards: [{kind: task}]", "steps: set the length of the run"},
		{GRPO, policy + "rewards: [{kind: task}]", "rollout.tasks: name the tasks"},
		{GRPO, policy + "rollout: {tasks: ['']}", "a task without a name"},
		{GRPO, policy + "rollout: {tasks: [a], answers: 1}", "rollout.answers: 1 is impossible: it must be between 2"},
		{GRPO, policy + "rollout: {tasks: [a], temperature: 0}", "rollout.temperature: 0 is impossible"},
		{GRPO, policy + "rollout: {tasks: [a]}", "rewards: say what judges the answers"},
		{GRPO, policy + "rollout: {tasks: [a]}\nrewards: [{kind: taste}]", "r.yaml:4:18: rewards[0].kind: \"taste\" is none of task, model, format, length"},
		{GRPO, policy + "rollout: {tasks: [a]}\nrewards: [{weight: 1}]", "rewards[0].kind: \"\" is none of"},
		{GRPO, policy + "rollout: {tasks: [a]}\nrewards: [{kind: task}, {kind: model}]", "rewards[1].model: name the directory of the reward model"},
		{GRPO, policy + "rollout: {tasks: [a]}\nrewards: [{kind: task, model: rm}]", "has no model"},
		{GRPO, policy + "rollout: {tasks: [a]}\nrewards: [{kind: format, pattern: '('}]", "rewards[0].pattern: error parsing regexp"},
		{PPO, policy + "rollout: {prompts: a.jsonl}\nrewards: [{kind: task}]", "only tasks have a grader"},
		{"sft", "model: base", "method: \"sft\" is none of reward, dpo, grpo, ppo"},
		{PPO, "", "this file is empty"},
		{PPO, "- a", "must be a section with keys of its own"},
	}
	for _, test := range tests {
		_, err := ParseRecipe(test.method, "r.yaml", []byte(test.source))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s:\ngot  %v\nwant %s", test.source, err, test.want)
		}
	}
}

// TestForeignKeys holds the table of the keys that not every method has to the
// recipe: each exists, and the shortest recipe of a method it is for may have it.
func TestForeignKeys(t *testing.T) {
	for _, use := range uses {
		section := reflect.TypeFor[Recipe]()
		for _, key := range strings.Split(use.key, ".") {
			found := false
			for i := range section.NumField() {
				if f := section.Field(i); f.Tag.Get("yaml") == key {
					section, found = f.Type, true
					break
				}
			}
			if !found {
				t.Errorf("a recipe has no %s", use.key)
			}
		}
		for _, method := range Methods() {
			err := foreign(method, use.key)
			if err == nil {
				t.Fatalf("%s is no key of another method", use.key)
			}
		}
	}
}

func TestRecipeHash(t *testing.T) {
	hashes := map[string]bool{}
	for _, method := range Methods() {
		a, _ := ParseRecipe(method, "a", []byte(shortest[method]))
		b, _ := ParseRecipe(method, "b", []byte("# a comment\nclip: 1.0\n"+shortest[method]))
		if a.Hash() != b.Hash() {
			t.Error("a default written out changes the hash")
		}
		b.Seed++
		if a.Hash() == b.Hash() {
			t.Error("the seed does not enter the hash")
		}
		hashes[a.Hash()] = true
	}
	if len(hashes) != len(Methods()) {
		t.Error("the method does not enter the hash")
	}
}

// TestRecipeEncoding reads the canonical form back to the same recipe.
func TestRecipeEncoding(t *testing.T) {
	for _, method := range Methods() {
		r, err := ParseRecipe(method, "r", []byte(shortest[method]+"lora: {rank: 2}\nseed: 18446744073709551615\n"))
		if err != nil {
			t.Fatal(err)
		}
		back := new(Recipe)
		if err := json.Unmarshal(r.encode(), back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Error(diff)
		}
	}
}

// TestRecipeKeys holds the keys of YAML and JSON to the same names: the one is
// what people write, the other is what checkpoints compare. Every field must have a
// value of its own in the canonical form.
func TestRecipeKeys(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(section reflect.Type) {
		for i := range section.NumField() {
			f := section.Field(i)
			j, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if y := f.Tag.Get("yaml"); f.Name != "Method" && (y == "" || y != j) {
				t.Errorf("%s.%s: yaml %q, json %q", section, f.Name, y, j)
			}
			inner := f.Type
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				walk(inner)
			}
		}
	}
	walk(reflect.TypeFor[Recipe]())
}

// methodOf is the method of the command that a recipe of the program says to follow it
// with.
func methodOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`polymath align (\w+) recipes/` + regexp.QuoteMeta(filepath.Base(path))).FindSubmatch(text)
	if command == nil {
		t.Fatalf("%s does not say how it is followed", path)
	}
	return string(command[1])
}

func TestShippedRecipes(t *testing.T) {
	paths, err := filepath.Glob("../recipes/align-*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal("no recipes", err)
	}
	for _, path := range paths {
		if _, err := ReadRecipe(methodOf(t, path), path); err != nil {
			t.Error(err)
		}
	}
}

func TestReadRecipeMissing(t *testing.T) {
	_, err := ReadRecipe(DPO, filepath.Join(t.TempDir(), "none.yaml"))
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(fmt.Sprint(err), "none.yaml") {
		t.Error(err)
	}
}

func FuzzParseRecipe(f *testing.F) {
	for i, method := range Methods() {
		f.Add(uint8(i), []byte(shortest[method]))
	}
	for _, s := range []string{"a: &x [*x]", "rewards: [{kind: {}}]", "steps: 1e400", "? a\n: b", "lora:", "rewards: [null]", "dpo: null"} {
		f.Add(uint8(1), []byte(s))
	}
	paths, _ := filepath.Glob("../recipes/*.yaml")
	for _, path := range paths {
		if b, err := os.ReadFile(path); err == nil {
			f.Add(uint8(2), b)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, source []byte) {
		method := Methods()[int(which)%len(Methods())]
		r, err := ParseRecipe(method, "r.yaml", source)
		if (r == nil) == (err == nil) {
			t.Fatal("neither or both of recipe and error")
		}
		if err != nil {
			_ = err.Error()
			return
		}
		back := new(Recipe)
		if err := json.Unmarshal(r.encode(), back); err != nil || back.Hash() != r.Hash() {
			t.Fatalf("the canonical form does not come back: %v", err)
		}
	})
}
