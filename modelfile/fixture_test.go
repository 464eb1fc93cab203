package modelfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tokenizer"
)

// smallTokenizer is a tokenizer of 384 tokens.
var smallTokenizer = sync.OnceValue(func() *tokenizer.Tokenizer {
	text := strings.Repeat("the quick brown fox jumps over the lazy dog; func main() { return 12 }\n", 20) + probe
	t, err := tokenizer.Train(slices.Values([][]byte{[]byte(text)}), tokenizer.TrainOptions{
		VocabSize: 320, Special: []string{tokenizer.EndOfText, "<|im_start|>", "<|im_end|>"},
	})
	if err != nil {
		panic(err)
	}
	return t
})

// smallConfig is a model of the type whose rows fit all blocks.
func smallConfig(t testing.TB, modelType string) *model.Config {
	t.Helper()
	cfg, err := model.Default(modelType)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize = 324, 256, 2, 256
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim, cfg.MaxPositions = 4, 2, 64, 256
	cfg.SlidingWindow = 0
	if modelType == model.Mellum {
		cfg.SlidingWindow, cfg.SlidingRopeTheta = 9, 0
		cfg.LayerTypes = []string{model.SlidingAttention, model.FullAttention}
	}
	cfg.EOSTokenIDs = []int{317}
	if cfg.NumExperts > 0 {
		cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 4, 2, 256
		cfg.NormTopKProb = modelType != model.OLMoE
	}
	if modelType == model.OLMoE {
		cfg.NumKVHeads = cfg.NumHeads
	}
	cfg.InitStd = 0.05
	return cfg
}

const testTemplate = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"

// smallModel saves a model with all that belongs to it, and returns the
// directory.
func smallModel(t testing.TB, modelType string) string {
	t.Helper()
	return saveSmall(t, smallConfig(t, modelType))
}

func saveSmall(t testing.TB, cfg *model.Config) string {
	t.Helper()
	m, err := model.New(cfg, 7)
	if err != nil {
		t.Fatal(err)
	}
	text, err := smallTokenizer().JSON()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "small-"+cfg.ModelType)
	err = m.Save(dir, model.Provenance{Version: "test", Tokenizer: smallTokenizer().Hash()}, map[string][]byte{
		tokenizerName: text,
		tokenizerConfigName: []byte(`{"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>",
 "chat_template": ` + quoted(testTemplate) + `}`),
		"LICENSE":  []byte("Do as you like.\n"),
		readmeName: []byte("---\nlicense: other\nlicense_name: as-you-like\n---\n# Small\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func quoted(s string) string {
	data, err := indented(s)
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(data))
}

// types are the model types, quick ones first.
var types = []string{model.Llama, model.Mistral, model.Mixtral, model.Qwen2, model.Qwen3, model.Qwen3MoE, model.OLMoE, model.Mellum}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
