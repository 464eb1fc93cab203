package model

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// writeLlama writes a small llama as GGUF and returns its path.
func writeLlama(t *testing.T) string {
	t.Helper()
	w, err := newModel(t, llamas(t)[Llama]).Weights()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	mustWriteGGUF(t, path, w, always(tensor.DTypeBF16))
	return path
}

// TestOpenPaths: a model is found in what its path may be.
func TestOpenPaths(t *testing.T) {
	path := writeLlama(t)
	dir := filepath.Dir(path)
	for _, p := range []string{path, dir, dir + "/"} {
		w := mustOpen(t, p)
		if w.GGUF() == nil || w.Dir() != "" {
			t.Errorf("%s: %v, %q", p, w.GGUF(), w.Dir())
		}
		c, err := ReadConfig(p)
		if err != nil || !sameJSON(t, c, w.Config()) {
			t.Errorf("ReadConfig(%s): %v", p, err)
		}
	}
	mustWriteDir(t, filepath.Join(dir, "d"), mustOpen(t, path), DirOptions{})
	w := mustOpen(t, filepath.Join(dir, "d"))
	if w.GGUF() != nil || w.Dir() != filepath.Join(dir, "d") {
		t.Errorf("a directory: %v, %q", w.GGUF(), w.Dir())
	}
	if err := os.Link(path, filepath.Join(dir, "other.GGUF")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenWeights(dir); err == nil || !strings.Contains(err.Error(), "2 GGUF files") {
		t.Errorf("two GGUF files: %v", err)
	}
}

// TestOpenRefuses: what is no model says what it is instead.
func TestOpenRefuses(t *testing.T) {
	config := known["TinyLlama-1.1B-Chat"]
	for _, tt := range []struct {
		files map[string]string
		name  string // in the directory
		want  string
	}{
		{nil, "", "holds no model: there is no config.json and no GGUF file"},
		{map[string]string{"adapter_config.json": "{}"}, "", "it is an adapter"},
		{nil, "absent", "absent"},
		{map[string]string{"config.json": config}, "config.json", "give the directory"},
		{map[string]string{"config.json": config}, "", "model.safetensors"},
		{map[string]string{"config.json": config, "pytorch_model.bin": "x"}, "", "pytorch_model.bin is a Python pickle"},
		{map[string]string{"config.json": config, "consolidated.00.pth": "x"}, "", "consolidated.00.pth is a Python pickle"},
		{map[string]string{"config.json": config, "model-00001-of-00002.safetensors": "x"}, "", "model.safetensors.index.json"},
		{map[string]string{"config.json": config, "a.gguf": "x"}, "", "a.gguf is beside"},
		{map[string]string{"config.json": config, "model-00001-of-00002.safetensors": "x", "model.safetensors.index.json": `{"weight_map": {"a": "model-00002-of-00002.safetensors"}}`}, "", "model-00002-of-00002.safetensors is missing, and model.safetensors.index.json names it"},
		{map[string]string{"config.json": "version https://git-lfs.github.com/spec/v1\n"}, "", "config.json: this is a Git LFS pointer"},
		{map[string]string{"a.gguf": "PK\x03\x04 and more than a header"}, "", "pickle"},
		{map[string]string{"a.gguf": "x"}, "a.gguf", "a.gguf"},
		{map[string]string{"weights": "GGUF"}, "weights", "weights"},
		{map[string]string{"config.json": strings.Replace(known["Qwen3-30B-A3B"], `"num_experts": 128`, `"num_experts": 7000`, 1), "model.safetensors": "\x02\x00\x00\x00\x00\x00\x00\x00{}"}, "", "about 1008336 tensors, and there are 0"},
		{map[string]string{"config.json": strings.Replace(known["Qwen3-30B-A3B"], `"num_experts": 128`, `"num_experts": 9000`, 1)}, "", "num_experts 9000 in num_hidden_layers 48"},
		{map[string]string{"config.json": strings.Repeat(" ", maxConfig+1)}, "", "too many for such a file"},
		{map[string]string{"config.json": strings.Replace(config, "LlamaForCausalLM\"]", "LlamaForSequenceClassification\"], \"id2label\": {\"0\": \"LABEL_0\"}", 1)}, "", "is a reward model: it gives a text one number"},
	} {
		dir := t.TempDir()
		for name, data := range tt.files {
			mustWrite(t, filepath.Join(dir, name), []byte(data))
		}
		_, err := OpenWeights(filepath.Join(dir, tt.name))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v %s: error %v does not say %q", tt.files, tt.name, err, tt.want)
		}
	}
}

