package model

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// openLlava reads what testdata/llava.py wrote.
func openLlava(t *testing.T, path string) *golden {
	t.Helper()
	g := openGoldenAt(t, path)
	v := g.model.cfg.Vision
	scale := picture.NewScale(v.Mean, v.Std, tensor.FromFloat32)
	all := g.floats("bytes")
	for len(all) > 0 {
		p := &picture.Picture{Width: v.ImageSize, Height: v.ImageSize, Pix: make([]byte, 3*v.ImageSize*v.ImageSize)}
		for i := range p.Pix {
			p.Pix[i] = byte(all[i])
		}
		g.batch.Patches = scale.Patches(g.batch.Patches, p, v.PatchSize)
		all = all[len(p.Pix):]
	}
	return g
}

// checkLlava compares logits, loss and every gradient with transformers.
func (g *golden) checkLlava() {
	g.t.Helper()
	m, targets := g.model, g.ints("targets")
	ws := NewWorkspace(m, len(targets), true)
	g.check("logits", allLogits(g.t, m, ws, g.batch))
	counted := 0
	for _, id := range targets {
		if id >= 0 {
			counted++
		}
	}
	m.ZeroGrad()
	stats, err := m.LossBackward(ws, g.batch, targets, nil, 1/float32(counted))
	if err != nil {
		g.t.Fatal(err)
	}
	g.checkMean("loss", stats.Loss/float64(stats.Tokens))
	g.checkGrads()
}

// TestLlavaParity: several pictures in several documents of one batch give
// transformers' logits and loss, and every gradient of decoder, projector and
// tower, within the error of bf16.
func TestLlavaParity(t *testing.T) {
	openLlava(t, "testdata/llava.safetensors").checkLlava()
}

// python returns the Python of POLYMATH_PYTHON, which has the modules.
func python(t *testing.T, modules string) string {
	t.Helper()
	python := os.Getenv("POLYMATH_PYTHON")
	if python == "" {
		t.Skip("POLYMATH_PYTHON names no Python with transformers")
	}
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import "+modules).CombinedOutput(); err != nil {
		t.Skipf("POLYMATH_PYTHON lacks one of %s: %s", modules, out)
	}
	return python
}

func runPython(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), python(t, "torch, transformers"), args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	return string(out)
}

// TestLlavaNow is TestLlavaParity for shapes that are drawn now, POLYMATH_CASES of
// them (2) from POLYMATH_SEED on (1).
func TestLlavaNow(t *testing.T) {
	python(t, "torch, transformers")
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	first := number("POLYMATH_SEED", 1)
	for seed := first; seed < first+number("POLYMATH_CASES", 2); seed++ {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "llava.safetensors")
			runPython(t, "testdata/llava.py", path, strconv.Itoa(seed))
			g := openLlava(t, path)
			// With few pictures the gradients that go into the tower are few, and
			// their errors do not average out: all of the tower's are off alike.
			g.slack = 2
			g.checkLlava()
		})
	}
}

