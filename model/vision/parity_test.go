package vision

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// golden is what testdata/parity.py wrote: a tower in fp32 transformers.
type golden struct {
	t     *testing.T
	file  *safetensors.File
	cfg   Config
	width int
	// errs are the distances (Euclidean, over a tensor) between transformers in
	// fp32 and PyTorch that rounds to bf16 where the tower does, over several draws.
	errs map[string]float64
}

func openGolden(t *testing.T, path string) *golden {
	t.Helper()
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	g := &golden{t: t, file: file, cfg: Default()}
	meta := file.Metadata()
	var theirs map[string]any
	for name, dst := range map[string]any{"vision": &theirs, "errors": &g.errs, "width": &g.width} {
		if err := json.Unmarshal([]byte(meta[name]), dst); err != nil {
			t.Fatal(name, err)
		}
	}
	number := func(name string) int { return int(theirs[name].(float64)) }
	g.cfg.ImageSize, g.cfg.PatchSize = number("image_size"), number("patch_size")
	g.cfg.HiddenSize, g.cfg.IntermediateSize = number("hidden_size"), number("intermediate_size")
	g.cfg.NumLayers, g.cfg.NumHeads = number("num_hidden_layers"), number("num_attention_heads")
	g.cfg.LayerNormEps = theirs["layer_norm_eps"].(float64)
	g.cfg.ProjectorErf = meta["activation"] == "gelu"
	if err := g.cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	return g
}

func (g *golden) floats(name string) []float32 {
	g.t.Helper()
	x, err := g.file.Tensor(name)
	if err != nil {
		g.t.Fatal(err)
	}
	dst := make([]float32, x.Len())
	if err := x.CopyF32(dst); err != nil {
		g.t.Fatal(err)
	}
	return dst
}

// tower returns the tower with the file's weights, whose features are of layer.
func (g *golden) tower(layer int) *Tower {
	g.t.Helper()
	cfg := g.cfg
	cfg.FeatureLayer = layer
	t := New(&cfg, g.width)
	for _, p := range t.Params() {
		p.Alloc(true)
		for _, part := range p.Parts {
			x, err := g.file.Tensor("start." + part.Name)
			if err != nil {
				g.t.Fatal(err)
			}
			if got, want := fmt.Sprint(p.PartShape(part)), fmt.Sprint(x.Shape); got != want {
				g.t.Fatalf("%s has the shape %s, transformers' %s", part.Name, got, want)
			}
			copy(p.PartOf(part, p.Group(part.Group)), g.floats("start."+part.Name))
		}
		p.Sync()
	}
	return t
}

// patches cuts the file's views, bytes of [N, height, width, 3], with package
// picture.
func (g *golden) patches() (patches []tensor.BF16) {
	g.t.Helper()
	scale := picture.NewScale(g.cfg.Mean, g.cfg.Std, tensor.FromFloat32)
	side := g.cfg.ImageSize
	all := g.floats("bytes")
	for len(all) > 0 {
		p := &picture.Picture{Width: side, Height: side, Pix: make([]byte, 3*side*side)}
		for i := range p.Pix {
			p.Pix[i] = byte(all[i])
		}
		patches = scale.Patches(patches, p, g.cfg.PatchSize)
		all = all[len(p.Pix):]
	}
	return patches
}

