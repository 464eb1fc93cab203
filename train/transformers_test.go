package train

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/tokenizer"
)

// TestTokenizerConfig: a new model says that its tokenizer is the one of
// tokenizer.json, and transformers, which would take another for the model's type,
// splits text as we do.
func TestTokenizerConfig(t *testing.T) {
	result := mustRun(t, tinyRun(t), Options{RunDir: t.TempDir()})
	var config struct {
		Class string `json:"tokenizer_class"`
		BOS   string `json:"bos_token"`
		EOS   string `json:"eos_token"`
	}
	if err := json.Unmarshal(mustRead(t, filepath.Join(result.ModelDir, "tokenizer_config.json")), &config); err != nil {
		t.Fatal(err)
	}
	if config.Class != "PreTrainedTokenizerFast" || config.BOS != "<|endoftext|>" || config.EOS != config.BOS {
		t.Errorf("tokenizer_config.json says %+v", config)
	}
	python := os.Getenv("POLYMATH_PYTHON")
	if python == "" {
		t.Skip("the rest needs transformers: set POLYMATH_PYTHON to a Python that has it")
	}
	const text = "In 1066 and all that, 100% of 2,048 don't\n\tKNOW it's\r\n\r\n so."
	const program = `import sys, json, transformers
t = transformers.AutoTokenizer.from_pretrained(sys.argv[1])
rules = str(t.backend_tokenizer.pre_tokenizer)
print(json.dumps({"ids": t(sys.argv[2], add_special_tokens=False)["input_ids"], "thousands": "{1,3}" in rules}))`
	out, err := exec.CommandContext(t.Context(), python, "-c", program, result.ModelDir, text).Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs struct {
		IDs       []int32
		Thousands bool // the rule by which ours and the usual one differ
	}
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&theirs); err != nil {
		t.Fatal(err)
	}
	ours, err := tokenizer.Load(filepath.Join(result.ModelDir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	if ids := ours.Encode(text); !slices.Equal(ids, theirs.IDs) || !theirs.Thousands {
		t.Errorf("transformers gives %v by rules of three digits: %v; ours are %v", theirs.IDs, theirs.Thousands, ids)
	}
}
