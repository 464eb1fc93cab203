package model

import (
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Walk takes batches through the decoder one layer at a time and keeps only the
// residual stream between: what calibration needs, which changes a layer's
// weights once it has seen what they meet, and then goes on with the changed
// ones. While a Walk is in use nothing else may use the model.
type Walk struct {
	m       *Model
	ws      *Workspace
	batches []Batch
	x       [][]tensor.BF16 // [batches][T, D], the input of layer
	layer   int
}

// NewWalk embeds the batches, each of whole documents without a cache, and
// stands before layer 0. It holds 2*D bytes for each token, and a Workspace for
// the largest batch.
func (m *Model) NewWalk(batches []Batch) (*Walk, error) {
	most := 1
	for i := range batches {
		most = max(most, len(batches[i].Tokens))
	}
	w := &Walk{m: m, ws: NewWorkspace(m, most, false), batches: batches, x: make([][]tensor.BF16, len(batches))}
	for i := range batches {
		for t, id := range batches[i].Tokens {
			if id < 0 || int(id) >= m.cfg.VocabSize {
				return nil, fmt.Errorf("token %d of text %d is %d, outside the vocabulary of %d", t, i, id, m.cfg.VocabSize)
			}
		}
		if err := w.ws.find(&batches[i]); err != nil {
			return nil, err
		}
		w.x[i] = make([]tensor.BF16, len(batches[i].Tokens)*m.cfg.HiddenSize)
		if err := m.embedBatch(w.ws, w.x[i], &batches[i]); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// WalkBytes returns what NewWalk allocates for so many tokens, in batches of at
// most batchTokens.
func WalkBytes(cfg *Config, tokens, batchTokens int) int64 {
	return 2*int64(tokens)*int64(cfg.HiddenSize) + WorkspaceBytes(cfg, batchTokens, false)
}

// Layer returns the number of the layer that the walk stands before; the number
// of layers at the end.
func (w *Walk) Layer() int { return w.layer }

// Look runs the layer and shows see the input rows x [R, In] of each of its
// products, in the order in which they run, batch by batch. Rows offsets[g] to
// offsets[g+1] meet group g; nil offsets = there is one group. x is valid until
// see returns. The walk stays where it is.
func (w *Walk) Look(see func(p *Param, x []tensor.BF16, offsets []int32)) error {
	for _, p := range w.m.LayerParams(w.layer) {
		before := p.Pager
		p.Pager = &watcher{see: see, next: before}
		defer func() { p.Pager = before }()
	}
	return w.run(nil)
}

// Step runs the layer with the weights that it has now and goes on to the next.
func (w *Walk) Step() error {
	err := w.run(func(i int, next []tensor.BF16) { copy(w.x[i], next) })
	if err == nil {
		w.layer++
	}
	return err
}

// run gives done the layer's result for each batch; it may be nil.
func (w *Walk) run(done func(i int, next []tensor.BF16)) error {
	l := w.layer
	for i := range w.batches {
		if err := w.ws.begin(&w.batches[i]); err != nil {
			return err
		}
		n := len(w.x[i])
		copy(w.ws.x[l][:n], w.x[i])
		if err := w.m.layerForward(w.ws, l, n, false, nil); err != nil {
			return err
		}
		if done != nil {
			done(i, w.ws.x[l+1][:n])
		}
	}
	return nil
}

// LayerParams returns the arrays of the decoder's layer l, in the order of Params.
func (m *Model) LayerParams(l int) []*Param {
	var list []*Param
	prefix := fmt.Sprintf("model.layers.%d.", l)
	for _, p := range m.params {
		if strings.HasPrefix(p.Name, prefix) {
			list = append(list, p)
		}
	}
	return list
}

// watcher shows what a product reads, and then does what would be done without.
type watcher struct {
	see  func(p *Param, x []tensor.BF16, offsets []int32)
	next nn.Pager
}

func (w *watcher) MatMul(p *Param, y []tensor.BF16, yF32 []float32, x []tensor.BF16, offsets []int32) {
	w.see(p, x, offsets)
	switch {
	case w.next != nil:
		w.next.MatMul(p, y, yF32, x, offsets)
	case y != nil:
		kernel.MatMul(y, x, p.W, offsets)
	default:
		kernel.MatMulF32(yF32, x, p.W, offsets)
	}
}

// Lookup is never called: a layer looks nothing up.
func (w *watcher) Lookup(p *Param, x []tensor.BF16, tokens []int32) { w.next.Lookup(p, x, tokens) }