// check compares a tensor with transformers' in fp32. The bound follows from
// bf16: both our error and that of PyTorch rounded at the same places are sums
// of many independent roundings of the same sizes, so their norms are two draws
// of one distribution, whose spread over n elements is about 1/sqrt(2n) of its
// mean. Twice the one, and a half more for tensors of few elements, is beyond
// any draw, and far below what a missing term would make. What no bf16 enters,
// such as the bias of the last matrix, is off by the order of sums in fp32.
func (g *golden) check(name string, got []float32) {
	g.t.Helper()
	var err, norm float64
	for i, w := range g.floats(name) {
		e := float64(got[i]) - float64(w)
		err += e * e
		norm += float64(w) * float64(w)
	}
	err, norm = math.Sqrt(err), math.Sqrt(norm)
	bf16 := g.errs[name]
	g.t.Logf("%-90s %8.2g of %8.2g; bf16 %8.2g, ratio %.2f", name, err, norm, bf16, err/bf16)
	if limit := bf16*(2+4/math.Sqrt(float64(len(got)))) + 0x1p-20*norm; !(err <= limit) {
		g.t.Errorf("%s: error %g; rounding to bf16 explains %g", name, err, limit)
	}
	// The bias of keys moves all scores of a query alike, and softmax does not see
	// it: its gradient is 0, and all of it is rounding.
	if bf16 > 0.1*norm && !strings.HasSuffix(name, ".k_proj.bias") {
		g.t.Errorf("%s: the bound %g is useless beside the norm %g", name, bf16, norm)
	}
}

// TestParity: features and every gradient agree with transformers in fp32 within
// the error of bf16, whichever layer's output the projector takes.
func TestParity(t *testing.T) { openGolden(t, "testdata/parity.safetensors").compare() }

// TestParityErf is TestParity of a tower whose projector has the exact GELU.
func TestParityErf(t *testing.T) {
	g := openGolden(t, "testdata/parity_erf.safetensors")
	if !g.cfg.ProjectorErf {
		t.Fatal("the golden file has another activation")
	}
	g.compare()
}

func (g *golden) compare() {
	patches := g.patches()
	for layer := -1; layer >= -g.cfg.NumLayers; layer-- {
		tower := g.tower(layer)
		views := len(patches) / g.cfg.Patches() / g.cfg.PatchLen()
		ws := take(tower, views, true)
		features := make([]tensor.BF16, views*g.cfg.Patches()*g.width)
		tower.Forward(ws, features, patches)
		g.check(fmt.Sprintf("features%d", layer), floats(features))
		if layer < -1 {
			continue
		}
		slope := make([]tensor.BF16, len(features))
		for i, v := range g.floats("slope") {
			slope[i] = tensor.FromFloat32(v)
		}
		tower.Backward(ws, slope, patches)
		for _, p := range tower.Params() {
			for _, part := range p.Parts {
				if strings.Contains(part.Name, "post_layernorm") {
					wantZero(g.t, part.Name, p.Grad)
				} else {
					g.check("grad."+part.Name, p.PartOf(part, p.Grad))
				}
			}
		}
	}
}

func wantZero(t *testing.T, name string, x []float32) {
	t.Helper()
	for _, v := range x {
		if v != 0 {
			t.Fatalf("%s has a gradient", name)
		}
	}
}

func floats(x []tensor.BF16) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = v.Float32()
	}
	return y
}

// take is Tower.Take with an Arena of its own.
func take(t *Tower, views int, train bool) *Workspace {
	var measure nn.Arena
	t.Take(&measure, views, train)
	return t.Take(nn.NewArena(measure.SizeBytes()), views, train)
}

// TestParityNow is TestParity with towers of random shapes that transformers
// makes now. POLYMATH_PYTHON names a Python with transformers, POLYMATH_CASES
// how many (default 8), and POLYMATH_SEED the first.
func TestParityNow(t *testing.T) {
	python := os.Getenv("POLYMATH_PYTHON")
	if python == "" {
		t.Skip("POLYMATH_PYTHON names no Python with transformers")
	}
	if out, err := exec.Command(python, "-c", "import transformers, torch").CombinedOutput(); err != nil {
		t.Skipf("POLYMATH_PYTHON has no transformers: %s", out)
	}
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	first := number("POLYMATH_SEED", 1)
	for seed := first; seed < first+number("POLYMATH_CASES", 8); seed++ {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "parity.safetensors")
			if out, err := exec.Command(python, "testdata/parity.py", path, strconv.Itoa(seed)).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			openGolden(t, path).compare()
		})
	}
}