// TestGGUFTensors: tensors that do not make a model are refused by name.
func TestGGUFTensors(t *testing.T) {
	path := writeLlama(t)
	file, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, tt := range []struct {
		want   string
		change func(s *tensor.Source) (drop bool)
	}{
		{"tensor blk.1.ffn_up.weight is missing", func(s *tensor.Source) bool { return s.Name == "blk.1.ffn_up.weight" }},
		{"tensor blk.0.attn_q.bias has no place", func(s *tensor.Source) bool {
			if s.Name == "rope_freqs.weight" {
				s.Name = "blk.0.attn_q.bias"
			}
			return false
		}},
		{"tensor blk.1.ffn_up.weight has shape", func(s *tensor.Source) bool {
			if s.Name == "blk.1.ffn_up.weight" {
				s.Shape = []int{s.Shape[1], s.Shape[0]}
			}
			return false
		}},
		{"blk.0.attn_k.weight", func(s *tensor.Source) bool {
			if s.Name == "blk.0.attn_k.weight" {
				s.Shape = []int{s.Shape[0] * s.Shape[1] / 3, 3}
			}
			return false
		}},
		{"token_embd.weight", func(s *tensor.Source) bool {
			if s.Name == "token_embd.weight" {
				s.Shape = []int{s.Shape[0] * s.Shape[1]}
			}
			return false
		}},
		{"this program does not read numbers of format I16", func(s *tensor.Source) bool {
			if s.Name == "blk.0.ffn_gate.weight" {
				s.DType = tensor.DTypeI16
			}
			return false
		}},
		{"rope_freqs.weight has 2 numbers", func(s *tensor.Source) bool {
			if s.Name == "rope_freqs.weight" {
				*s = tensor.FromF32(s.Name, []float32{1, 2}, 2).Source()
			}
			return false
		}},
		{"rope_freqs.weight: number 1 is 0", func(s *tensor.Source) bool {
			if s.Name == "rope_freqs.weight" {
				*s = tensor.FromF32(s.Name, make([]float32, 6), 6).Source()
				s.Fill = tensor.FromF32(s.Name, []float32{1, 0, 1, 1, 1, 1}, 6).Source().Fill
			}
			return false
		}},
	} {
		var list []tensor.Source
		for _, name := range file.Names() {
			x, err := file.Tensor(name)
			if err != nil {
				t.Fatal(err)
			}
			s := x.Source()
			if !tt.change(&s) {
				list = append(list, s)
			}
		}
		bad := filepath.Join(t.TempDir(), "bad.gguf")
		if _, err := gguf.Write(bad, file.Metadata().Pairs(), list); err != nil {
			t.Fatal(err)
		}
		_, err := Load(bad, false)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), bad) {
			t.Errorf("error %v does not say %q", err, tt.want)
		}
	}
}

// watchedSource knows whether it was closed, whichever goroutine did it.
type watchedSource struct {
	source
	closed atomic.Bool
}

func (w *watchedSource) Close() error {
	defer w.closed.Store(true)
	return w.source.Close()
}

