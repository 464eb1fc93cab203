package align

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tokenizer"
)

// kinds of models that tests go through.
const (
	dense   = "dense"
	experts = "experts"
)

// smallVocabulary is the size of smallTokenizer.
const smallVocabulary = 270

// smallTokenizer is the tokenizer.json of a tokenizer that learned from text.
func smallTokenizer(t testing.TB, text string) []byte {
	t.Helper()
	docs := [][]byte{[]byte(text), []byte(text), []byte(text)}
	tok, err := tokenizer.Train(slices.Values(docs), tokenizer.TrainOptions{
		VocabSize: smallVocabulary, Special: []string{tokenizer.EndOfText, "<|im_start|>", "<|im_end|>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := tok.Save(path); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// smallModel writes a model that knows nothing, and talks in the default template.
// Its vocabulary is longer than its tokenizer's.
func smallModel(t testing.TB, kind string) string {
	t.Helper()
	file := smallTokenizer(t, "say a letter: a b c d e; say a digit: 0 1 2 3 4. user assistant")
	dir := t.TempDir()
	cfg, err := model.Default(model.Qwen3)
	if kind == experts {
		cfg, err = model.Default(model.Qwen3MoE)
	}
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = smallVocabulary+6, 32, 2
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 2, 1, 32
	cfg.IntermediateSize = 64
	if kind == experts {
		cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 4, 2, 32
		cfg.RouterAuxLossCoef = 0.01
	}
	cfg.MaxPositions = 256
	cfg.InitStd = 0.3
	m, err := model.New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save(dir, model.Provenance{Version: "test"}, map[string][]byte{"tokenizer.json": file}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// letters writes a task: an answer to "say a letter" is right if it begins with one,
// and an answer to "say a digit" with one of those.
func letters(t testing.TB, name string, n int) string {
	t.Helper()
	dir := t.TempDir()
	var rows strings.Builder
	for i := range n {
		want, pattern := "letter", "^[a-z]"
		if i%2 == 1 {
			want, pattern = "digit", "^[0-9]"
		}
		fmt.Fprintf(&rows, `{"question": "%d: say a %s", "pattern": "%s"}`+"\n", i, want, pattern)
	}
	source := "name: " + name + `
data:
  files: [./rows.jsonl]
method: generate
prompt: "{{.question}}"
answer: "{{.pattern}}"
grader:
  regex:
    pattern: "{{.pattern}}"
`
	for file, text := range map[string]string{"rows.jsonl": rows.String(), name + ".yaml": source} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, name+".yaml")
}

// openPolicy loads a model as runs have it: all of it trained, or an adapter that
// has left its beginning.
func openPolicy(t testing.TB, dir string, lora bool) (*model.Model, *speaker) {
	t.Helper()
	m, err := model.Load(dir, !lora)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	if lora {
		if err := m.AddAdapter(model.AdapterConfig{Rank: 4, Alpha: 8, Targets: model.AdapterTargets()}, 1); err != nil {
			t.Fatal(err)
		}
		for k, p := range m.Trained() {
			for i := range p.Master {
				p.Master[i] += float32((i*7+k)%11-5) * 0.02
			}
		}
		m.Sync()
	}
	s, err := newSpeaker(dir, m.Config())
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

// asked are the questions of the task of letters.
func asked(t testing.TB, s *speaker, n int) []*question {
	t.Helper()
	source := questionSource{speaker: s, room: 128}
	q, err := source.tasks("rollout.tasks", []string{letters(t, "letters", n)})
	if err != nil {
		t.Fatal(err)
	}
	return q
}
