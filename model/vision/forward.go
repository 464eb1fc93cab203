package vision

import (
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Forward computes features [N*P, D] from patches [N*P, PatchLen], those of
// whole views one after the other, as Input has them. It panics if the arrays do
// not fit each other or ws.
func (t *Tower) Forward(ws *Workspace, features, patches []tensor.BF16) {
	n := ws.begin(t, features, patches) * t.cfg.HiddenSize
	x, out := ws.x[0][:n], ws.out[:n]
	t.patch.Forward(x, patches, nil)
	t.positions.Forward(out, ws.batch.Positions)
	nn.Add(x, x, out, t.cfg.HiddenSize)
	for l := range t.layers {
		t.layerForward(ws, l, n)
	}
	t.projector.Forward(features, ws.x[len(t.layers)][:n], &ws.projector, &ws.project)
}

// layerForward computes x[l+1] from x[l]; n is N*P*Dv.
func (t *Tower) layerForward(ws *Workspace, l, n int) {
	lay, acts := t.layers[l], &ws.acts[l]
	x, mid, next := ws.x[l][:n], ws.mid[l][:n], ws.x[l+1][:n]
	normed, out := ws.normed[:n], ws.out[:n]
	lay.norm1.Forward(normed, x, acts.norm1)
	lay.attn.Forward(out, normed, &acts.attn, &ws.batch)
	nn.Add(mid, x, out, t.cfg.HiddenSize)
	lay.norm2.Forward(normed, mid, acts.norm2)
	lay.mlp.Forward(out, normed, &acts.mlp, &ws.mlp)
	nn.Add(next, mid, out, t.cfg.HiddenSize)
}

// Backward adds to every Grad the gradient that follows from dFeatures
// [N*P, D], that of the features of the last Forward, which was over the same
// patches. What has no Grad is frozen; nothing is computed below the lowest
// layer that is not. ws must have been taken for training.
func (t *Tower) Backward(ws *Workspace, dFeatures, patches []tensor.BF16) {
	if !ws.train {
		panic("vision: backward pass in a workspace that is not for training")
	}
	n := ws.begin(t, dFeatures, patches) * t.cfg.HiddenSize
	dx, top := ws.grad.x[:n], len(t.layers)
	stop := t.lowest()
	if stop > top {
		dx = nil
		if !trained(t.projectorParams()) {
			return
		}
	}
	t.projector.Backward(dx, dFeatures, ws.x[top][:n], &ws.projector, &ws.project)
	for l := top; l >= max(stop, 1); l-- {
		t.layerBackward(ws, l-1, dx)
	}
	if stop == 0 {
		t.positions.Backward(dx, ws.batch.Positions)
		t.patch.Backward(nil, dx, patches, nil, ws.grad.sums)
	}
}

// layerBackward turns dx [N*P, Dv], the gradient of x[l+1], into that of x[l].
func (t *Tower) layerBackward(ws *Workspace, l int, dx []tensor.BF16) {
	n := len(dx)
	lay, acts, g := t.layers[l], &ws.acts[l], &ws.grad
	x, mid := ws.x[l][:n], ws.mid[l][:n]
	normed, dNormed := ws.normed[:n], g.normed[:n]
	lay.norm2.Forward(normed, mid, nn.Moments{})
	lay.mlp.Backward(dNormed, dx, normed, &acts.mlp, &ws.mlp)
	lay.norm2.Backward(dx, dNormed, mid, acts.norm2, g.sums)
	lay.norm1.Forward(normed, x, nn.Moments{})
	lay.attn.Backward(dNormed, dx, normed, &acts.attn, &g.attn, &ws.batch)
	lay.norm1.Backward(dx, dNormed, x, acts.norm1, g.sums)
}

// lowest returns where the backward pass may stop: 0 at the embeddings, l+1 at
// layer l, and beyond the layers where none of them is trained.
func (t *Tower) lowest() int {
	if trained([]*nn.Param{t.patch.Weight, t.patch.Bias, t.positions.Weight}) {
		return 0
	}
	for l, lay := range t.layers {
		if trained(lay.params) {
			return l + 1
		}
	}
	return len(t.layers) + 1
}

func (t *Tower) projectorParams() []*nn.Param {
	p := &t.projector
	return []*nn.Param{p.Up.Weight, p.Up.Bias, p.Down.Weight, p.Down.Bias}
}

func trained(params []*nn.Param) bool {
	for _, p := range params {
		if p.Grad != nil {
			return true
		}
	}
	return false
}
