package model

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// towerShape is a small tower.
func towerShape() *vision.Config {
	v := vision.Default()
	v.ImageSize, v.PatchSize, v.HiddenSize, v.IntermediateSize, v.NumLayers, v.NumHeads, v.ImageTokenID = 16, 8, 32, 48, 2, 2, 5
	return &v
}

// writeSigLIP writes a SigLIP model as transformers saves it: under names with
// or without "vision_model.", with what else such files hold.
func writeSigLIP(t *testing.T, config, prefix string) (dir string, tower *vision.Tower) {
	t.Helper()
	tower = vision.New(towerShape(), 64)
	list := []*tensor.Tensor{tensor.FromF32("logit_scale", []float32{1}, 1), tensor.FromF32("vision_model.head.probe", make([]float32, 32), 1, 1, 32)}
	for i, p := range tower.Params() {
		p.Alloc(true)
		p.Init(uint64(100 + i))
		for j := range p.Master {
			p.Master[j] += float32(j%7) / 64
		}
		for _, part := range p.Parts {
			if rest, ok := strings.CutPrefix(part.Name, "vision_tower.vision_model."); ok {
				list = append(list, tensor.FromF32(prefix+rest, slices.Clone(p.PartOf(part, p.Group(part.Group))), p.PartShape(part)...))
			}
		}
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, configName), []byte(config), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := safetensors.Write(filepath.Join(dir, "model.safetensors"), list, nil); err != nil {
		t.Fatal(err)
	}
	return dir, tower
}

const (
	sigLIPVision = `{"architectures": ["SiglipVisionModel"], "model_type": "siglip_vision_model", "hidden_size": 32, "intermediate_size": 48,
 "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 16, "patch_size": 8, "num_channels": 3, "hidden_act": "gelu_pytorch_tanh",
 "layer_norm_eps": 1e-06, "attention_dropout": 0.0, "dtype": "float32", "transformers_version": "5.24.0"}`
	sigLIPWhole = `{"architectures": ["SiglipModel"], "model_type": "siglip", "initializer_factor": 1.0, "text_config": {"vocab_size": 9},
 "vision_config": {"model_type": "siglip_vision_model", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
 "num_attention_heads": 2, "image_size": 16, "patch_size": 8}}`
)

// TestJoin: decoder and tower have the bits of their sources, and what has no
// source those of New.
func TestJoin(t *testing.T) {
	cfg := small(t, Qwen3MoE)
	text, err := New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(t.TempDir(), "base")
	if err := text.Save(base, Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	if text, err = Load(base, true); err != nil { // rounded
		t.Fatal(err)
	}
	for config, prefix := range map[string]string{sigLIPVision: "", sigLIPWhole: "vision_model."} {
		dir, tower := writeSigLIP(t, config, prefix)
		v, hash, err := ReadTower(dir)
		if err != nil {
			t.Fatal(err)
		}
		if want := towerShape(); v.HiddenSize != want.HiddenSize || v.NumLayers != want.NumLayers || v.Patches() != want.Patches() || v.FeatureLayer != -1 || len(hash) != 64 {
			t.Errorf("%+v, hash %q", v, hash)
		}
		seeing := *cfg
		v.ImageTokenID = 5
		seeing.Vision = v
		m, err := Join(&seeing, Sources{Decoder: base, Tower: dir}, 7)
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := New(&seeing, 7)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range m.Params() {
			want := fresh.Params()[i].Master
			switch {
			case i < len(text.Params()):
				want = text.Params()[i].Master
			case strings.HasPrefix(p.Name, "vision_tower."):
				want = tower.Params()[i-len(text.Params())].Master
			}
			if !slices.Equal(p.Master, want) || len(p.Grad) != len(p.Master) {
				t.Errorf("%s is not what its source has", p.Name)
			}
		}
	}
}

// TestTowerHash: how pictures become numbers is a part of a tower.
func TestTowerHash(t *testing.T) {
	dir, _ := writeSigLIP(t, sigLIPVision, "")
	known := map[string]string{}
	for _, content := range []string{"", `{"image_mean": [0.5, 0.5, 0.5]}`, `{"image_mean": [0.25, 0.5, 0.5]}`} {
		if content != "" {
			if err := os.WriteFile(filepath.Join(dir, preprocessorName), []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		_, hash, err := ReadTower(dir)
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := known[hash]; ok {
			t.Errorf("%q has the hash of %q", content, before)
		}
		known[hash] = content
	}
}

// TestReadTowerErrors: what is no tower, or another's, is named.
func TestReadTowerErrors(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base")
	m, err := New(small(t, Qwen3MoE), 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save(base, Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(base, "missing")
	if _, _, err := ReadTower(missing); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), missing+": there is no such model") {
		t.Errorf("a model that is not there: %v", err)
	}
	if _, _, err := ReadTower(base); err == nil || !strings.Contains(err.Error(), "the model has no vision tower") {
		t.Error(err)
	}
	for old, want := range map[string]string{
		`"gelu_pytorch_tanh"`: "hidden_act", `"num_channels": 3`: "num_channels", `"patch_size": 8`: "image_size is 16",
	} {
		config := strings.Replace(sigLIPVision, old, map[string]string{`"gelu_pytorch_tanh"`: `"relu"`, `"num_channels": 3`: `"num_channels": 1`, `"patch_size": 8`: `"patch_size": 7`}[old], 1)
		dir, _ := writeSigLIP(t, config, "")
		if _, _, err := ReadTower(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	dir, _ := writeSigLIP(t, sigLIPVision, "other.")
	cfg := *small(t, Qwen3MoE)
	cfg.Vision = towerShape()
	if _, err := Join(&cfg, Sources{Tower: dir}, 1); err == nil || !strings.Contains(err.Error(), "there is no tensor") {
		t.Error(err)
	}
}

// FuzzSigLIP: any bytes are a shape that can be, or an error.
func FuzzSigLIP(f *testing.F) {
	f.Add([]byte(sigLIPVision))
	f.Add([]byte(`{"model_type": "siglip_vision_model", "image_size": -1}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := parseSigLIP(data)
		if err != nil {
			return
		}
		if err := v.Validate(); err != nil {
			t.Errorf("%s: %v", data, err)
		}
	})
}
