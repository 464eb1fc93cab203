package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// TestWriteGGUFRefuses: a Config that llama.cpp would compute otherwise is
// refused by the field's name.
func TestWriteGGUFRefuses(t *testing.T) {
	tests := []struct {
		kind, want string
		change     func(c *Config)
	}{
		{Mistral, "sliding_window", func(c *Config) { c.SlidingWindow = 9 }},
		{Qwen3, "sliding_window", func(c *Config) { c.SlidingWindow = 9 }},
		{Mellum, "sliding_rope_theta", func(c *Config) { c.SlidingRopeTheta = 1e3 }},
		{Mellum, "mlp_only_layers", func(c *Config) { c.MLPOnlyLayers = []int{1} }},
		{Mellum, "layer_types", func(c *Config) { c.LayerTypes, c.SlidingRopeTheta = nil, 1e3 }},
		{Qwen3, "sliding_window", func(c *Config) { c.SlidingWindow, c.LayerTypes = 9, []string{SlidingAttention, FullAttention} }},
		{Qwen3MoE, "router_bias", func(c *Config) { c.RouterBias = true }},
		{Mixtral, "shared_expert_intermediate_size", func(c *Config) { c.SharedExpertSize = 8 }},
		{Qwen3MoE, "mlp_only_layers", func(c *Config) { c.MLPOnlyLayers = []int{1} }},
		{Qwen3MoE, "decoder_sparse_step", func(c *Config) { c.DecoderSparseStep = 2 }},
		{Qwen3MoE, "num_experts", func(c *Config) { c.NumExperts = 0 }},
		{Qwen3MoE, "norm_topk_prob", func(c *Config) { c.NormTopKProb = false }},
		{OLMoE, "norm_topk_prob", func(c *Config) { c.NormTopKProb = true }},
		{OLMoE, "num_key_value_heads", func(c *Config) { c.NumKVHeads = 2 }},
		{OLMoE, "head_dim", func(c *Config) { c.HeadDim = 14 }},
		{Qwen2, "head_dim", func(c *Config) { c.HeadDim = 14 }},
		{Qwen3, "rope_type", func(c *Config) {
			c.RopeScaling = &RopeScaling{Type: RopeLlama3, Factor: 8, OriginalPositions: 32, LowFreqFactor: 1, HighFreqFactor: 4}
		}},
		{Qwen3, "attention_factor", func(c *Config) { c.RopeScaling.AttentionFactor = 2 }},
		{Qwen3, "beta_fast", func(c *Config) { c.RopeScaling.BetaFast = 8 }},
		{Llama, "eos_token_id", func(c *Config) { c.EOSTokenIDs = []int{1, 2, 3, 4} }},
		{Llama, "vocab_size", func(c *Config) { c.VocabSize = 0 }},
	}
	for _, tt := range tests {
		c := llamas(t)[tt.kind]
		tt.change(c)
		if err := CheckGGUF(c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v does not name %s", tt.kind, err, tt.want)
		}
	}
	m := newModel(t, llamas(t)[Llama])
	w, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	for want, choose := range map[string]Choice{
		"q_proj.weight: rows of 48": always(tensor.DTypeQ4K),
		`"I8"`:                      always(tensor.DTypeI8),
		`"F64"`:                     always(tensor.DTypeF64),
	} {
		if _, err := WriteGGUF(path, w, nil, choose, nil); err == nil || !strings.Contains(err.Error(), strings.Split(want, ": ")[len(strings.Split(want, ": "))-1]) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
	m = newModel(t, llamas(t)[Mixtral])
	if w, err = m.Weights(); err != nil {
		t.Fatal(err)
	}
	differ := func(t TensorInfo) tensor.DType {
		if strings.Contains(t.Name, "experts.1.w2") {
			return tensor.DTypeF16
		}
		return ""
	}
	if _, err := WriteGGUF(path, w, nil, differ, nil); err == nil || !strings.Contains(err.Error(), "experts.1.w2") {
		t.Errorf("experts of different formats in one tensor: %v", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("a file was written: %v", err)
	}
}

// TestWriteGGUFFaults: whatever fails, the file at the path is whole: the old
// one or the new.
func TestWriteGGUFFaults(t *testing.T) {
	m := newModel(t, llamas(t)[Llama])
	w, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	mustWriteGGUF(t, path, w, always(tensor.DTypeBF16))
	before := readFile(t, path)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	mustWriteGGUF(t, path, w, always(tensor.DTypeF32))
	after := readFile(t, path)
	ops := disk.Ops()
	for op := range ops {
		mustWrite(t, path, before)
		disk.Reset()
		disk.FailOp(op, os.ErrPermission)
		_, err := WriteGGUF(path, w, []gguf.Pair{{Key: "general.name", Value: "test"}}, always(tensor.DTypeF32), nil)
		got := readFile(t, path)
		if string(got) != string(before) && string(got) != string(after) {
			t.Fatalf("after a failure of operation %d (%v) the file is neither the old one nor the new", op, err)
		}
		if err == nil && string(got) != string(after) {
			t.Fatalf("operation %d failed, and nobody said so", op)
		}
	}
	for n := int64(0); n < int64(len(after)); n += 4999 {
		mustWrite(t, path, before)
		disk.Reset()
		disk.FailAtByte(n, os.ErrDeadlineExceeded)
		if _, err := WriteGGUF(path, w, nil, always(tensor.DTypeF32), nil); err == nil || string(readFile(t, path)) != string(before) {
			t.Fatalf("the disk was full after %d bytes: %v", n, err)
		}
	}
}

// TestProgress: what is told adds up to the tensors' sizes.
func TestProgress(t *testing.T) {
	m := newModel(t, llamas(t)[Mixtral])
	w, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	var done, total int64
	tell := func(d, n int64) {
		if d < done || d > n {
			t.Errorf("%d of %d after %d", d, n, done)
		}
		done, total = d, n
	}
	dir := t.TempDir()
	if _, err := WriteGGUF(filepath.Join(dir, "m.gguf"), w, nil, always(""), tell); err != nil || done != total || total != w.SizeBytes() {
		t.Errorf("%d of %d bytes, %v", done, total, err)
	}
	done = 0
	mustWriteDir(t, filepath.Join(dir, "d"), w, DirOptions{DType: tensor.DTypeF16, MaxShardBytes: 40000, Progress: tell})
	if done != total || 2*total != w.SizeBytes() {
		t.Errorf("%d of %d bytes", done, total)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "d", "model-*")); len(files) < 2 {
		t.Errorf("files %v", files)
	}
	if _, err := Verify(filepath.Join(dir, "d")); err != nil {
		t.Error(err)
	}
	back := mustLoad(t, filepath.Join(dir, "d"), LoadOptions{})
	if back.Config().NumExperts != m.Config().NumExperts {
		t.Error("another model")
	}
	if err := WriteDir(filepath.Join(dir, "e"), w, DirOptions{DType: tensor.DTypeQ8_0}); err == nil || !strings.Contains(err.Error(), "Q8_0") {
		t.Errorf("a directory in Q8_0: %v", err)
	}
}

// TestWriteDirFaults: whatever fails, the directory is no model, or the whole.
func TestWriteDirFaults(t *testing.T) {
	src := mustOpen(t, writeLlama(t))
	b := documents(97, 40, 9)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	whole := filepath.Join(t.TempDir(), "m")
	mustWriteDir(t, whole, src, DirOptions{MaxShardBytes: 30000})
	m := mustLoad(t, whole, LoadOptions{})
	want := allLogits(t, m, NewWorkspace(m, 49, false), b)
	for op := range disk.Ops() {
		disk.Reset()
		disk.FailOp(op, os.ErrPermission)
		dir := filepath.Join(t.TempDir(), "m")
		failed := WriteDir(dir, src, DirOptions{MaxShardBytes: 30000})
		back, err := Load(dir, false)
		if err != nil {
			if failed == nil {
				t.Errorf("operation %d failed, nobody said so, and the model does not open: %v", op, err)
			}
			continue
		}
		mustEqual(t, "after a failure", allLogits(t, back, NewWorkspace(back, 49, false), b), want)
		if err := back.Close(); err != nil {
			t.Error(err)
		}
	}
}