// TestLoadedModelKeepsItsFile: the mapping lives as long as the model, and no
// longer; weights that it gives out keep the model.
func TestLoadedModelKeepsItsFile(t *testing.T) {
	path := writeLlama(t)
	m, err := Load(path, false)
	if err != nil {
		t.Fatal(err)
	}
	file := &watchedSource{source: m.weights.file}
	m.weights.file = file
	b := documents(97, 40, 9)
	ws := NewWorkspace(m, 49, false)
	want := allLogits(t, m, ws, b)
	w, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil { // the model's, so it stays
		t.Fatal(err)
	}
	m, ws = nil, nil
	for range 3 {
		runtime.GC()
	}
	if _, err := w.Tensor(normName); err != nil {
		t.Errorf("weights that a model gave out are closed: %v", err)
	}
	mustEqual(t, "again", allLogits(t, w.owner, NewWorkspace(w.owner, 49, false), b), want)
	runtime.KeepAlive(w)
	w = nil
	for range 100 {
		if runtime.GC(); file.closed.Load() {
			break
		}
		time.Sleep(time.Millisecond) // the file is closed by another goroutine
	}
	if !file.closed.Load() {
		t.Error("the file of a model that nobody holds is still open")
	}
	m, err = Load(path, false)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	fixed, err := NewFixed(llamas(t)[Llama], 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := fixed.Save(t.TempDir(), Provenance{}, nil); err == nil {
		t.Error("weights came from nowhere")
	}
	adapted := mustLoad(t, path, LoadOptions{})
	if err := adapted.AddAdapter(AdapterConfig{Rank: 2, Alpha: 4, Targets: []string{"q_proj"}}, 1); err != nil {
		t.Fatal(err)
	}
	if err := adapted.Save(t.TempDir(), Provenance{}, nil); err == nil || !strings.Contains(err.Error(), "adapter") {
		t.Errorf("saved without its adapter: %v", err)
	}
}

// TestSizeBytes: what is planned for bf16 is what a loaded model takes, but for
// the embeddings, which stay in the file.
func TestSizeBytes(t *testing.T) {
	for _, kind := range modelTypes {
		c := small(t, kind)
		m := newModel(t, c)
		dir := filepath.Join(t.TempDir(), "m")
		if err := m.Save(dir, Provenance{}, nil); err != nil {
			t.Fatal(err)
		}
		if got, want := m.SizeBytes(), ModelBytes(c, true); got != want {
			t.Errorf("%s: trainable %d bytes, planned %d", kind, got, want)
		}
		back := mustLoad(t, dir, LoadOptions{})
		table := int64(2 * c.VocabSize * c.HiddenSize)
		if got, want := back.SizeBytes(), ModelBytes(c, false)-table; got != want {
			t.Errorf("%s: %d bytes, planned %d", kind, got, want)
		}
	}
}

// FuzzOpenGGUF: whatever the file, it opens and gives the tensors that it says
// it has, or it is an error.
func FuzzOpenGGUF(f *testing.F) {
	for _, kind := range []string{Llama, Mixtral, OLMoE, Qwen2} {
		c := llamas(f)[kind]
		c.VocabSize, c.HiddenSize, c.NumHeads, c.HeadDim, c.NumLayers, c.IntermediateSize, c.RopeScaling = 8, 8, 2, 0, 1, 4, nil
		c.NumKVHeads = 2
		if c.NumExperts > 0 {
			c.NumExperts, c.MoEIntermediateSize = 2, 4
		}
		m, err := New(c, 1)
		if err != nil {
			f.Fatal(err)
		}
		w, err := m.Weights()
		if err != nil {
			f.Fatal(err)
		}
		path := filepath.Join(f.TempDir(), "m.gguf")
		mustWriteGGUF(f, path, w, always(tensor.DTypeBF16))
		f.Add(readFile(f, path))
	}
	path := filepath.Join(f.TempDir(), "f.gguf")
	f.Fuzz(func(t *testing.T, data []byte) {
		own := path + strconv.Itoa(os.Getpid())
		if err := os.WriteFile(own, data, 0o644); err != nil {
			t.Fatal(err)
		}
		w, err := OpenWeights(own)
		if err != nil {
			return
		}
		defer w.Close()
		for _, info := range w.Tensors() {
			x, err := w.Tensor(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			if err := x.CopyF32(make([]float32, x.Len())); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestLoadUnaligned: old files' data begins anywhere.
func TestLoadUnaligned(t *testing.T) {
	m := newModel(t, small(t, Mixtral))
	b := documents(97, 40, 9)
	want := allLogits(t, m, NewWorkspace(m, 49, false), b)
	src, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []tensor.DType{tensor.DTypeBF16, tensor.DTypeF32} {
		dir := filepath.Join(t.TempDir(), "m")
		mustWriteDir(t, dir, src, DirOptions{DType: d})
		if err := os.Remove(filepath.Join(dir, ManifestName)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, weightsName)
		data := readFile(t, path)
		n := binary.LittleEndian.Uint64(data)
		head := strings.TrimRight(string(data[8:8+n]), " ")
		if len(head)%2 == 0 {
			head += " "
		}
		odd := binary.LittleEndian.AppendUint64(nil, uint64(len(head)))
		mustWrite(t, path, append(append(odd, head...), data[8+n:]...))
		for _, o := range []LoadOptions{{}, {Trainable: true}} {
			back := mustLoad(t, dir, o)
			mustEqual(t, string(d), allLogits(t, back, NewWorkspace(back, 49, false), b), want)
			if planned := ModelBytes(back.cfg, o.Trainable); back.SizeBytes() != planned {
				t.Errorf("%s: %d bytes, planned %d", d, back.SizeBytes(), planned)
			}
		}
		w := mustOpen(t, dir)
		mustWriteDir(t, dir+"2", w, DirOptions{DType: d})
		if string(readFile(t, filepath.Join(dir+"2", weightsName))) != string(data) {
			t.Errorf("%s: written again, the weights differ", d)
		}
		for _, info := range w.Tensors() {
			x, err := w.Tensor(info.Name)
			if err != nil || !tensor.Aligned(x.Data, 4) {
				t.Fatalf("%s: not aligned, %v", info.Name, err)
			}
		}
	}
}
