package model

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/internal/atomicfile"
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
			c.EOSTokenIDs, c.BOSTokenID, c.PadTokenID = []int{5, 7}, 3, -1
			c.MaxPositions = 256
			if c.SlidingRopeTheta = 0; kind != Mellum {
				c.SlidingWindow = 0
			}
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
			case kind == Qwen3 || kind == Mellum:
				c.RopeScaling = &RopeScaling{Type: RopeYaRN, Factor: 4, OriginalPositions: 64}
			}
			c.TieEmbeddings = wide != (kind == Qwen3 || untiedGGUF(kind))
			if err := CheckGGUF(c); err != nil {
				t.Fatal(err)
			}
			all[name] = c
		}
	}
	return all
}

// setLayers makes c as many layers, of those kinds that it has.
func setLayers(c *Config, n int) {
	c.NumLayers = n
	if c.LayerTypes == nil {
		return
	}
	kinds := make([]string, n)
	for l := range kinds {
		kinds[l] = c.LayerTypes[l%len(c.LayerTypes)]
	}
	c.setLayerTypes(kinds)
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
			if untied := c.TieEmbeddings && untiedGGUF(c.ModelType); !untied && string(again) != string(first) {
				t.Errorf("%s, %s: written as a directory again, the weights differ", name, d)
			}
			// From GGUF to GGUF nothing changes either.
			mustWriteGGUF(t, path+"2", w, always(d))
			if !untiedGGUF(c.ModelType) && string(readFile(t, path)) != string(readFile(t, path+"2")) {
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
	if untiedGGUF(want.ModelType) {
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
		setLayers(c, 1)
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

// randomLlama is a configuration of the type whose every size is drawn.
func randomLlama(t *testing.T, kind string, rng *rand.Rand) *Config {
	c := small(t, kind)
	c.SlidingRopeTheta, c.MaxPositions, c.NumLayers = 0, 256, 1+rng.IntN(2)
	if c.SlidingWindow = 0; kind == Mellum {
		c.SlidingWindow = 1 + rng.IntN(60)
		kinds := []string{SlidingAttention, FullAttention}
		if rng.IntN(2) == 0 {
			slices.Reverse(kinds)
		}
		c.setLayerTypes(kinds[:c.NumLayers])
	}
	c.NumKVHeads = 1 + rng.IntN(3)
	c.NumHeads = c.NumKVHeads * (1 + rng.IntN(3))
	c.HeadDim = 2 * (1 + rng.IntN(20))
	c.HiddenSize = 32 * (1 + rng.IntN(4))
	c.IntermediateSize = 16 * (1 + rng.IntN(9))
	c.VocabSize = 97 + rng.IntN(60)
	c.TieEmbeddings = rng.IntN(2) == 0
	c.RopeTheta = float64(int(1000) << rng.IntN(12))
	if kind == Qwen2 || kind == OLMoE {
		c.HeadDim = 16
		c.HiddenSize = c.HeadDim * c.NumHeads
	}
	if kind == OLMoE {
		c.NumKVHeads, c.NormTopKProb = c.NumHeads, false
	}
	if c.NumExperts > 0 {
		c.NumExperts = 2 + rng.IntN(6)
		c.NumExpertsPerTok = 1 + rng.IntN(c.NumExperts)
		c.MoEIntermediateSize = c.IntermediateSize
	}
	if err := CheckGGUF(c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGGUFRandom: models of random shapes, each tensor in a format that its rows
// take, give as GGUF the bits of the bf16 model that is made of it.
func TestGGUFRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	formats := []tensor.DType{tensor.DTypeQ8_0, tensor.DTypeQ4_0, tensor.DTypeMXFP4, tensor.DTypeF16, tensor.DTypeBF16, tensor.DTypeF32}
	for _, kind := range modelTypes {
		for range 3 {
			c := randomLlama(t, kind, rng)
			src, err := newModel(t, c).Weights()
			if err != nil {
				t.Fatal(err)
			}
			chosen := map[string]tensor.DType{} // by the tensor of GGUF
			testBlocks(t, fmt.Sprintf("mixed %+v", *c), src, func(info TensorInfo) tensor.DType {
				name := ggufPlace(c, info).name
				if _, ok := chosen[name]; !ok {
					d := formats[rng.IntN(len(formats))]
					if elements, _ := d.Block(); info.Shape[len(info.Shape)-1]%elements != 0 {
						d = tensor.DTypeBF16
					}
					chosen[name] = d
				}
				return chosen[name]
			})
		}
	}
}