// TestLlavaSavedByThem: the file as transformers saves it, and as older releases
// and other programs spell its names, opens and gives the same logits to the bit,
// as does one of a tower with the head that nobody looks at.
func TestLlavaSavedByThem(t *testing.T) {
	g := openLlava(t, "testdata/llava.safetensors")
	want := allLogits(t, g.model, NewWorkspace(g.model, len(g.batch.Tokens), false), g.batch)
	var saved []string
	g.decode("saved", &saved)
	names := make([]string, 0, len(saved))
	for _, info := range newWeights(g.model.cfg).list {
		names = append(names, info.Name)
	}
	for i := range 4 {
		dir := t.TempDir()
		var list []*tensor.Tensor
		for _, name := range names {
			x, err := g.file.Tensor("start." + name)
			if err != nil {
				t.Fatal(err)
			}
			again := *x
			all := spellings(name)
			again.Name = all[min(i, len(all)-1)]
			if i == 3 { // the one that transformers wrote
				again.Name = all[slices.IndexFunc(all, func(s string) bool { return slices.Contains(saved, s) })]
			}
			list = append(list, &again)
		}
		config := g.meta["config"]
		if i != 3 {
			config = strings.Replace(config, `"vision_use_head": false`, `"vision_use_head": true`, 1)
			head := []float32{1}
			list = append(list, tensor.FromF32("vision_tower.vision_model.head.probe", head, 1, 1, 1))
		} else if len(list) != len(saved) {
			t.Errorf("transformers saved %d tensors, and %d are read", len(saved), len(list))
		}
		if err := os.WriteFile(filepath.Join(dir, configName), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := safetensors.Write(filepath.Join(dir, weightsName), list, nil); err != nil {
			t.Fatal(err)
		}
		m, err := Load(dir, i == 1)
		if err != nil {
			t.Fatal(i, err)
		}
		mustEqual(t, list[0].Name, allLogits(t, m, NewWorkspace(m, len(g.batch.Tokens), false), g.batch), want)
	}
}

// openedByThem returns the logits that transformers computes in fp32 of the batch
// with the model in dir, and with the adapter in dir/adapter.
func openedByThem(t *testing.T, dir string, v *vision.Config, b *Batch) []float32 {
	t.Helper()
	base := t.TempDir()
	given, answer := filepath.Join(base, "in.safetensors"), filepath.Join(base, "out.safetensors")
	var lengths, views []int
	for _, s := range b.Spans {
		n := 0
		for _, id := range b.Tokens[s.Start : s.Start+s.Len] {
			if int(id) == v.ImageTokenID {
				n++
			}
		}
		lengths, views = append(lengths, s.Len), append(views, n/v.Patches())
	}
	meta := map[string]string{}
	for name, list := range map[string][]int{"documents": lengths, "views": views} {
		data, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		meta[name] = string(data)
	}
	list := []*tensor.Tensor{
		{Name: "tokens", DType: tensor.DTypeI32, Shape: []int{len(b.Tokens)}, Data: tensor.Bytes(b.Tokens)},
		tensor.FromBF16("patches", b.Patches, len(b.Patches)),
	}
	if _, err := safetensors.Write(given, list, meta); err != nil {
		t.Fatal(err)
	}
	runPython(t, "testdata/llava.py", answer, "--open", dir, given)
	file, err := safetensors.Open(answer)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	logits, err := file.Tensor("logits")
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(logits.F32())
}

// apart returns the distance between a and b as a share of b's norm.
func apart(a, b []float32) float64 {
	sum, norm := 0.0, 0.0
	for i, x := range b {
		d := float64(a[i]) - float64(x)
		sum, norm = sum+d*d, norm+float64(x)*float64(x)
	}
	return math.Sqrt(sum / norm)
}

// TestLlavaOpens: a directory that Save wrote opens in transformers, which misses
// nothing and finds nothing that it does not know, and gives the golden file's
// logits: those that ours equal within the error of bf16.
func TestLlavaOpens(t *testing.T) {
	python(t, "torch, transformers")
	g := openLlava(t, "testdata/llava.safetensors")
	dir := t.TempDir()
	if err := g.model.Save(dir, Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	if off := apart(openedByThem(t, dir, g.model.cfg.Vision, g.batch), g.floats("logits")); !(off <= 1e-5) {
		t.Errorf("transformers' logits of what was saved are off by a share of %g", off)
	}
}

// TestLlavaOpensAll: so it is with every type of decoder, tied embeddings and an
// adapter. Rounding to bf16 makes some 1% of difference.
func TestLlavaOpensAll(t *testing.T) {
	python(t, "torch, transformers, peft")
	for i, kind := range modelTypes {
		t.Run(kind, func(t *testing.T) {
			c := withTower(small(t, kind))
			c.MaxPositions, c.TieEmbeddings = 256, i%2 == 0
			c.Vision.FeatureLayer, c.NumExpertsPerTok = -1-i%2, c.NumExperts
			if kind == OLMoE { // it has no head_dim of its own
				c.HiddenSize, c.HeadDim, c.NumKVHeads = 48, 0, 4
			}
			full := newModel(t, c)
			b := illustrated(c, pictures...)
			dir := t.TempDir()
			if err := full.Save(dir, Provenance{}, nil); err != nil {
				t.Fatal(err)
			}
			m, err := Load(dir, false)
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				if err := m.AddAdapter(AdapterConfig{Rank: 3, Alpha: 8, Targets: []string{"q_proj", "v_proj", "o_proj"}}, 1); err != nil {
					t.Fatal(err)
				}
				stir(m)
				if err := m.SaveAdapter(filepath.Join(dir, "adapter"), dir, Provenance{}, nil); err != nil {
					t.Fatal(err)
				}
			}
			off := apart(allLogits(t, m, NewWorkspace(m, len(b.Tokens), false), b), openedByThem(t, dir, c.Vision, b))
			if t.Logf("off by a share of %.3g", off); !(off <= 0.03) {
				t.Errorf("logits are off by a share of %g", off)
			}
		})
	}
}

// TestSightPaths: gradients of a model that sees have the same bits on every CPU
// path.
func TestSightPaths(t *testing.T) {
	defer setPath(t, kernel.CPU())
	m := seeing(t, Qwen3MoE)
	b := illustrated(m.Config(), pictures...)
	targets := shifted(b)
	var want []float32
	for _, path := range kernel.Paths() {
		setPath(t, path)
		m.ZeroGrad()
		if _, err := m.LossBackward(NewWorkspace(m, len(b.Tokens), true), b, targets, nil, 0.01); err != nil {
			t.Fatal(err)
		}
		var got []float32
		for _, p := range m.Params() {
			got = append(got, p.Grad...)
		}
		if want == nil {
			want = got
		}
		mustEqual(t, path, got, want)
	}
}
