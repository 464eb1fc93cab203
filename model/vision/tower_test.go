package vision

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

const testWidth = 40

// small returns a tower with 81 patches a view, whose keys fill more than one
// block, and of which 3 of 4 layers run.
func small() *Config {
	c := Default()
	c.ImageSize, c.PatchSize = 54, 6
	c.HiddenSize, c.IntermediateSize, c.NumLayers, c.NumHeads = 36, 50, 4, 3
	c.FeatureLayer, c.ImageTokenID = -2, 7
	return &c
}

// newTower returns a trainable tower of random numbers, larger than those of
// training's start.
func newTower(c *Config) *Tower {
	t := New(c, testWidth)
	for i, p := range t.Params() {
		p.Alloc(true)
		if p.Start == nil {
			p.InitStd = max(p.InitStd*8, 0.1)
		}
		p.Init(uint64(i))
		p.Sync()
	}
	return t
}

// randomViews returns the patches of n views and a gradient of their features.
func randomViews(c *Config, n int) (patches, slope []tensor.BF16) {
	r := rand.New(rand.NewPCG(3, uint64(n)))
	fill := func(n int) []tensor.BF16 {
		x := make([]tensor.BF16, n)
		for i := range x {
			x[i] = tensor.FromFloat32(float32(r.NormFloat64()))
		}
		return x
	}
	return fill(n * c.Patches() * c.PatchLen()), fill(n * c.Patches() * testWidth)
}

func setPath(t *testing.T, name string) {
	t.Helper()
	if err := kernel.SetPath(name); err != nil {
		t.Fatal(err)
	}
}

// TestViewsAlone: the features of a view have the same bits alone and among
// others, in any place, in a workspace for training and in one for inference, on
// every CPU path and with any number of threads.
func TestViewsAlone(t *testing.T) {
	defer par.SetThreads(0)
	defer setPath(t, kernel.CPU())
	c := small()
	tower := newTower(c)
	const views = 5
	patches, _ := randomViews(c, views)
	in, out := len(patches)/views, c.Patches()*testWidth
	var want []tensor.BF16
	for _, path := range kernel.Paths() {
		setPath(t, path)
		for _, threads := range []int{1, 2, 5} {
			par.SetThreads(threads)
			for _, order := range [][]int{{0, 1, 2, 3, 4}, {3, 4, 0, 2, 1}, {2}, {1, 1}, {4}, {0, 3}} {
				var batch []tensor.BF16
				for _, v := range order {
					batch = append(batch, patches[v*in:(v+1)*in]...)
				}
				features := make([]tensor.BF16, len(order)*out)
				tower.Forward(take(tower, views, threads == 2), features, batch)
				if want == nil {
					want = features
				}
				for i, v := range order {
					if !slices.Equal(features[i*out:(i+1)*out], want[v*out:(v+1)*out]) {
						t.Errorf("%s, %d threads: view %d has other features in %v", path, threads, v, order)
					}
				}
			}
		}
	}
	for v := 1; v < views; v++ {
		if slices.Equal(want[:out], want[v*out:(v+1)*out]) {
			t.Errorf("views 0 and %d have the same features", v)
		}
	}
}

// grads returns all gradients of one backward pass, one after the other; those
// that are frozen are left out.
func (t *Tower) grads(ws *Workspace, patches, slope []tensor.BF16) map[string][]float32 {
	for _, p := range t.Params() {
		clear(p.Grad)
	}
	t.Forward(ws, make([]tensor.BF16, len(slope)), patches)
	t.Backward(ws, slope, patches)
	all := map[string][]float32{}
	for _, p := range t.Params() {
		if p.Grad != nil {
			all[p.Name] = slices.Clone(p.Grad)
		}
	}
	return all
}

