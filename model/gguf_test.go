package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// llamas are configurations that llama.cpp computes too, of every model type
// and every way they may differ, narrow ones and ones whose rows take blocks.
func llamas(t testing.TB) map[string]*Config {
	all := map[string]*Config{}
	for _, kind := range modelTypes {
		for _, wide := range []bool{false, true} {
			c := small(t, kind)
			c.SlidingWindow, c.EOSTokenIDs, c.BOSTokenID, c.PadTokenID = 0, []int{5, 7}, 3, -1
			c.MaxPositions = 256
			c.HiddenSize, c.HeadDim = 48, 0
			if wide {
				c.HiddenSize, c.HeadDim, c.IntermediateSize, c.NumHeads = 256, 64, 256, 4
				if c.NumExperts > 0 {
					c.MoEIntermediateSize = 256
				}
			}
			if kind == OLMoE {
				c.NumKVHeads, c.NormTopKProb, c.HeadDim = c.NumHeads, false, 0
			}
			name := kind
			switch {
			case wide:
				name += " wide"
			case kind == Llama:
				c.RopeScaling = &RopeScaling{Type: RopeLlama3, Factor: 8, OriginalPositions: 32, LowFreqFactor: 1, HighFreqFactor: 4}
			case kind == Qwen2:
				c.RopeScaling = &RopeScaling{Type: RopeLinear, Factor: 2}
			case kind == Qwen3:
				c.RopeScaling = &RopeScaling{Type: RopeYaRN, Factor: 4, OriginalPositions: 64}
			}
			c.TieEmbeddings = wide != (kind == Qwen3 || kind == OLMoE)
			if err := CheckGGUF(c); err != nil {
				t.Fatal(err)
			}
			all[name] = c
		}
	}
	return all
}

func always(d tensor.DType) Choice { return func(TensorInfo) tensor.DType { return d } }

