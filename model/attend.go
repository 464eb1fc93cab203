package model

import (
	"errors"
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// gaze collects what a row of a batch attends to.
type gaze struct {
	row, first int // of the batch: the row, and that of its document's first token
	sum        []float64
	scores     []float64
	heads      int // that have been added
}

// Attention runs Forward over batch, whose spans have no caches, and writes to
// dst how much the given row attends to each token of its document up to itself,
// in order: the softmax weights of attention, mean over heads and layers, which
// sum to 1. len(dst) is the row's position and one more. Errors are Forward's, and
// a row, dst or batch that is not so.
func (m *Model) Attention(ws *Workspace, batch *Batch, row int, dst []float32) error {
	g := &gaze{row: row, first: -1}
	for i := range batch.Spans {
		s := &batch.Spans[i]
		if s.Cache != nil || s.Pos != 0 {
			return errors.New("attention is shown of whole documents, in spans without caches")
		}
		if s.Start <= row && row < s.Start+s.Len {
			g.first = s.Start
		}
	}
	switch {
	case g.first < 0:
		return fmt.Errorf("row %d is not in the batch", row)
	case len(dst) != row-g.first+1:
		return fmt.Errorf("there is room for %d weights; row %d has %d", len(dst), row, row-g.first+1)
	}
	g.sum, g.scores = make([]float64, len(dst)), make([]float64, len(dst))
	ws.gaze = g
	err := m.Forward(ws, batch)
	ws.gaze = nil
	for i, v := range g.sum {
		dst[i] = float32(v / float64(max(g.heads, 1)))
	}
	return err
}

// look adds a layer's weights, from its queries and keys.
func (g *gaze) look(a *nn.Attention, acts *nn.AttentionActs) {
	s := &a.Shape
	at := func(row, col int) []tensor.BF16 { return acts.QKV[row*a.Width()+col:][:s.HeadDim] }
	for h := range s.Heads {
		q := at(g.row, h*s.HeadDim)
		key := a.QWidth() + h/(s.Heads/s.KVHeads)*s.HeadDim
		top := math.Inf(-1)
		for i := range g.scores {
			if n := len(g.scores) - i; s.Window > 0 && n > s.Window {
				g.scores[i] = math.Inf(-1)
				continue
			}
			dot := 0.0
			for c, k := range at(g.first+i, key) {
				dot += float64(q[c].Float32()) * float64(k.Float32())
			}
			g.scores[i] = dot * float64(s.Scale)
			top = max(top, g.scores[i])
		}
		total := 0.0
		for i, v := range g.scores {
			g.scores[i] = math.Exp(v - top)
			total += g.scores[i]
		}
		for i, v := range g.scores {
			g.sum[i] += v / total
		}
		g.heads++
	}
}
