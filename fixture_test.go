package polymath_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tokenizer"
)

// chatML are the special tokens of models that chat.
var chatML = []string{tokenizer.EndOfText, "<|im_start|>", "<|im_end|>"}

// random makes a small model that knows nothing, with the given special tokens,
// and returns its directory.
func random(t testing.TB, special []string) string {
	t.Helper()
	text := []byte(proverbs + ` {"name": "paint", "arguments": {"color": "red"}} <tool_call> </tool_call> <|im_end|>`)
	tok, err := tokenizer.Train(slices.Values([][]byte{text, text, text}), tokenizer.TrainOptions{VocabSize: 300, Special: special})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "tokenizer.json")
	if err := tok.Save(path); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := model.Default(model.Qwen3MoE)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = tok.VocabSize()+4, 32, 2
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 4, 2, 32
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 4, 2, 32
	cfg.MaxPositions = 2048
	cfg.InitStd = 0.2 // so that logits differ from token to token
	m, err := model.New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save(dir, model.Provenance{Version: "test"}, map[string][]byte{"tokenizer.json": file}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// openRandom opens a model that knows nothing.
func openRandom(t testing.TB, special []string, options ...polymath.Option) *polymath.Model {
	t.Helper()
	m, err := polymath.Open(random(t, special), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// plainText is a bias against tokens that are no ASCII text, those that end a
// text among them.
func plainText(m *polymath.Model) map[int]float32 {
	bias := map[int]float32{}
	for id := range m.Info().VocabularySize {
		text := string(m.TokenBytes(id))
		if strings.HasPrefix(text, "<|") || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			bias[id] = -100
		}
	}
	return bias
}
