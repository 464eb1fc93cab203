package corpus

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/recipe"
)

func TestDefaultPipelines(t *testing.T) {
	for name, steps := range Pipelines() {
		if err := checkSteps(steps); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRecipeMistakes(t *testing.T) {
	const text = "sources:\n  - {name: a, path: x}\ntokenizer: t.json\n"
	for _, c := range []struct{ old, new, want string }{
		{"{name: a, path: x}", "{name: a, pth: x}", `sources[0] has no key "pth"; did you mean "path"?`},
		{"{name: a, path: x}", "{name: a}", "sources[0].path: name the files of source a"},
		{"{name: a, path: x}", "{path: a}", "sources[0].name: give the source a name"},
		{"path: x", "path: x, format: csv", `sources[0].format: "csv" is not one of`},
		{"path: x", "path: x, pipeline: wbe", `sources[0].pipeline: there is no pipeline "wbe"; did you mean "web"?`},
		{"path: x", "path: x, max_bad: 2", "sources[0].max_bad: 2 is impossible"},
		{"path: x", "path: x, weight: -1", "sources[0].weight: -1 is impossible"},
		{"  - {name: a, path: x}", "  - {name: a, path: x}\n  - {name: a, path: x}", `r.yaml:3:12: sources[1].name: two sources have the name "a"`},
		{"tokenizer: t.json\n", "", "tokenizer: name the tokenizer.json"},
		{"tokenizer: t.json", "tokenizer: {path: a, train: {}}", "a tokenizer is read or trained, not both"},
		{"tokenizer: t.json", "tokenizer: {train: {vocab_size: 5}}", "tokenizer.train.vocab_size: 5 is impossible"},
		{"tokenizer:", "segment: 1\ntokenizer:", "segment: 1 bytes are impossible"},
		{"tokenizer:", "memory: 1 MiB\ntokenizer:", "memory: 1048576 bytes are too little"},
		{"tokenizer:", "threads: -1\ntokenizer:", "threads: -1 is impossible"},
		{"tokenizer:", "pipelines: {p: [lenght]}\ntokenizer:", `pipelines.p[0] has no key "lenght"; did you mean "length"?`},
		{"tokenizer:", "pipelines: {p: [{c4: {}, fineweb: {}}]}\ntokenizer:", "pipelines.p[0]: the step is both c4 and fineweb"},
		{"tokenizer:", "pipelines: {p: [c4: {min_sentences: -1}]}\ntokenizer:", "pipelines.p[0].c4.min_sentences"},
		{"tokenizer:", "pipelines: {p: [unicode]}\ntokenizer:", `r.yaml:3:13: pipelines.p: no source has "pipeline: p"`},
		{"tokenizer:", "dedup: {minhash: {bands: 0}}\ntokenizer:", "dedup.minhash.bands"},
		{"path: x}", "path: x, weight: 1}\n  - {name: b, path: y}", "source b has no weight, and others have"},
		{"path: x}\n", "path: x, weight: 1}\nmixture: {temperature: 2}\n", "temperature has no effect"},
		{"tokenizer:", "mixture: {stages: [{name: s, weights: {b: 1}}]}\ntokenizer:", `there is no source "b"`},
	} {
		source := strings.Replace(text, c.old, c.new, 1)
		if source == text {
			t.Fatalf("%q changes nothing", c.old)
		}
		_, err := ParseRecipe("r.yaml", []byte(source))
		var located *recipe.Error
		if !errors.As(err, &located) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	r := parse(t, text)
	r.Out = t.TempDir()
	_, err := Build(t.Context(), r, Options{})
	var located *recipe.Error
	if !errors.As(err, &located) || located.Line != 3 {
		t.Errorf("no tokenizer: %v", err)
	}
}

func TestShippedRecipes(t *testing.T) {
	paths, err := filepath.Glob("../recipes/corpus-*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal("no recipes", err)
	}
	for _, path := range paths {
		if _, err := ReadRecipe(path); err != nil {
			t.Error(err)
		}
	}
}

func FuzzParseRecipe(f *testing.F) {
	for _, s := range []string{
		"sources:\n  - {name: a, path: x}\ntokenizer: t.json\n",
		"sources: [{name: a, paths: [x, y], format: tree, tree: {}}]\npipelines: {p: [unicode, {c4: {}}]}\ntokenizer: {train: {}}\n",
		"dedup: {minhash: , lines: {}, substrings: {}}\nmixture: {stages: [{name: a, weights: {b: 1}}]}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		r, err := ParseRecipe("r.yaml", source)
		if (r == nil) == (err == nil) {
			t.Fatal("neither or both of recipe and error")
		}
	})
}
