package modelfile

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// overwrite changes bytes of a file.
func overwrite(t *testing.T, path string, at int64, data []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(data, at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustFail(t *testing.T, path string, want ...string) {
	t.Helper()
	_, err := Verify(t.Context(), path, nil)
	for _, text := range want {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q", path, err, text)
		}
	}
}

func TestVerify(t *testing.T) {
	dir := smallModel(t, model.Mixtral)
	c, err := Verify(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if params, _ := smallConfig(t, model.Mixtral).Params(); c.Weights != params || c.Manifest == nil || c.Kind != "directory" {
		t.Errorf("%+v, and the model has %d parameters", c, params)
	}
	if err := os.Remove(filepath.Join(dir, model.ManifestName)); err != nil {
		t.Fatal(err)
	}
	if c, err = Verify(t.Context(), dir, nil); err != nil || c.Manifest != nil {
		t.Errorf("%+v, %v", c, err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Verify(stopped, dir, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}

	// A NaN in the middle of a weight.
	const name = "model.layers.1.self_attn.o_proj.weight"
	weights := filepath.Join(dir, "model.safetensors")
	f, err := safetensors.Open(weights)
	if err != nil {
		t.Fatal(err)
	}
	at, err := f.Locate(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	overwrite(t, weights, at.Offset+2*20_001, tensor.Bytes([]tensor.BF16{tensor.FromFloat32(float32(math.NaN()))}))
	mustFail(t, dir, "tensor "+name, "number 20001 is not finite")
}

func TestVerifyGGUF(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	convert(t, smallModel(t, model.Qwen3), path, Options{DType: tensor.DTypeQ4K})
	if c, err := Verify(t.Context(), path, nil); err != nil || c.Kind != "GGUF" {
		t.Errorf("%+v, %v", c, err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	at, err := f.Locate("blk.0.ffn_up.weight")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	sound := mustRead(t, path)
	// The second block's scale becomes infinite.
	overwrite(t, path, at.Offset+144, []byte{0x00, 0x7c})
	mustFail(t, path, "tensor model.layers.0.mlp.up_proj.weight", "number 256 is not finite")
	for _, size := range []int{0, 3, 20, 1000, len(sound) / 2, len(sound) - 1} {
		if err := os.WriteFile(path, sound[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		mustFail(t, path, "m.gguf")
		if _, err := Inspect(path); err == nil {
			t.Errorf("%d bytes of it are described", size)
		}
		if _, err := Fingerprint(path); err == nil {
			t.Errorf("%d bytes of it have a fingerprint", size)
		}
	}
}

func TestFingerprint(t *testing.T) {
	dir := smallModel(t, model.Llama)
	path := filepath.Join(filepath.Dir(dir), "m.gguf")
	convert(t, dir, path, Options{})
	for of, file := range map[string]string{path: path, dir: filepath.Join(dir, model.ManifestName)} {
		want, err := atomicfile.Hash(file)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Fingerprint(of); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", of, got, err, want)
		}
		if got, err := Parent(of); err != nil || got != want {
			t.Errorf("%s: parent %s, %v; want %s", of, got, err, want)
		}
		if got, err := ContentHash(t.Context(), of); err != nil || got != want && of == dir || got == "" {
			t.Errorf("%s: content %s, %v; want %s", of, got, err, want)
		}
	}
	if err := os.Remove(filepath.Join(dir, model.ManifestName)); err != nil {
		t.Fatal(err)
	}
	bare, err := Fingerprint(dir)
	if err != nil || len(bare) != 64 {
		t.Errorf("%q, %v", bare, err)
	}
	if parent, err := Parent(dir); err != nil || parent != "" {
		t.Errorf("parent %q, %v", parent, err)
	}
	content, err := ContentHash(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join(dir, "model.safetensors")
	data := mustRead(t, weights)
	data[len(data)-1] ^= 1 // other weights of the same size
	if err := os.WriteFile(weights, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if again, err := ContentHash(t.Context(), dir); err != nil || again == content {
		t.Errorf("other weights have the content %s, %v", again, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := ContentHash(ended, dir); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// A directory with nothing but a GGUF file is that file.
	alone := t.TempDir()
	if err := os.Rename(path, filepath.Join(alone, "only [1].gguf")); err != nil {
		t.Fatal(err)
	}
	if tok, err := Tokenizer(alone); err != nil || tok.VocabSize() != smallTokenizer().VocabSize() {
		t.Errorf("no tokenizer in %s: %v", alone, err)
	}
}

func TestInspect(t *testing.T) {
	dir := smallModel(t, model.Qwen3MoE)
	d, err := Inspect(dir)
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, p := range d.Parts {
		sum += p.Weights
	}
	if sum != d.Parameters || !d.Verified || !d.Template.Present || d.License.Name != "as-you-like" || len(d.License.Files) != 1 || d.Tokenizer.EOS != "<|endoftext|>" {
		t.Errorf("%+v", d)
	}
	// 2 layers of 2 heads of keys and of values, each 64 numbers of 2 bytes.
	if d.Memory.CachePerToken != 2*2*2*64*2 || d.Memory.Weights < d.WeightBytes/2 {
		t.Errorf("memory %+v", d.Memory)
	}
	for name, text := range map[string]string{tokenizerName: `{"decoder": {"type": "WordPiece"}}`, tokenizerConfigName: `{"chat_template": "{% for %}"}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Inspect(dir); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("a directory that does not match: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, model.ManifestName)); err != nil {
		t.Fatal(err)
	}
	if d, err = Inspect(dir); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(d.Tokenizer.Problem, "WordPiece") || d.Template.Problem == "" || d.Verified {
		t.Errorf("%+v, %+v", d.Tokenizer, d.Template)
	}
	// Its weights can be converted all the same.
	convert(t, dir, filepath.Join(t.TempDir(), "copy"), Options{})
	if _, err := Convert(t.Context(), dir, filepath.Join(t.TempDir(), "m.gguf"), Options{}); err == nil || !strings.Contains(err.Error(), "WordPiece") {
		t.Errorf("got %v", err)
	}
}

func TestTokenizerJSON(t *testing.T) {
	dir := smallModel(t, model.Llama)
	path := filepath.Join(t.TempDir(), "m.gguf")
	convert(t, dir, path, Options{})
	file := filepath.Join(dir, tokenizerName)
	for _, from := range []string{dir, file} {
		if text, err := TokenizerJSON(from); err != nil || !bytes.Equal(text, mustRead(t, file)) {
			t.Errorf("%s: %v", from, err)
		}
	}
	made, err := TokenizerJSON(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(made, []byte(`"vocab"`)) {
		t.Errorf("made %.100s", made)
	}
}

// TestVerifyReward: a reward model is checked like another, though nothing here
// takes it for a language model.
func TestVerifyReward(t *testing.T) {
	w, err := model.OpenWeights(smallModel(t, model.Llama))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	cfg := *w.Config()
	cfg.Scalar = true
	score := make([]float32, cfg.HiddenSize)
	reward, err := model.NewWeights(&cfg, func(string) tensor.DType { return tensor.DTypeF32 }, func(name string) (*tensor.Tensor, error) {
		if name == model.ScoreName {
			return tensor.FromF32(name, score, 1, len(score)), nil
		}
		x, err := w.Tensor(name)
		if err != nil {
			return nil, err
		}
		data := make([]float32, x.Len())
		return tensor.FromF32(name, data, x.Shape...), x.CopyF32(data)
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := model.WriteDir(dir, reward, model.DirOptions{}); err != nil {
		t.Fatal(err)
	}
	c, err := Verify(t.Context(), dir, nil)
	if params, _ := cfg.Params(); err != nil || c.Weights != params || c.Manifest == nil {
		t.Errorf("%+v, %v", c, err)
	}
	score[3] = float32(math.Inf(1))
	if err := model.WriteDir(dir, reward, model.DirOptions{}); err != nil {
		t.Fatal(err)
	}
	mustFail(t, dir, "score.weight: number 3 is not finite")
}
