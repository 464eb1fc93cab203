package train

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tinyRecipe = `name: tiny
model:
  vocab_size: 256
  hidden_size: 32
  num_hidden_layers: 2
  num_attention_heads: 2
  num_experts: 4
  num_experts_per_tok: 2
  moe_intermediate_size: 16
tokenizer: tok/tokenizer.json
data:
  shards: shards
batch:
  tokens: 64
  rows: 1
  sequence: 32
steps: 200
`

func TestParseRecipe(t *testing.T) {
	got, err := ParseRecipe("tiny.yaml", []byte(tinyRecipe))
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultRecipe()
	want.Name, want.Tokenizer, want.Steps = "tiny", "tok/tokenizer.json", 200
	want.Data.Shards = "shards"
	want.Batch = BatchSpec{Tokens: 64, Rows: 1, Sequence: 32}
	m := &want.Model
	m.VocabSize, m.HiddenSize, m.Layers, m.Heads = 256, 32, 2, 2
	m.Experts, m.ExpertsPerToken, m.ExpertSize = 4, 2, 16
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRecipeErrors(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{
			"typo", "hidden_size: 32", "hiden_size: 32",
			"r.yaml:4:3: model has no key \"hiden_size\"; did you mean \"hidden_size\"?\n    4 |   hiden_size: 32\n      |   ^",
		},
		{
			"key of another section", "steps: 200", "steps: 200\nwarmup: 5",
			"r.yaml:18:1: a recipe has no key \"warmup\"; did you mean schedule.warmup? It has batch, checkpoint, clip, data, ema, epochs, eval, lora, model, name, optimizer, sample, schedule, seed, spike, stages, steps, tokenizer, tokens\n   18 | warmup: 5\n      | ^",
		},
		{
			"unknown key", "steps: 200", "steps: 200\nzebra_stripes: 5",
			"a recipe has no key \"zebra_stripes\"; it has batch, checkpoint, clip",
		},
		{
			"text for a number", "tokens: 64", "tokens: many",
			"r.yaml:14:11: batch.tokens must be a whole number, and this is the text \"many\"\n   14 |   tokens: many\n      |           ^",
		},
		{"fraction for a count", "rows: 1", "rows: 1.5", "r.yaml:15:9: batch.rows must be a whole number, and this is 1.5"},
		{"number for a text", "name: tiny", "name: 7", "r.yaml:1:7: name must be a text, and this is 7"},
		{"nothing for a number", "rows: 1", "rows:", "batch.rows must be a whole number, and this is empty"},
		{"value for a section", "data:\n  shards: shards", "data: shards", "data must be a section with keys of its own, and this is the text \"shards\""},
		{"text for a list", "steps: 200", "steps: 200\nsample: {prompts: Once}", "sample.prompts must be a list, and this is the text \"Once\""},
		{"list of numbers", "steps: 200", "steps: 200\nsample: {prompts: [one, 2]}", "sample.prompts[1] must be a text, and this is 2"},
		{"anchor", "rows: 1", "rows: &x 1", "which recipes do not use"},
		{"negative seed", "steps: 200", "steps: 200\nseed: -1", "seed must be a whole number, not negative: -1 is out of range"},
		{"twice", "steps: 200", "steps: 200\nsteps: 11", "r.yaml:18:1:"},
		{"second document", "steps: 200", "steps: 200\n---\nsteps: 11", "this is a second one"},
		{"not YAML", "steps: 200", "steps: [10", "r.yaml:17:"},
		{
			"impossible batch", "tokens: 64", "tokens: 65",
			"r.yaml:14:11: batch.tokens: 65 tokens are no whole number of microbatches of 1 rows x 32 tokens = 32; 64 would be",
		},
		{"heads do not divide", "num_attention_heads: 2", "num_attention_heads: 3", "r.yaml:4:16: model.hidden_size 32 is not a multiple of num_attention_heads 3; set head_dim"},
		{"too many experts a token", "num_experts_per_tok: 2", "num_experts_per_tok: 5", "r.yaml:8:24: model.num_experts_per_tok is 5; it must be between 1 and num_experts, 4"},
		{"missing key", "  vocab_size: 256\n", "", "r.yaml:2:1: model.vocab_size is 0; it must be between 2"},
		{"both lengths", "steps: 200", "steps: 200\ntokens: 640", "in steps or in tokens, not in both"},
		{"no length", "steps: 200", "seed: 1", "r.yaml: steps: set the length of the run"},
		{"no rule", "steps: 200", "steps: 200\noptimizer: {experts: {rule: sgd}}", "there is no rule \"sgd\""},
		{"muon on the head", "steps: 200", "steps: 200\noptimizer: {head: {rule: muon}}", "muon is for the matrices"},
		{"not a number", "steps: 200", "steps: 200\nclip: .nan", "clip must be a number, and this is .nan"},
		{"shape beside from", "model:\n", "model:\n  from: dir\n", "brings its own shape"},
		{"warmup longer than the run", "steps: 200", "steps: 50", "r.yaml: schedule.warmup: 100 steps of warmup are longer than the run of 50 steps"},
		{"endless", "steps: 200", "steps: 2000000000", "steps: 2000000000 is impossible: it must be at most"},
		{"endless in tokens", "steps: 200", "tokens: 9223372036854775807", "it must be at most 1073741824 steps of batch.tokens"},
		{"a rate of decay that is 1 in float32", "steps: 200", "steps: 200\noptimizer: {beta2: 0.99999998}", "optimizer.beta2"},
		{"a window of one step", "steps: 200", "steps: 200\nspike: {window: 1}", "r.yaml:18:17: spike.window: one step"},
		{"experts without a number", "num_experts: 4", "capacity_factor: 2", "needs their number"},
		{"schedule", "steps: 200", "steps: 200\nschedule: {kind: linear}", "there is no schedule \"linear\""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := strings.Replace(tinyRecipe, test.old, test.new, 1)
			if source == tinyRecipe {
				t.Fatal("the case changes nothing")
			}
			_, err := ParseRecipe("r.yaml", []byte(source))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			var located *RecipeError
			if !errors.As(err, &located) {
				t.Errorf("%T is no *RecipeError", err)
			}
		})
	}
}

