package model

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model/nn"
)

// TestGradients compares every gradient with central differences of the model
// in float64, along the gradient itself: the slope there is the gradient's
// length if it is right. Let the gradient have an error of r of its length, the
// sum, as of a random walk, of the roundings to bf16 (2^-9/sqrt(3) on average)
// of the stored values that it passes on its way, some forty of them in two
// layers. Errors of different tokens are independent, so their part along the
// gradient is r/sqrt(tokens), or less than that of the elements if they are
// fewer. Four times that is the limit: half a percent. The gradients of the
// router and of norms and biases are small sums of large terms that cancel,
// which multiplies their error.
//
// Errors across the gradient hardly show there, so each tensor of the file has a
// random direction of its own as well: unit vectors of n elements, along which
// gradient and error both have 1/sqrt(n) of their length. What rounding does to a
// tensor's gradient is about 0.03 of its length, in PyTorch too (TestParity logs
// it), and three times as much is the limit.
func TestGradients(t *testing.T) {
	tests := []struct {
		name   string
		kind   string
		change func(c *Config)
	}{
		{"plain", Llama, func(*Config) {}},
		{"tied", Llama, func(c *Config) { c.TieEmbeddings, c.OutputZLossCoef = true, 0.01 }},
		{"window", Mistral, func(c *Config) { c.SlidingWindow = 9 }},
		{"windows by layer", Mellum, func(c *Config) {
			c.SlidingWindow, c.RopeScaling = 9, &RopeScaling{Type: RopeYaRN, Factor: 4, OriginalPositions: 32}
		}},
		{"biases", Qwen2, func(*Config) {}},
		{"yarn", Qwen3, func(c *Config) { c.RopeScaling = &RopeScaling{Type: RopeYaRN, Factor: 4, OriginalPositions: 32} }},
		{"experts", Mixtral, func(*Config) {}},
		{"raw gates", OLMoE, func(c *Config) { c.NormTopKProb = false }},
		{"losses of the router", Qwen3MoE, func(c *Config) { c.RouterAuxLossCoef, c.RouterZLossCoef = 1, 0.3 }},
		{"shared expert", Qwen3MoE, func(c *Config) { c.SharedExpertSize = 12 }},
		{"capacity", Qwen3MoE, func(c *Config) { c.CapacityFactor = 0.8 }},
		{"one dense layer", Qwen3MoE, func(c *Config) { c.MLPOnlyLayers = []int{0} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := small(t, tt.kind)
			c.VocabSize = 43
			tt.change(c)
			checkGradients(t, newModel(t, c), nil)
		})
	}
	t.Run("weights", func(t *testing.T) {
		weights := make([]float32, 25)
		for i := range weights {
			weights[i] = float32(i%5) - 1.5
		}
		checkGradients(t, newModel(t, small(t, Llama)), weights)
	})
}

func checkGradients(t *testing.T, m *Model, weights []float32) {
	b := documents(m.cfg.VocabSize, 17, 8)
	targets := shifted(b)
	counted := len(targets) - 2
	ws := NewWorkspace(m, len(targets), true)
	stats, err := m.LossBackward(ws, b, targets, weights, 1/float32(counted))
	if err != nil {
		t.Fatal(err)
	}
	if (stats.Dropped > 0) != (m.cfg.CapacityFactor > 0) {
		t.Errorf("dropped %d rows with a capacity of %v", stats.Dropped, m.cfg.CapacityFactor)
	}
	compareGradients(t, newReference(m, ws), b, targets, weights)
}

// compareGradients compares the gradients of r's model with the slopes of r.
func compareGradients(t *testing.T, r *reference, b *Batch, targets []int32, weights []float32) {
	t.Helper()
	roundings := math.Sqrt(40) / math.Sqrt(3) / 512
	for _, p := range r.m.params {
		direction := make([]float64, p.Len())
		norm := 0.0
		for i, g := range p.Grad {
			direction[i] = float64(g)
			norm += float64(g) * float64(g)
		}
		norm = math.Sqrt(norm)
		for i := range direction {
			direction[i] /= norm
		}
		slope := r.slope(p, direction, b, targets, weights)
		limit := 4 * roundings / math.Sqrt(float64(min(len(targets), p.Len())))
		if p.Out == 1 || strings.HasSuffix(p.Name, ".gate.weight") {
			limit *= 3
		}
		if got := math.Abs(slope/norm - 1); !(got <= limit) {
			t.Errorf("%s: gradient of length %.6g, slope %.6g: off by %.2g, limit %.2g", p.Name, norm, slope, got, limit)
		}
		for _, part := range p.Parts {
			checkRandom(t, r, p, part, b, targets, weights)
		}
	}
}

// checkRandom compares slope and gradient of part along a random direction.
func checkRandom(t *testing.T, r *reference, p *Param, part nn.Part, b *Batch, targets []int32, weights []float32) {
	n := p.GroupLen()
	signs := make([]float32, p.Len())
	own := p.PartOf(part, signs[part.Group*n:(part.Group+1)*n])
	random := rand.New(rand.NewPCG(1, uint64(len(own))))
	for i := range own {
		own[i] = float32(2*random.IntN(2) - 1)
	}
	direction := make([]float64, len(signs))
	want, norm := 0.0, 0.0
	for i, s := range signs {
		direction[i] = float64(s) / math.Sqrt(float64(len(own)))
		g := float64(p.Grad[i]) * math.Abs(float64(s))
		want += g * direction[i]
		norm += g * g
	}
	slope := r.slope(p, direction, b, targets, weights)
	limit := 3 * 0.03 * math.Sqrt(norm/float64(len(own)))
	if off := math.Abs(slope - want); !(off <= limit) {
		t.Errorf("%s along a random direction: gradient %.6g, slope %.6g: off by %.2g, limit %.2g", part.Name, want, slope, off, limit)
	}
}

// TestReference: the float64 model and PyTorch are two accounts of one loss.
func TestReference(t *testing.T) {
	g := openGolden(t)
	targets := g.ints("targets")
	ws := NewWorkspace(g.model, len(targets), true)
	if _, err := g.model.LossBackward(ws, g.batch, targets, nil, 1); err != nil {
		t.Fatal(err)
	}
	r := newReference(g.model, ws)
	c := g.model.cfg
	want := float64(g.floats("loss")[0])
	plain := *c
	plain.OutputZLossCoef, plain.RouterAuxLossCoef, plain.RouterZLossCoef = 0, 0, 0
	g.model.cfg = &plain
	if got := r.loss(g.batch, targets, nil); !(math.Abs(got-want) <= 1e-5*want) {
		t.Errorf("loss in float64 %v, PyTorch %v", got, want)
	}
	g.model.cfg = c
	for _, p := range g.model.params {
		grad := make([]float32, p.Len())
		for _, part := range p.Parts {
			n := p.GroupLen()
			copy(p.PartOf(part, grad[part.Group*n:(part.Group+1)*n]), g.floats("grad."+part.Name))
		}
		direction, norm := make([]float64, p.Len()), 0.0
		for i, v := range grad {
			direction[i] = float64(v)
			norm += direction[i] * direction[i]
		}
		norm = math.Sqrt(norm)
		for i := range direction {
			direction[i] /= norm
		}
		if slope := r.slope(p, direction, g.batch, targets, nil); !(math.Abs(slope/norm-1) <= 1e-4) {
			t.Errorf("%s: PyTorch's gradient has length %v, the slope is %v", p.Name, norm, slope)
		}
	}
}
