package quantize

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

var kinds = []string{model.Llama, model.Mistral, model.Mixtral, model.Qwen2, model.Qwen3, model.Qwen3MoE, model.OLMoE}

// tiny returns a model of the type with grouped heads, and experts where it has
// them.
func tiny(t *testing.T, kind string, width int) *model.Model {
	t.Helper()
	c, err := model.Default(kind)
	if err != nil {
		t.Fatal(err)
	}
	c.VocabSize, c.HiddenSize, c.NumLayers, c.IntermediateSize = 96, width, 2, width
	c.NumHeads, c.NumKVHeads, c.HeadDim, c.SlidingWindow = 4, 2, width/4, 0
	c.InitStd = 1 / math.Sqrt(float64(width))
	if c.NumExperts > 0 {
		c.NumExperts, c.NumExpertsPerTok, c.MoEIntermediateSize, c.NormTopKProb = 4, 2, width, true
	}
	if kind == model.OLMoE {
		c.NumKVHeads, c.NormTopKProb = 4, false // as llama.cpp wants it
	}
	m, err := model.New(c, 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params() { // norms and biases that do something, of bf16 numbers
		if p.InitStd == 0 {
			q := *p
			q.InitStd = 0.2
			q.Init(3)
			for i := range p.Master {
				p.Master[i] += p.Fill
			}
		}
		for i, v := range p.Master {
			p.Master[i] = tensor.FromFloat32(v).Float32()
		}
	}
	m.Sync()
	return m
}

// texts returns n texts of tokens that do not repeat soon.
func texts(n, length int) [][]int32 {
	list := make([][]int32, n)
	for i := range list {
		for j := range length {
			list[i] = append(list[i], int32((j*j*31+j*17+i*13)%96))
		}
	}
	return list
}

// quantizeTiny runs with a plain copy of m's weights.
func quantizeTiny(t *testing.T, ctx context.Context, m *model.Model, o Options) (*Result, error) {
	t.Helper()
	w, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := model.LoadWeights(w, model.LoadOptions{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	if o.Work == "" {
		o.Work = filepath.Join(t.TempDir(), "work")
	}
	return Run(ctx, w, plain, o)
}

func mustQuantize(t *testing.T, m *model.Model, o Options) *Result {
	t.Helper()
	res, err := quantizeTiny(t, t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := res.Close(); err != nil {
			t.Error(err)
		}
	})
	return res
}

func logits(t *testing.T, m *model.Model) []float32 {
	t.Helper()
	tokens := texts(1, 40)[0]
	ws := model.NewWorkspace(m, len(tokens), false)
	if err := m.Forward(ws, &model.Batch{Tokens: tokens, Spans: []model.Span{{Len: len(tokens)}}}); err != nil {
		t.Fatal(err)
	}
	rows := make([]int32, len(tokens))
	for i := range rows {
		rows[i] = int32(i)
	}
	dst := make([]float32, len(rows)*m.Config().VocabSize)
	m.Logits(ws, rows, dst)
	return dst
}

func load(t *testing.T, path string) *model.Model {
	t.Helper()
	m, err := model.Load(path, false)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sameBits(a, b []float32) bool {
	return bytes.Equal(tensor.Bytes(a), tensor.Bytes(b))
}

// far returns how far b is from a, relative to a.
func far(a, b []float32) float64 {
	difference, size := 0.0, 0.0
	for i, v := range a {
		difference += math.Pow(float64(v-b[i]), 2)
		size += math.Pow(float64(v), 2)
	}
	return math.Sqrt(difference / size)
}

// TestFile: of every model type the quantized GGUF file opens, gives the bits of
// the bf16 model that its weights decode to, and is near the model it was made
// of.
func TestFile(t *testing.T) {
	for _, kind := range kinds {
		for _, method := range Methods {
			m := tiny(t, kind, 64)
			p := Uniform(tensor.DTypeQ4_0)
			p.Attention = tensor.DTypeQ8_0
			if kind == model.Llama {
				p = Uniform(tensor.DTypeQ4K) // whose blocks do not fit: Q8_0
			}
			res := mustQuantize(t, m, Options{Method: method, Precision: p, Texts: texts(6, 40)})
			dir := t.TempDir()
			file, twin := filepath.Join(dir, "q.gguf"), filepath.Join(dir, "twin")
			keep := func(model.TensorInfo) tensor.DType { return "" }
			if _, err := model.WriteGGUF(file, res.Weights, nil, keep, nil); err != nil {
				t.Fatal(err)
			}
			if err := model.WriteDir(twin, res.Weights, model.DirOptions{}); err != nil {
				t.Fatal(err)
			}
			got := logits(t, load(t, file))
			if !sameBits(got, logits(t, load(t, twin))) {
				t.Errorf("%s, %s: the file and its bf16 twin give different bits", kind, method)
			}
			limit := 0.25 // rounding to 4 bits loses about 0.1 in a product
			if kind == model.Llama {
				limit = 0.03
			}
			if d := far(logits(t, m), got); !(d < limit) {
				t.Errorf("%s, %s: logits differ by %.3f", kind, method, d)
			}
			checkReports(t, res, m.Config())
		}
	}
}

// checkReports: every product has its error and its rows.
func checkReports(t *testing.T, res *Result, c *model.Config) {
	t.Helper()
	for _, l := range res.Layers {
		want := 4
		if len(l.Products) != want {
			t.Errorf("layer %d: %d products, want %d", l.Layer, len(l.Products), want)
		}
		for _, p := range l.Products {
			if !(p.Error > 0 && p.Error < 0.3) || p.Rows < 1 {
				t.Errorf("%s: error %v on %d rows", p.Name, p.Error, p.Rows)
			}
		}
	}
	if len(res.Layers) != c.NumLayers {
		t.Errorf("%d layers", len(res.Layers))
	}
}

// TestSameBits: the tensors are the same bits with any number of threads, and
// when the work is interrupted after any layer and gone on with.
func TestSameBits(t *testing.T) {
	defer par.SetThreads(0)
	for _, method := range Methods {
		m, d := tiny(t, model.Qwen3MoE, 64), tensor.DTypeQ4_0
		if method == GPTQ {
			m, d = tiny(t, model.Qwen3, 256), tensor.DTypeQ4K
		}
		o := Options{Method: method, Precision: Uniform(d), Texts: texts(3, 50)}
		want := quantized(t, m, o)
		for threads := range 3 {
			par.SetThreads(threads + 1)
			if quantized(t, m, o) != want {
				t.Errorf("%s: other bits on %d threads", method, threads+1)
			}
		}
		par.SetThreads(0)
		o.Work = filepath.Join(t.TempDir(), "work")
		ctx, cancel := context.WithCancel(t.Context())
		o.Progress = func(p Progress) {
			if p.Layer == 1 {
				cancel()
			}
		}
		if _, err := quantizeTiny(t, ctx, m, o); !errors.Is(err, context.Canceled) {
			t.Fatalf("interrupted: %v", err)
		}
		resumed := 0
		o.Progress = func(p Progress) {
			if p.Resumed {
				resumed++
			}
		}
		if quantized(t, m, o) != want || resumed != 1 {
			t.Errorf("%s: gone on with %d layers, or other bits", method, resumed)
		}
	}
}

// quantized is the digest of a run, which is then closed.
func quantized(t *testing.T, m *model.Model, o Options) string {
	t.Helper()
	res, err := quantizeTiny(t, t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	text := digest(t, res)
	if err := res.Close(); err != nil {
		t.Fatal(err)
	}
	return text
}

// digest is all tensors as text.
func digest(t *testing.T, res *Result) string {
	t.Helper()
	var b strings.Builder
	for _, info := range res.Weights.Tensors() {
		x, err := res.Weights.Tensor(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s %x\n", info.Name, x.DType, x.Data)
	}
	return b.String()
}

// TestExpertsWithoutRows: what the text never reaches is rounded to nearest.
func TestExpertsWithoutRows(t *testing.T) {
	m := tiny(t, model.Mixtral, 64)
	o := Options{Method: GPTQ, Precision: Uniform(tensor.DTypeQ4_0), Texts: [][]int32{{5}}}
	solved := mustQuantize(t, m, o)
	o.Method, o.Texts = RTN, nil
	nearest := mustQuantize(t, m, o)
	same := 0
	for e := range 4 {
		name := fmt.Sprintf("model.layers.0.block_sparse_moe.experts.%d.w2.weight", e)
		a, err := solved.Weights.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := nearest.Weights.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(a.Data, b.Data) {
			same++
		}
	}
	if same != 2 {
		t.Errorf("%d experts are as rounding leaves them; one token reaches 2 of 4", same)
	}
}

// TestWorkDirectory: other work is begun anew, and somebody's files stay.
func TestWorkDirectory(t *testing.T) {
	m := tiny(t, model.Qwen3, 64)
	work := filepath.Join(t.TempDir(), "work")
	o := Options{Method: RTN, Precision: Uniform(tensor.DTypeQ4_0), Work: work}
	first := quantized(t, m, o)
	o.Precision = Uniform(tensor.DTypeQ8_0)
	o.Progress = func(p Progress) {
		if p.Resumed {
			t.Error("a layer of other work was taken")
		}
	}
	if second := quantized(t, m, o); second == first {
		t.Error("another precision gave the same tensors")
	}
	if err := os.WriteFile(filepath.Join(work, "notes.txt"), []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := quantizeTiny(t, t.Context(), m, o); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("a directory with somebody's file: %v", err)
	}
}

// TestFaults: whatever call of the disk fails, Run says so, and goes on
// afterwards to the same bits.
func TestFaults(t *testing.T) {
	m := tiny(t, model.Qwen3, 64)
	o := Options{Method: GPTQ, Precision: Uniform(tensor.DTypeQ4_0), Texts: texts(2, 30)}
	disk := fault.New()
	restore := atomicfile.Replace(disk)
	defer restore()
	want := quantized(t, m, o)
	ops := disk.Ops()
	if ops < 10 {
		t.Fatalf("%d operations", ops)
	}
	for op := range ops {
		o.Work = filepath.Join(t.TempDir(), "work")
		disk.FailOp(op, syscall.ENOSPC)
		res, err := quantizeTiny(t, t.Context(), m, o)
		if err == nil {
			t.Errorf("%s failed, and nobody said so", disk.Log()[op])
			if err := res.Close(); err != nil {
				t.Fatal(err)
			}
		} else if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "layer ") {
			t.Errorf("%s failed: %v", disk.Log()[op], err)
		}
		disk.Reset()
		if got := quantized(t, m, o); got != want {
			t.Fatalf("operation %d failed: other bits afterwards", op)
		}
	}
}

// TestDamagedWork: a layer that changed on the disk is made anew.
func TestDamagedWork(t *testing.T) {
	m := tiny(t, model.Qwen3, 64)
	o := Options{Method: RTN, Precision: Uniform(tensor.DTypeQ4_0), Work: filepath.Join(t.TempDir(), "work")}
	want := quantized(t, m, o)
	path := filepath.Join(o.Work, "layer-00001.safetensors")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{9, len(data) / 2, len(data) - 1} {
		damaged := bytes.Clone(data)
		damaged[at] ^= 16
		if err := os.WriteFile(path, damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		if quantized(t, m, o) != want {
			t.Errorf("byte %d was changed, and so was the result", at)
		}
	}
}

func TestRefuses(t *testing.T) {
	m := tiny(t, model.Qwen3, 64)
	good := Options{Method: RTN, Precision: Uniform(tensor.DTypeQ4_0)}
	for _, tt := range []struct {
		change func(o *Options)
		want   string
	}{
		{func(o *Options) { o.Method = "best" }, `"best" is no method`},
		{func(o *Options) { o.Method = GPTQ }, "gptq needs text"},
		{func(o *Options) { o.Texts = [][]int32{{1}, {}} }, "is empty"},
		{func(o *Options) { o.Texts = [][]int32{{1, 96}} }, "outside the vocabulary"},
		{func(o *Options) { o.Precision.Head = tensor.DTypeQ6K }, `output: "Q6_K"`},
	} {
		o := good
		tt.change(&o)
		if _, err := quantizeTiny(t, t.Context(), m, o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want %q", err, tt.want)
		}
	}
}
