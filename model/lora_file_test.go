package model

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// TestAdapterFiles: what SaveAdapter wrote, LoadAdapter opens to the bit, for
// inference and for more training, and the file has PEFT's names.
func TestAdapterFiles(t *testing.T) {
	for _, kind := range []string{Llama, Mixtral, Qwen3MoE} {
		full := newModel(t, small(t, kind))
		m := adapted(t, full, everyTarget)
		dir := filepath.Join(t.TempDir(), "adapter")
		if err := m.SaveAdapter(dir, "base", Provenance{Version: "1", Parent: "p"}, map[string][]byte{"extra.txt": []byte("x")}); err != nil {
			t.Fatal(err)
		}
		if man, err := Verify(dir); err != nil || man.Parent != "p" || len(man.Files) != 3 {
			t.Errorf("%s: manifest %+v, %v", kind, man, err)
		}
		b := documents(full.cfg.VocabSize, 40)
		want := allLogits(t, m, NewWorkspace(m, 40, false), b)
		for _, train := range []bool{false, true} {
			other := fixed(full)
			if err := other.LoadAdapter(dir, train); err != nil {
				t.Fatal(err)
			}
			if got := allLogits(t, other, NewWorkspace(other, 40, false), b); !slices.Equal(bits(got), bits(want)) {
				t.Errorf("%s: other logits after loading", kind)
			}
			if c, ok := other.Adapter(); !ok || c.Rank != 5 || c.Alpha != 8 || len(c.Targets) != 7 {
				t.Errorf("%s: config %+v", kind, c)
			}
			if err := other.LoadAdapter(dir, false); err == nil {
				t.Errorf("%s: a second adapter", kind)
			}
			if err := other.SaveAdapter(t.TempDir(), "", Provenance{}, nil); (err == nil) != train {
				t.Errorf("%s: saving again: %v", kind, err)
			}
		}
		file, err := safetensors.Open(filepath.Join(dir, adapterWeightsName))
		if err != nil {
			t.Fatal(err)
		}
		name := "base_model.model.model.layers.1.mlp.experts.5.down_proj.lora_B.weight"
		switch kind {
		case Llama:
			name = "base_model.model.model.layers.1.mlp.down_proj.lora_B.weight"
		case Mixtral:
			name = "base_model.model.model.layers.1.block_sparse_moe.experts.5.w2.lora_B.weight"
		}
		if x, err := file.Tensor(name); err != nil || !slices.Equal(x.Shape, []int{40, 5}) {
			t.Errorf("%s: %v, %v", kind, x, err)
		}
		file.Close()
		full.trainable = true
		if err := full.AddAdapter(everyTarget, 1); err == nil || !strings.Contains(err.Error(), "inference") {
			t.Errorf("%s: an adapter on a model that is trained: %v", kind, err)
		}
	}
}