// TestGradientsRepeat: gradients are the same bits on every CPU path and with
// any number of threads, in a workspace of any size.
func TestGradientsRepeat(t *testing.T) {
	defer par.SetThreads(0)
	defer setPath(t, kernel.CPU())
	c := small()
	tower := newTower(c)
	patches, slope := randomViews(c, 3)
	want := tower.grads(take(tower, 3, true), patches, slope)
	for _, path := range kernel.Paths() {
		setPath(t, path)
		for _, threads := range []int{1, 2, 5} {
			par.SetThreads(threads)
			wantGrads(t, fmt.Sprintf("%s, %d threads", path, threads), tower.grads(take(tower, 2+threads, true), patches, slope), want)
		}
	}
}

func wantGrads(t *testing.T, what string, got, want map[string][]float32) {
	t.Helper()
	for name, x := range got {
		if !slices.Equal(x, want[name]) {
			t.Errorf("%s: %s has another gradient", what, name)
		}
	}
}

// TestNoAllocation: passes allocate nothing once they have run.
func TestNoAllocation(t *testing.T) {
	defer par.SetThreads(0)
	par.SetThreads(2)
	c := small()
	tower := newTower(c)
	patches, slope := randomViews(c, 3)
	features := make([]tensor.BF16, len(slope))
	for _, train := range []bool{false, true} {
		ws := take(tower, 4, train)
		pass := func() {
			tower.Forward(ws, features, patches)
			if train {
				tower.Backward(ws, slope, patches)
			}
		}
		pass()
		if n := testing.AllocsPerRun(5, pass); n > 0 {
			t.Errorf("train %v: a pass allocates %v times", train, n)
		}
	}
}

// TestUnusedLayers: layers above FeatureLayer are kept, but neither run nor take
// memory.
func TestUnusedLayers(t *testing.T) {
	c := small()
	tower := newTower(c)
	patches, _ := randomViews(c, 1)
	features := func() []tensor.BF16 {
		y := make([]tensor.BF16, c.Patches()*testWidth)
		tower.Forward(take(tower, 1, false), y, patches)
		return y
	}
	want := features()
	for _, p := range tower.Params() {
		if strings.Contains(p.Name, ".layers.3.") || strings.Contains(p.Name, "post_layernorm") {
			p.Fill, p.InitStd = float32(math.NaN()), 0
			p.Init(1)
			p.Sync()
		}
	}
	if !slices.Equal(features(), want) {
		t.Error("features depend on a layer above")
	}
	whole := *c
	whole.FeatureLayer = -1
	less, more := c.WorkspaceBytes(testWidth, 2, true), whole.WorkspaceBytes(testWidth, 2, true)
	third := *c
	third.FeatureLayer = -3
	if least := third.WorkspaceBytes(testWidth, 2, true); more-less != less-least || least >= less {
		t.Errorf("workspaces of 2, 3 and 4 layers take %d, %d and %d bytes", least, less, more)
	}
}

// TestSizes: the counts of a Config are those of the tower that it makes.
func TestSizes(t *testing.T) {
	for _, layer := range []int{-1, -2, -4} {
		c := small()
		c.FeatureLayer = layer
		tower := New(c, testWidth)
		var total [2]int64
		flops := 0.0
		for _, p := range tower.Params() {
			if strings.HasPrefix(p.Name, "multi_modal_projector.") {
				total[1] += int64(p.Len())
			} else {
				total[0] += int64(p.Len())
			}
			unused := layer
			for l := c.NumLayers - 1; unused < -1; l, unused = l-1, unused+1 {
				if strings.Contains(p.Name, fmt.Sprintf(".layers.%d.", l)) {
					p.Forms = 0
				}
			}
			if p.Forms&nn.Product != 0 {
				flops += 2 * float64(p.Len()*c.Patches())
			}
		}
		// Scores and their sum of values: two products of [P, P] with the width.
		flops += float64(len(tower.layers) * 2 * 2 * c.Patches() * c.Patches() * c.HiddenSize)
		if a, b := c.Params(testWidth); a != total[0] || b != total[1] {
			t.Errorf("Params %d and %d, want %d", a, b, total)
		}
		if got := c.FLOPs(testWidth); got != flops {
			t.Errorf("layer %d: FLOPs %v, want %v", layer, got, flops)
		}
	}
}

