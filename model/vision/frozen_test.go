package vision

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// TestFrozen: what is frozen changes nothing in the gradients of the rest, and
// what only a frozen part would need is not computed.
func TestFrozen(t *testing.T) {
	c := small()
	tower := newTower(c)
	patches, slope := randomViews(c, 2)
	ws := take(tower, 2, true)
	want := tower.grads(ws, patches, slope)
	grads := map[*nn.Param][]float32{}
	for _, p := range tower.Params() {
		grads[p] = p.Grad
	}
	tests := []struct {
		name    string
		frozen  func(name string) bool
		reaches int // lowest layer whose gradient is computed; the number of layers: none
	}{
		{"projector", func(n string) bool { return strings.HasPrefix(n, "multi_modal_projector.") }, 0},
		{"tower", func(n string) bool { return strings.HasPrefix(n, "vision_tower.") }, 3},
		{"all", func(string) bool { return true }, 3},
		{"embeddings", func(n string) bool { return strings.Contains(n, ".embeddings.") }, 0},
		{"below layer 2", func(n string) bool {
			return strings.Contains(n, ".embeddings.") || strings.Contains(n, ".layers.0.") || strings.Contains(n, ".layers.1.")
		}, 2},
		{"weights of norms", func(n string) bool { return strings.Contains(n, "layer_norm") && strings.HasSuffix(n, ".weight") }, 0},
		{"biases", func(n string) bool { return strings.HasSuffix(n, ".bias") }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			trained := 0
			for _, p := range tower.Params() {
				p.Grad = grads[p]
				if tt.frozen(p.Name) {
					p.Grad = nil
				} else {
					trained++
				}
			}
			got := tower.grads(ws, patches, slope)
			if len(got) != trained {
				t.Errorf("%d gradients of %d", len(got), trained)
			}
			wantGrads(t, "frozen", got, want)
			tower.Forward(ws, make([]tensor.BF16, len(slope)), patches)
			nan, mark := tensor.FromFloat32(float32(math.NaN())), tensor.FromFloat32(3)
			for _, x := range append(slices.Clone(ws.x[:tt.reaches]), ws.mid[:tt.reaches]...) {
				fill(x, nan) // what a layer too many would read
			}
			fill(ws.grad.x, mark)
			fill(ws.project.DH, mark)
			tower.Backward(ws, slope, patches)
			if !allFinite(ws.grad.x) {
				t.Errorf("the backward pass does not end at layer %d", tt.reaches)
			}
			if computed := tt.reaches < len(tower.layers); computed == (ws.grad.x[0] == mark) {
				t.Errorf("the gradient of the tower's output is computed: %v", !computed)
			}
			if (trained > 0) == (ws.project.DH[0] == mark) {
				t.Error("the projector's backward pass runs for nobody, or not at all")
			}
		})
	}
}

func fill(x []tensor.BF16, v tensor.BF16) {
	for i := range x {
		x[i] = v
	}
}

func allFinite(x []tensor.BF16) bool {
	return !slices.ContainsFunc(x, func(v tensor.BF16) bool { return !finite(v.Float32()) })
}