// mustOpen opens weights until the test ends.
func mustOpen(t testing.TB, path string) *Weights {
	t.Helper()
	w, err := OpenWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func mustLoad(t testing.TB, path string, o LoadOptions) *Model {
	t.Helper()
	w, err := OpenWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := LoadWeights(w, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func mustWriteGGUF(t testing.TB, path string, w *Weights, choose Choice) {
	t.Helper()
	sum, err := WriteGGUF(path, w, []gguf.Pair{{Key: "general.name", Value: "test"}}, choose, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := atomicfile.Hash(path); err != nil || sum != want {
		t.Errorf("hash %s, want %s (%v)", sum, want, err)
	}
}

func mustWriteDir(t testing.TB, dir string, w *Weights, o DirOptions) {
	t.Helper()
	if err := WriteDir(dir, w, o); err != nil {
		t.Fatal(err)
	}
}

// TestGGUFRoundTrip: a directory written as GGUF opens as the same model, and
// written as a directory again is the same file of weights.
func TestGGUFRoundTrip(t *testing.T) {
	for name, c := range llamas(t) {
		m := newModel(t, c)
		b := documents(97, 40, 9)
		want := allLogits(t, m, NewWorkspace(m, 49, false), b)
		dir := t.TempDir()
		if err := m.Save(filepath.Join(dir, "a"), Provenance{}, nil); err != nil {
			t.Fatal(err)
		}
		first := readFile(t, filepath.Join(dir, "a", weightsName))
		formats := []tensor.DType{tensor.DTypeF32, tensor.DTypeBF16, ""}
		if strings.HasSuffix(name, "wide") {
			formats = formats[2:]
		}
		for _, d := range formats {
			path := filepath.Join(dir, "m.gguf")
			mustWriteGGUF(t, path, mustOpen(t, filepath.Join(dir, "a")), always(d))
			for _, trainable := range []bool{false, true} {
				back := mustLoad(t, path, LoadOptions{Trainable: trainable})
				mustEqual(t, name+" "+string(d), allLogits(t, back, NewWorkspace(back, 49, false), b), want)
			}
			w := mustOpen(t, path)
			checkSameModel(t, name, w.Config(), c)
			mustWriteDir(t, filepath.Join(dir, "b"+string(d)), w, DirOptions{})
			again := readFile(t, filepath.Join(dir, "b"+string(d), weightsName))
			if untied := c.TieEmbeddings && c.ModelType == OLMoE; !untied && string(again) != string(first) {
				t.Errorf("%s, %s: written as a directory again, the weights differ", name, d)
			}
			// From GGUF to GGUF nothing changes either.
			mustWriteGGUF(t, path+"2", w, always(d))
			if c.ModelType != OLMoE && string(readFile(t, path)) != string(readFile(t, path+"2")) {
				t.Errorf("%s, %s: written as GGUF again, the file differs", name, d)
			}
		}
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checkSameModel compares what a GGUF file can say of a Config.
func checkSameModel(t *testing.T, name string, got, c *Config) {
	t.Helper()
	want := *c
	want.RouterAuxLossCoef, want.InitStd = got.RouterAuxLossCoef, got.InitStd // for training only
	want.HeadDim, want.DecoderSparseStep = got.HeadDim, got.DecoderSparseStep // defaults written out
	if want.ModelType == Mistral {
		want.ModelType = Llama
	}
	if want.ModelType == OLMoE {
		want.TieEmbeddings = false
	}
	if diff := cmp.Diff(&want, got); diff != "" || got.headDim() != c.headDim() {
		t.Errorf("%s: the Config differs:\n%s", name, diff)
	}
}

// TestGGUFBlocks: a file in formats of blocks gives the bits of the bf16 model
// that is made of it, whether it is loaded as it is, as bf16, or for training.
func TestGGUFBlocks(t *testing.T) {
	formats := []tensor.DType{
		tensor.DTypeQ8_0, tensor.DTypeQ4_0, tensor.DTypeMXFP4, tensor.DTypeQ4K, tensor.DTypeQ5K, tensor.DTypeQ6K,
	}
	choices := map[string]Choice{
		"mixed": func(t TensorInfo) tensor.DType {
			i := len(t.Name) + 5*int(t.Role) + 3*t.Layer
			if t.Role == RoleExpert { // one for a stack
				i = t.Layer
				if strings.Contains(t.Name, "up_proj") || strings.Contains(t.Name, "w3") {
					return tensor.DTypeBF16
				}
			}
			return append(slices.Clone(formats), tensor.DTypeF16, tensor.DTypeBF16)[i%8]
		},
	}
	for _, d := range formats {
		choices[string(d)] = always(d)
	}
	names := slices.Sorted(maps.Keys(choices))
	for i, kind := range modelTypes {
		c := llamas(t)[kind+" wide"]
		c.NumLayers = 1
		src, err := newModel(t, c).Weights()
		if err != nil {
			t.Fatal(err)
		}
		for _, what := range []string{names[i%len(names)], "mixed"} { // each somewhere
			testBlocks(t, kind+" "+what, src, choices[what])
		}
	}
	odd := llamas(t)[Mixtral+" wide"] // rows that do not fill panels
	odd.NumLayers, odd.NumKVHeads, odd.HeadDim = 1, 1, 16
	src, err := newModel(t, odd).Weights()
	if err != nil {
		t.Fatal(err)
	}
	testBlocks(t, "odd", src, choices["Q8_0"])
}

func testBlocks(t *testing.T, name string, src *Weights, choose Choice) {
	path, dir := filepath.Join(t.TempDir(), "m.gguf"), t.TempDir()
	mustWriteGGUF(t, path, src, choose)
	w := mustOpen(t, path)
	mustWriteDir(t, dir, w, DirOptions{})
	b := documents(97, 40, 9)
	plain := mustLoad(t, dir, LoadOptions{})
	want := allLogits(t, plain, NewWorkspace(plain, 49, false), b)
	for _, o := range []LoadOptions{{}, {Plain: true}, {Trainable: true}} {
		m := mustLoad(t, path, o)
		mustEqual(t, fmt.Sprintf("%s %+v", name, o), allLogits(t, m, NewWorkspace(m, 49, false), b), want)
		if o == (LoadOptions{}) && m.SizeBytes() >= plain.SizeBytes() && !strings.Contains(name, "mixed") {
			t.Errorf("%s: %d bytes in memory, %d as bf16", name, m.SizeBytes(), plain.SizeBytes())
		}
	}
	for _, info := range w.Tensors() {
		got, err := w.Tensor(info.Name)
		if err != nil || got.DType != info.DType {
			t.Fatalf("%s: %+v, %v", info.Name, got, err)
		}
		checkTensor(t, src, got, info)
	}
}

// checkTensor compares got with the tensor of src encoded and decoded.
func checkTensor(t *testing.T, src *Weights, got *tensor.Tensor, info TensorInfo) {
	t.Helper()
	name := info.Name
	if _, ok := src.at[name]; !ok && name == headName {
		name = embedName
	}
	from, err := src.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	want := from.F32()
	if info.DType != tensor.DTypeF32 {
		size, _ := tensor.SizeBytes(info.DType, info.Shape)
		data := tensor.AlignedCopy(make([]byte, size))
		if err := encodeNumbers(data, info.DType, want, &rowScratch{}); err != nil {
			t.Fatal(err)
		}
		if string(data) != string(got.Data) {
			t.Errorf("%s in %s: other bytes than of the whole tensor encoded at once", name, info.DType)
		}
	}
	if !slices.Equal(got.Shape, info.Shape) {
		t.Errorf("%s has shape %v, and %v was said", name, got.Shape, info.Shape)
	}
}

// TestInterleaved compares with the definition: [heads, 2, half] becomes
// [heads, half, 2].
func TestInterleaved(t *testing.T) {
	const heads, half = 3, 4
	at := 0
	for h := range heads {
		for i := range half {
			for s := range 2 {
				row := (h*2+s)*half + i
				if got := interleaved(row, 2*half); got != at {
					t.Errorf("row %d goes to %d, want %d", row, got, at)
				}
				if got := parted(at, 2*half); got != row {
					t.Errorf("row %d comes from %d, want %d", at, got, row)
				}
				at++
			}
		}
	}
}

// TestGGUFApartExperts: files from before experts were stacked open too.
func TestGGUFApartExperts(t *testing.T) {
	c := llamas(t)[Mixtral]
	m := newModel(t, c)
	dir := t.TempDir()
	path := filepath.Join(dir, "stacked.gguf")
	w, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	mustWriteGGUF(t, path, w, always(tensor.DTypeF32))
	file, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var list []tensor.Source
	for _, name := range file.Names() {
		s, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		base, stacked := strings.CutSuffix(name, "_exps.weight")
		if !stacked {
			list = append(list, s.Source())
			continue
		}
		size := len(s.Data) / c.NumExperts
		for e := range c.NumExperts {
			one := &tensor.Tensor{Name: fmt.Sprintf("%s.%d.weight", base, e), DType: s.DType, Shape: s.Shape[1:], Data: s.Data[e*size : (e+1)*size]}
			list = append(list, one.Source())
		}
	}
	apart := filepath.Join(dir, "apart.gguf")
	if _, err := gguf.Write(apart, file.Metadata().Pairs(), list); err != nil {
		t.Fatal(err)
	}
	b := documents(97, 40, 9)
	a, z := mustLoad(t, path, LoadOptions{}), mustLoad(t, apart, LoadOptions{})
	mustEqual(t, "apart", allLogits(t, z, NewWorkspace(z, 49, false), b), allLogits(t, a, NewWorkspace(a, 49, false), b))
}

// TestWriteGGUFRefuses: a Config that llama.cpp would compute otherwise is
// refused by the field's name.
func TestWriteGGUFRefuses(t *testing.T) {
	tests := []struct {
		kind, want string
		change     func(c *Config)
	}{
		{Mistral, "sliding_window", func(c *Config) { c.SlidingWindow = 9 }},
		{Qwen3, "sliding_window", func(c *Config) { c.SlidingWindow = 9 }},
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

// TestLlama3Factors: the rule is found in factors that another program computed
// in float32, with the bounds of the Llamas and with others.
func TestLlama3Factors(t *testing.T) {
	c := llamas(t)["llama wide"]
	c.RopeTheta, c.MaxPositions, c.HeadDim = 500000, 131072, 128
	for _, s := range []RopeScaling{
		{Factor: 8, LowFreqFactor: 1, HighFreqFactor: 4, OriginalPositions: 8192},
		{Factor: 32, LowFreqFactor: 1, HighFreqFactor: 4, OriginalPositions: 8192},
		{Factor: 4, LowFreqFactor: 1.5, HighFreqFactor: 6.25, OriginalPositions: 131072},
	} {
		factors := make([]float32, 64)
		for i := range factors {
			f := float32(1 / math.Pow(500000, float64(float32(2*i)/128)))
			wave := 2 * math.Pi / float64(f)
			n := float64(s.OriginalPositions)
			switch {
			case wave < n/s.HighFreqFactor:
				factors[i] = 1
			case wave > n/s.LowFreqFactor:
				factors[i] = float32(s.Factor)
			default:
				smooth := (n/wave - s.LowFreqFactor) / (s.HighFreqFactor - s.LowFreqFactor)
				factors[i] = float32(1 / ((1-smooth)/s.Factor + smooth))
			}
		}
		s.Type = RopeLlama3
		got := *c
		facts := ggufFacts{factors: func() ([]float32, error) { return factors, nil }}
		if err := got.ggufFactors(facts, got.MaxPositions); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&s, got.RopeScaling); diff != "" {
			t.Errorf("found another rule:\n%s", diff)
		}
		factors[20] = 3
		if err := new(*c).ggufFactors(facts, 131072); err == nil || !strings.Contains(err.Error(), ggufRopeFreqs) {
			t.Errorf("factors of no rule: %v", err)
		}
	}
}

// TestGGUFMetadata: bad metadata is refused by the key's name.
func TestGGUFMetadata(t *testing.T) {
	tests := []struct {
		kind, key string
		value     any // nil = missing
		want      string
	}{
		{Llama, "general.architecture", nil, "general.architecture is missing"},
		{Llama, "general.architecture", "gemma3", "gemma3"},
		{Llama, "general.architecture", uint32(3), "general.architecture is 3"},
		{Llama, "general.type", "adapter", "general.type is adapter"},
		{Llama, "llama.block_count", nil, "llama.block_count: missing"},
		{Llama, "llama.block_count", "two", "llama.block_count: two"},
		{Llama, "llama.block_count", uint64(math.MaxUint64), "llama.block_count"},
		{Llama, "llama.block_count", int32(-2), "num_hidden_layers is -2"},
		{Llama, "llama.embedding_length", uint32(1 << 31), "hidden_size"},
		{Llama, "llama.context_length", nil, "llama.context_length: missing"},
		{Llama, "llama.feed_forward_length", []int32{64, 65}, "llama.feed_forward_length: layer 1 has 65"},
		{Llama, "llama.feed_forward_length", []int32{}, "llama.feed_forward_length"},
		{Llama, "llama.feed_forward_length", nil, "llama.feed_forward_length: missing"},
		{Llama, "llama.attention.head_count", uint32(0), "num_attention_heads is 0"},
		{Llama, "llama.attention.head_count", float32(4), "llama.attention.head_count"},
		{Llama, "llama.attention.head_count_kv", uint32(3), "num_key_value_heads 3"},
		{Llama, "llama.attention.key_length", uint32(13), "llama.attention.value_length"},
		{Llama, "llama.attention.value_length", uint32(2), "llama.attention.value_length"},
		{Llama, "llama.attention.sliding_window", uint32(9), "llama.attention.sliding_window"},
		{Llama, "llama.attention.causal", false, "llama.attention.causal"},
		{Llama, "llama.attention.scale", float32(0.1), "llama.attention.scale: this decoder does not know"},
		{Llama, "llama.logit_scale", float32(0.1), "llama.logit_scale"},
		{Llama, "llama.attention.layer_norm_rms_epsilon", nil, "llama.attention.layer_norm_rms_epsilon: missing"},
		{Llama, "llama.attention.layer_norm_rms_epsilon", float32(math.NaN()), "llama.attention.layer_norm_rms_epsilon: NaN"},
		{Llama, "llama.attention.layer_norm_rms_epsilon", uint32(1), "llama.attention.layer_norm_rms_epsilon"},
		{Llama, "llama.vocab_size", uint32(96), "llama.vocab_size: is 96"},
		{Llama, "llama.rope.dimension_count", uint32(6), "llama.rope.dimension_count"},
		{Llama, "llama.rope.dimension_sections", []int32{1, 2}, "llama.rope.dimension_sections"},
		{Llama, "llama.rope.scaling.type", "longrope", "longrope"},
		{Llama, "llama.rope.scaling.type", true, "llama.rope.scaling.type"},
		{Llama, "llama.rope.scaling.attn_factor", float32(2), "llama.rope.scaling.attn_factor"},
		{Llama, "llama.rope.scaling.factor", float32(0.5), "rope_scaling.factor"},
		{Llama, "llama.rope.scaling.yarn_log_multiplier", float32(0.5), "yarn_log_multiplier"},
		{Llama, "llama.expert_used_count", uint32(2), "llama.expert_used_count"},
		{Llama, "tokenizer.ggml.eos_token_id", uint32(97), "tokenizer.ggml.eos_token_id is 97"},
		{Llama, "tokenizer.ggml.bos_token_id", "x", "tokenizer.ggml.bos_token_id"},
		{Mixtral, "llama.expert_used_count", nil, "llama.expert_used_count: missing"},
		{Mixtral, "llama.expert_used_count", uint32(99), "num_experts_per_tok is 99"},
		{Mixtral, "llama.expert_weights_scale", float32(2), "llama.expert_weights_scale"},
		{Mixtral, "llama.expert_gating_func", uint32(2), "llama.expert_gating_func"},
		{Mixtral, "llama.expert_shared_count", uint32(1), "llama.expert_shared_count"},
		{Mixtral, "llama.expert_weights_norm", false, "llama.expert_weights_norm"},
		{OLMoE, "olmoe.expert_count", uint32(0), "num_experts is 0"},
		{Qwen3MoE, "qwen3moe.expert_shared_feed_forward_length", uint32(64), "qwen3moe.expert_shared_feed_forward_length"},
		{Qwen3MoE, "qwen3moe.leading_dense_block_count", uint32(1), "qwen3moe.leading_dense_block_count"},
		{Qwen3, "qwen3.expert_count", uint32(4), "qwen3.expert_count"},
		{Qwen3, "qwen3.rope.scaling.yarn_ext_factor", float32(0.5), "qwen3.rope.scaling.yarn_ext_factor"},
	}
	for _, tt := range tests {
		c := llamas(t)[tt.kind]
		if tt.kind == Llama {
			c.RopeScaling = nil
		}
		pairs := slices.DeleteFunc(ggufPairs(c, nil), func(p gguf.Pair) bool { return p.Key == tt.key })
		if tt.value != nil {
			pairs = append(pairs, gguf.Pair{Key: tt.key, Value: tt.value})
		}
		_, err := parseGGUF(pairs, factsOf(c))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s = %v: error %v does not say %q", tt.key, tt.value, err, tt.want)
		}
	}
}

func factsOf(c *Config) ggufFacts {
	return ggufFacts{
		shape: func(name string) []int {
			if name == ggufHead && c.TieEmbeddings {
				return nil
			}
			return []int{c.VocabSize, c.HiddenSize}
		},
		factors: func() ([]float32, error) { return nil, nil },
	}
}

// TestGGUFHarmless: keys that change nothing are taken, and real files' ways of
// saying a thing.
func TestGGUFHarmless(t *testing.T) {
	c := llamas(t)["llama wide"]
	pairs := slices.DeleteFunc(ggufPairs(c, nil), func(p gguf.Pair) bool {
		return p.Key == "llama.attention.key_length" || p.Key == "llama.attention.value_length" || p.Key == "llama.vocab_size" ||
			strings.HasPrefix(p.Key, "tokenizer.") || p.Key == "llama.feed_forward_length"
	})
	pairs = append(pairs,
		gguf.Pair{Key: "llama.feed_forward_length", Value: []int32{256, 256}},
		gguf.Pair{Key: "llama.rope.scaling.finetuned", Value: true},
		gguf.Pair{Key: "llama.rope.scaling.type", Value: "none"},
		gguf.Pair{Key: "llama.expert_count", Value: uint32(0)},
		gguf.Pair{Key: "llama.attention.causal", Value: true},
		gguf.Pair{Key: "tokenizer.ggml.bos_token_id", Value: uint32(math.MaxUint32)},
		gguf.Pair{Key: "tokenizer.ggml.eos_token_id", Value: uint32(4)},
		gguf.Pair{Key: "tokenizer.ggml.eot_token_id", Value: int32(4)},
		gguf.Pair{Key: "tokenizer.ggml.eom_token_id", Value: int32(6)},
		gguf.Pair{Key: "quantize.imatrix.file", Value: "x"},
		gguf.Pair{Key: "qwen2.block_count", Value: uint32(99)},
	)
	got, err := parseGGUF(pairs, factsOf(c))
	if err != nil {
		t.Fatal(err)
	}
	c.EOSTokenIDs, c.BOSTokenID = []int{4, 6}, -1
	checkSameModel(t, "harmless", got, c)
	if got.RMSNormEps != 1e-6 {
		t.Errorf("epsilon %v is not the decimal that was written", got.RMSNormEps)
	}
}

// FuzzGGUFConfig: whatever the metadata, the reader returns a Config that is
// valid and that writes and reads back equal, or an error.
func FuzzGGUFConfig(f *testing.F) {
	for _, c := range llamas(f) {
		for _, p := range ggufPairs(c, nil) {
			f.Add(c.ModelType, p.Key, int64(1), 0.5, "none", 3, 97)
		}
	}
	f.Add(Mixtral, "llama.rope.scaling.type", int64(7), 2.0, "yarn", 2, 97)
	all := llamas(f)
	f.Fuzz(func(t *testing.T, kind, key string, n int64, x float64, text string, form, rows int) {
		base := all[kind]
		if base == nil || rows < 0 || rows > 1<<20 {
			return
		}
		value := []any{uint32(n), int32(n), uint64(n), n, float32(x), x, text, n > 0, []uint32{uint32(n), uint32(n)}, []int32{int32(n), 1}}[uint(form)%10]
		pairs := mergePairs(ggufPairs(base, nil), []gguf.Pair{{Key: key, Value: value}})
		facts := factsOf(base)
		shape := facts.shape
		facts.shape = func(name string) []int {
			if s := shape(name); s != nil {
				return []int{rows, s[1]}
			}
			return nil
		}
		facts.factors = func() ([]float32, error) {
			if form&16 == 0 {
				return nil, nil
			}
			factors := make([]float32, base.headDim()/2)
			for i := range factors {
				factors[i] = float32(x) * float32(i+1)
			}
			return factors, nil
		}
		c, err := parseGGUF(pairs, facts)
		if err != nil {
			return
		}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(c); err != nil {
			t.Fatal(err)
		}
		if CheckGGUF(c) != nil {
			return
		}
		if s := c.RopeScaling; s != nil && s.Type == RopeLlama3 {
			factors := s.llama3Factors(c)
			facts.factors = func() ([]float32, error) { return factors, nil }
		} else {
			facts.factors = func() ([]float32, error) { return nil, nil }
		}
		facts.shape = factsOf(c).shape
		back, err := parseGGUF(ggufPairs(c, nil), facts)
		if err != nil {
			t.Fatalf("%v\n%+v", err, c)
		}
		if diff := cmp.Diff(c.RMSNormEps, back.RMSNormEps); diff != "" || back.RopeTheta != c.RopeTheta {
			t.Errorf("read back differs:\n%s", diff)
		}
	})
}
