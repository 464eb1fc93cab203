package model

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// saved returns a directory with a model of the type, and the model.
func saved(t testing.TB, kind string) (string, *Model) {
	c := small(t, kind)
	c.RouterBias = c.NumExperts > 0
	m := newModel(t, c)
	for _, bias := range m.RouterBiases() {
		if bias != nil {
			bias[1] = 0.25
		}
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir, Provenance{Version: "test", Recipe: "r"}, map[string][]byte{"tokenizer.json": []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	return dir, m
}

func TestSaveLoad(t *testing.T) {
	for _, kind := range modelTypes {
		dir, m := saved(t, kind)
		b := documents(97, 40, 9)
		want := allLogits(t, m, NewWorkspace(m, 49, false), b)
		for _, trainable := range []bool{false, true} {
			back, err := Load(dir, trainable)
			if err != nil {
				t.Fatal(err)
			}
			mustEqual(t, kind, allLogits(t, back, NewWorkspace(back, 49, false), b), want)
			if err := back.Save(dir+"2", Provenance{}, nil); err != nil {
				t.Errorf("saving a model with trainable %v: %v", trainable, err)
			}
			first, err := os.ReadFile(filepath.Join(dir, weightsName))
			if err != nil {
				t.Fatal(err)
			}
			second, err := os.ReadFile(filepath.Join(dir+"2", weightsName))
			if err != nil || string(first) != string(second) {
				t.Errorf("%s: saved again, the weights differ (%v)", kind, err)
			}
		}
	}
}

func TestManifest(t *testing.T) {
	dir, _ := saved(t, Qwen3MoE)
	man, err := Verify(dir)
	if err != nil {
		t.Fatal(err)
	}
	if man.Version != "test" || man.Recipe != "r" || len(man.Files) != 4 {
		t.Errorf("manifest: %+v", man)
	}
	for name := range man.Files {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for what, damaged := range map[string][]byte{
			"one bit":   append([]byte{data[0] ^ 1}, data[1:]...),
			"truncated": data[:len(data)-1],
		} {
			mustWrite(t, path, damaged)
			if _, err := Load(dir, false); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s of %s: error %v does not name it", what, name, err)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir, false); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s missing: error %v does not name it", name, err)
		}
		mustWrite(t, path, data)
	}
	mustWrite(t, filepath.Join(dir, ManifestName), []byte(`{"files": {"../x": ""}}`))
	if _, err := Load(dir, false); err == nil || !strings.Contains(err.Error(), "outside") {
		t.Errorf("manifest with a path out of the directory: %v", err)
	}
}

func mustWrite(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestLoadNamesTheTensor: a file that does not fit its config is refused.
func TestLoadNamesTheTensor(t *testing.T) {
	tests := []struct {
		name   string
		change func(cfg map[string]any)
		want   string
	}{
		{"more layers", func(c map[string]any) { c["num_hidden_layers"] = 3 }, "model.layers.2.input_layernorm.weight is missing"},
		{"fewer layers", func(c map[string]any) { c["num_hidden_layers"] = 1 }, "model.layers.1."},
		{"wider", func(c map[string]any) { c["moe_intermediate_size"] = 25 }, "down_proj.weight has shape [40 24]"},
		{"no bias", func(c map[string]any) { delete(c, "router_bias") }, "e_score_correction_bias has no place"},
	}
	for _, tt := range tests {
		dir, _ := saved(t, Qwen3MoE)
		path := filepath.Join(dir, configName)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cfg := map[string]any{}
		if err := json.Unmarshal(data, &cfg); err != nil {
			t.Fatal(err)
		}
		tt.change(cfg)
		data, _ = json.Marshal(cfg)
		mustWrite(t, path, data)
		if err := os.Remove(filepath.Join(dir, ManifestName)); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir, false); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: error %v does not say %q", tt.name, err, tt.want)
		}
	}
}

// TestNamesInFile: experts are stored one by one, under the names that
// transformers reads.
func TestNamesInFile(t *testing.T) {
	dir, _ := saved(t, Qwen3MoE)
	f, err := safetensors.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, name := range []string{
		"model.embed_tokens.weight", "lm_head.weight", "model.norm.weight",
		"model.layers.0.self_attn.k_proj.weight", "model.layers.0.self_attn.q_norm.weight",
		"model.layers.1.mlp.gate.weight", "model.layers.1.mlp.experts.5.gate_proj.weight",
		"model.layers.1.mlp.experts.0.up_proj.weight", "model.layers.0.mlp.experts.3.down_proj.weight",
	} {
		if !f.Has(name) {
			t.Errorf("no tensor %s", name)
		}
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"files": {"config.json": "00"}, "version": "1"}`))
	f.Add([]byte(`{"files": {"/etc/passwd": "00"}}`))
	f.Add([]byte(`{"files": null}`))
	f.Add([]byte(`{"files": {}} {}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		man, err := parseManifest(data)
		if err != nil {
			return
		}
		for name := range man.Files {
			if !filepath.IsLocal(name) {
				t.Errorf("accepted %q", name)
			}
		}
	})
}
