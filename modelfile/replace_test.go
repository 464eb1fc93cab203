package modelfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

func mustWrite(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestReplaceForeign: --force replaces a model and nothing else that lies in its
// directory.
func TestReplaceForeign(t *testing.T) {
	src := smallModel(t, model.Llama)
	for _, tt := range []struct{ file, text, want string }{
		{"config.json", `{"auths": {}}`, "holds something other than a model"},
		{"config.json", `{"model_type": 3}`, "holds something other than a model"},
		{"config.json", `[`, "holds something other than a model"},
		{"notes.txt", "", "holds notes.txt, which is no part of a model"},
		{"adapter/adapter_config.json", "{}", "holds adapter, which"},
		{"mine.safetensors", "", "holds mine.safetensors, which"},
		{"LICENSE/x", "", "holds LICENSE, which"},
	} {
		dst := filepath.Join(t.TempDir(), "dst")
		mustWrite(t, filepath.Join(dst, configName), `{"model_type": "llama"}`)
		mustWrite(t, filepath.Join(dst, tt.file), tt.text)
		if _, err := Convert(t.Context(), src, dst, Options{Force: true}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.file, err, tt.want)
		}
		if got := mustRead(t, filepath.Join(dst, tt.file)); string(got) != tt.text {
			t.Errorf("%s holds %q", tt.file, got)
		}
	}
}

// TestReplaceModels: models of this program and of others are replaced.
func TestReplaceModels(t *testing.T) {
	src, dst := smallModel(t, model.Llama), filepath.Join(t.TempDir(), "dst")
	for _, name := range []string{
		configName, generationName, tokenizerName, tokenizerConfigName, jinjaName, "special_tokens_map.json", "added_tokens.json", "vocab.json",
		"merges.txt", "tokenizer.model", "LICENSE.txt", "USE_POLICY.md", readmeName, ".gitattributes", "model.safetensors.index.json",
		"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors", "preprocessor_config.json",
	} {
		mustWrite(t, filepath.Join(dst, name), `{"model_type": "gpt2"}`)
	}
	convert(t, src, dst, Options{Force: true})
	// What the manifest vouches for is the model's too.
	data := mustRead(t, filepath.Join(dst, model.ManifestName))
	mustWrite(t, filepath.Join(dst, model.ManifestName), strings.Replace(string(data), `"files": {`, `"files": {"usage.md": "",`, 1))
	mustWrite(t, filepath.Join(dst, "usage.md"), "")
	convert(t, src, dst, Options{Force: true})
	if _, err := model.Verify(dst); err != nil {
		t.Error(err)
	}
}

// TestReplaceLate: what appears at the destination while a conversion runs stays.
func TestReplaceLate(t *testing.T) {
	src := smallModel(t, model.Llama)
	for name, o := range map[string]Options{"m": {}, "m.gguf": {}, "forced": {Force: true}} {
		dst := filepath.Join(t.TempDir(), name)
		late := dst
		if name != "m.gguf" {
			late = filepath.Join(dst, "notes.txt")
		}
		o.Progress = func(stage Stage, _, _ int64) {
			if stage == Writing {
				mustWrite(t, late, "mine")
			}
		}
		_, err := Convert(t.Context(), src, dst, o)
		var exists *ExistsError
		if err == nil || errors.As(err, &exists) == o.Force {
			t.Errorf("%s: %v", name, err)
		}
		if got := mustRead(t, late); string(got) != "mine" {
			t.Errorf("%s holds %q", name, got)
		}
	}
}