// TestAdapterRefused: what an adapter asks and is not done is refused by name.
func TestAdapterRefused(t *testing.T) {
	plain := `{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "bias": "none"`
	for more, want := range map[string]string{
		`, "use_dora": true`:                     "use_dora",
		`, "rank_pattern": {"q_proj": 8}`:        "rank_pattern",
		`, "alpha_pattern": {"q_proj": 8}`:       "alpha_pattern",
		`, "modules_to_save": ["lm_head"]`:       "modules_to_save",
		`, "bias": "all"`:                        "bias",
		`, "lora_bias": true`:                    "lora_bias",
		`, "fan_in_fan_out": true`:               "fan_in_fan_out",
		`, "layer_replication": [[0, 1]]`:        "layer_replication",
		`, "target_parameters": ["mlp.experts"]`: "target_parameters",
		`, "trainable_token_indices": [1]`:       "trainable_token_indices",
		`, "init_lora_weights": "pissa"`:         "init_lora_weights",
		`, "something_new": 3`:                   "something_new",
		`, "r": 0`:                               "rank of 0",
		`, "r": "4"`:                             "r: json",
		`, "lora_alpha": -1`:                     "alpha of -1",
		`, "peft_type": "IA3"`:                   "peft_type",
	} {
		if _, err := parseAdapter([]byte(plain + more + "}")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", more, err)
		}
	}
	for _, text := range []string{"", "[]", "{}", `{"peft_type": "LORA"}`, `{"peft_type": "LORA", "r": 1}`} {
		if _, err := parseAdapter([]byte(text)); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	c, err := parseAdapter([]byte(plain + `, "use_rslora": true, "init_lora_weights": "gaussian", "lora_dropout": 0.5}`))
	if err != nil || c.scale() != 4 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestAdapterTensors: tensors that do not fit the model are refused by name, and
// leave it as it was.
func TestAdapterTensors(t *testing.T) {
	full := newModel(t, small(t, Llama))
	m := fixed(full)
	a, b := "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"
	zero := func(name string, out, in int) *tensor.Tensor {
		return tensor.FromF32(name, make([]float32, out*in), out, in)
	}
	for want, list := range map[string][]*tensor.Tensor{
		"lora_B.weight is missing":   {zero(a, 4, 40)},
		"has shape [4 41]":           {zero(a, 4, 41), zero(b, 48, 4)},
		"has shape [5 40]":           {zero(a, 5, 40), zero(b, 48, 5)},
		"lm_head":                    {zero(a, 4, 40), zero(b, 48, 4), zero("base_model.model.lm_head.lora_A.weight", 4, 40)},
		"no tensor base_model.model": {zero("x", 1, 1)},
		"layers.7":                   {zero(strings.Replace(a, ".0.", ".7.", 1), 4, 40)},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, adapterConfigName), `{"peft_type": "LORA", "r": 4, "lora_alpha": 8}`)
		if _, err := safetensors.Write(filepath.Join(dir, adapterWeightsName), list, nil); err != nil {
			t.Fatal(err)
		}
		if err := m.LoadAdapter(dir, true); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), adapterWeightsName) {
			t.Errorf("want %q: %v", want, err)
		}
		if _, ok := m.Adapter(); ok || len(m.Trained()) > 0 {
			t.Fatal("the model has an adapter after an error")
		}
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, adapterConfigName), `{"peft_type": "LORA", "r": 4, "lora_alpha": 8}`)
	write(t, filepath.Join(dir, "adapter_model.bin"), "pickle")
	if err := m.LoadAdapter(dir, false); err == nil || !strings.Contains(err.Error(), "pickle") {
		t.Error(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestAdapterDisk: whatever fails while an adapter is written, what was there
// before stays or is told from a whole one.
func TestAdapterDisk(t *testing.T) {
	full := newModel(t, small(t, Llama))
	old, next := adapted(t, full, everyTarget), adapted(t, full, AdapterConfig{Rank: 2, Alpha: 1, Targets: []string{"q_proj"}})
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	dir := t.TempDir()
	if err := next.SaveAdapter(dir, "", Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	for op := range disk.Ops() {
		disk.Reset()
		if err := old.SaveAdapter(dir, "", Provenance{}, nil); err != nil {
			t.Fatal(err)
		}
		disk.FailOp(op, syscall.ENOSPC)
		saved := next.SaveAdapter(dir, "", Provenance{}, nil)
		disk.Reset()
		m := fixed(full)
		if err := m.LoadAdapter(dir, false); err != nil {
			if saved == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("operation %d: %v after %v", op, err, saved)
			}
			continue
		}
		if c, _ := m.Adapter(); saved == nil && c.Rank != 2 {
			t.Errorf("operation %d: rank %d after %v", op, c.Rank, saved)
		}
	}
}

// FuzzAdapterConfig: any text is an adapter that can be checked, or an error.
func FuzzAdapterConfig(f *testing.F) {
	f.Add([]byte(`{"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]}`))
	f.Add([]byte(`{"peft_type":"LORA","r":1e9,"lora_alpha":1e400}`))
	files, err := filepath.Glob("testdata/peft/*/" + adapterConfigName)
	if err != nil || len(files) == 0 {
		f.Fatal(err, len(files))
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseAdapter(data)
		if err != nil {
			return
		}
		again, err := parseAdapter(c.marshal("", []string{"q_proj"}))
		if err != nil || again.Rank != c.Rank || again.Alpha != c.Alpha || again.RankStable != c.RankStable || !bytes.Contains(data, []byte("LORA")) {
			t.Errorf("%+v became %+v: %v", c, again, err)
		}
	})
}