func TestEmptyRecipe(t *testing.T) {
	for _, source := range []string{"", "\n", "# nothing\n", "---\n", "\x00", "\xff\xfe", "- a\n", "1"} {
		if _, err := ParseRecipe("r.yaml", []byte(source)); err == nil {
			t.Errorf("%q was read", source)
		}
	}
}

func TestRecipeHash(t *testing.T) {
	a, _ := ParseRecipe("a", []byte(tinyRecipe))
	b, _ := ParseRecipe("b", []byte("# a comment\n"+tinyRecipe+"clip: 1.0\n"))
	if a.Hash() != b.Hash() {
		t.Error("a default written out changes the hash")
	}
	b.Seed++
	if a.Hash() == b.Hash() {
		t.Error("the seed does not enter the hash")
	}
}

// TestRecipeKeys holds the keys of YAML and JSON to the same names: the one is
// what people write, the other is what checkpoints compare.
func TestRecipeKeys(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(section reflect.Type) {
		for i := range section.NumField() {
			f := section.Field(i)
			if y, j := f.Tag.Get("yaml"), f.Tag.Get("json"); y == "" || y != strings.TrimSuffix(strings.TrimSuffix(j, ",omitempty"), ",omitzero") {
				t.Errorf("%s.%s: yaml %q, json %q", section, f.Name, y, j)
			}
			if f.Type.Kind() == reflect.Struct {
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[Recipe]())
}

func TestShippedRecipes(t *testing.T) {
	paths, err := filepath.Glob("../recipes/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal("no recipes", err)
	}
	for _, path := range paths {
		if name := filepath.Base(path); strings.HasPrefix(name, "corpus-") || strings.HasPrefix(name, "align-") {
			continue // those of the packages corpus and align
		}
		if _, err := ReadRecipe(path); err != nil {
			t.Error(err)
		}
	}
}

func FuzzParseRecipe(f *testing.F) {
	f.Add([]byte(tinyRecipe))
	for _, s := range []string{"a: &x [*x]", "model: {<<: {}}", "steps: 1e400", "? a\n: b", "steps: !!int x", "\t"} {
		f.Add([]byte(s))
	}
	if paths, err := filepath.Glob("../recipes/*.yaml"); err == nil {
		for _, path := range paths {
			if b, err := os.ReadFile(path); err == nil {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		r, err := ParseRecipe("r.yaml", source)
		if (r == nil) == (err == nil) {
			t.Fatal("neither or both of recipe and error")
		}
		if err != nil {
			_ = err.Error()
		}
	})
}
