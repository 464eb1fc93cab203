package model

import (
	"math"
	"strings"
	"testing"
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
func TestGradients(t *testing.T) {
	tests := []struct {
		name   string
		kind   string
		change func(c *Config)
	}{
		{"plain", Llama, func(*Config) {}},
		{"tied", Llama, func(c *Config) { c.TieEmbeddings, c.OutputZLossCoef = true, 0.01 }},
		{"window", Mistral, func(c *Config) { c.SlidingWindow = 9 }},
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
	r := newReference(m, ws)
	roundings := math.Sqrt(40) / math.Sqrt(3) / 512
	for _, p := range m.params {
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
	}
}

// TestReference: the float64 model and PyTorch are two accounts of one loss.
func TestReference(t *testing.T) {
	g := openGolden(t)
	targets := g.ints("targets")
	ws := NewWorkspace(g.model, len(targets), true)
	stats, err := g.model.LossBackward(ws, g.batch, targets, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	r := newReference(g.model, ws)
	c := g.model.cfg
	want := float64(g.floats("loss")[0])
	plain := *c
	plain.OutputZLossCoef, plain.RouterAuxLossCoef, plain.RouterZLossCoef = 0, 0, 0
	g.model.cfg = &plain
	if got := r.loss(g.batch, targets, nil); math.Abs(got-want) > 1e-5*want {
		t.Errorf("loss in float64 %v, PyTorch %v", got, want)
	}
	g.model.cfg = c
	_ = stats
	for _, p := range g.model.params {
		direction, norm := make([]float64, p.Len()), 0.0
		for _, part := range p.Parts {
			n := p.GroupLen()
			grad := g.floats("grad." + part.Name)
			if part.Cols == 0 {
				for i, v := range grad {
					direction[part.Group*n+part.Row*p.In+i] = float64(v)
				}
			}
		}
		for _, v := range direction {
			norm += v * v
		}
		norm = math.Sqrt(norm)
		for i := range direction {
			direction[i] /= norm
		}
		if slope := r.slope(p, direction, g.batch, targets, nil); math.Abs(slope/norm-1) > 1e-4 {
			t.Errorf("%s: PyTorch's gradient has length %v, the slope is %v", p.Name, norm, slope)
		}
	}
}