// TestStart: places are told apart at the start, near ones least, and as large as
// the content of patches.
func TestStart(t *testing.T) {
	for _, hidden := range []int{36, 64, 50} {
		c := small()
		c.HiddenSize = hidden
		tower := New(c, testWidth)
		table := tower.positions.Weight
		table.Alloc(true)
		table.Init(5)
		side := c.ImageSize / c.PatchSize
		row := func(x, y int) []float32 { return table.Master[(y*side+x)*hidden:][:hidden] }
		apart := func(a, b []float32) (sum float64) {
			for i := range a {
				sum += float64(a[i]-b[i]) * float64(a[i]-b[i])
			}
			return sum
		}
		var squares float64
		for _, v := range table.Master {
			squares += float64(v) * float64(v)
		}
		want := c.InitStd * math.Sqrt(float64(c.PatchLen()))
		if got := math.Sqrt(squares / float64(table.Len())); !(math.Abs(got/want-1) < 0.15) {
			t.Errorf("width %d: places are as large as %v, want %v", hidden, got, want)
		}
		mid := row(4, 4)
		near, far := apart(mid, row(5, 4)), apart(mid, row(7, 4))
		if !(near > 0 && far > near) || math.Abs(apart(mid, row(4, 5))/near-1) > 1e-3 {
			t.Errorf("width %d: distances %v and %v to the right, %v down", hidden, near, far, apart(mid, row(4, 5)))
		}
	}
}

// TestMisuse: a caller's bug panics before anything is written.
func TestMisuse(t *testing.T) {
	c := small()
	tower := newTower(c)
	patches, slope := randomViews(c, 2)
	ws := take(tower, 1, false)
	for name, call := range map[string]func(){
		"too many views":     func() { tower.Forward(ws, slope, patches) },
		"half a view":        func() { tower.Forward(ws, slope[:len(slope)/4], patches[:len(patches)/4]) },
		"no view":            func() { tower.Forward(ws, nil, nil) },
		"features too short": func() { tower.Forward(ws, slope[:testWidth], patches[:len(patches)/2]) },
		"another tower":      func() { New(c, testWidth).Forward(ws, slope[:len(slope)/2], patches[:len(patches)/2]) },
		"no training":        func() { tower.Backward(ws, slope[:len(slope)/2], patches[:len(patches)/2]) },
		"workspace of none":  func() { take(tower, 0, false) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if msg, ok := recover().(string); !ok || !strings.HasPrefix(msg, "vision: ") {
					t.Errorf("panic %v", msg)
				}
			}()
			call()
		})
	}
}

// TestProjectorErf: the projector has the form of GELU that the configuration asks
// for, and what comes before it is the same. TestParityErf cannot tell them apart: they
// differ by less than bf16 rounds.
func TestProjectorErf(t *testing.T) {
	var features [2][]tensor.BF16
	for i, erf := range []bool{false, true} {
		c := small()
		c.ProjectorErf = erf
		tower := newTower(c)
		patches, _ := randomViews(c, 1)
		ws := take(tower, 1, true)
		features[i] = make([]tensor.BF16, c.Patches()*testWidth)
		tower.Forward(ws, features[i], patches)
		own := nn.MLP{Up: tower.projector.Up, Down: tower.projector.Down, Erf: erf}
		var measure nn.Arena
		lay := func(a *nn.Arena) (nn.MLPActs, nn.MLPScratch) {
			return own.Take(a, c.Patches()), own.TakeScratch(a, c.Patches())
		}
		lay(&measure)
		acts, scratch := lay(nn.NewArena(measure.SizeBytes()))
		want := make([]tensor.BF16, len(features[i]))
		own.Forward(want, ws.Rows()[:c.Patches()*c.HiddenSize], &acts, &scratch)
		if !slices.Equal(features[i], want) {
			t.Errorf("with ProjectorErf %v the features are others", erf)
		}
	}
	if slices.Equal(features[0], features[1]) {
		t.Error("both forms give the same features")
	}
}
