package model

import (
	"fmt"

	"github.com/polymath-lm/polymath/model/moe"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Loss runs Forward and measures the loss. targets [T]: the token that should
// follow each one, -1 = not counted. A loss that is not finite is an error
// wrapping ErrNonFinite that names the token, and so is a target outside of
// the vocabulary.
func (m *Model) Loss(ws *Workspace, batch *Batch, targets []int32) (Stats, error) {
	var stats Stats
	if err := ws.count(targets, nil); err != nil {
		return stats, err
	}
	if err := m.forward(ws, batch, false, &stats); err != nil {
		return stats, err
	}
	ws.needHead()
	m.head.Loss(ws.countedRows(), &ws.head)
	return stats, ws.finish(&stats)
}

// LossBackward is Loss for training: it adds the gradient of
//
//	scale * (sum of cross-entropies + Tokens * auxiliary losses)
//
// to every Param.Grad. The auxiliary losses are z_loss_coef times the mean
// squared logsumexp of the logits and, summed over the sparse layers,
// router_aux_loss_coef times the balance loss and router_z_loss_coef times the
// router's mean squared logsumexp. For a step of several microbatches scale is
// 1/(counted tokens of the step), and the sum is the gradient of the mean.
//
// weights, nil or [T], multiplies each token's cross-entropy in the gradient
// (policy gradients pass advantages here); Stats does not know them. After an
// error the gradients are worthless: skip the step and call ZeroGrad. ws must
// have been made for training, and spans must be whole documents without a
// cache.
func (m *Model) LossBackward(ws *Workspace, batch *Batch, targets []int32, weights []float32, scale float32) (Stats, error) {
	ws.mustTrain(batch)
	var stats Stats
	if err := ws.count(targets, weights); err != nil {
		return stats, err
	}
	if err := m.forward(ws, batch, true, &stats); err != nil {
		return stats, err
	}
	args := ws.countedRows()
	args.Scale, args.ZScale = scale, scale*float32(m.cfg.OutputZLossCoef)
	if weights != nil {
		args.Weights = ws.lossScale
	}
	m.headBackward(ws, args)
	if err := ws.finish(&stats); err != nil {
		return stats, err
	}
	m.backward(ws, batch, ws.dHidden(), scale*float32(len(ws.lossRows)))
	return stats, nil
}

// countedRows returns the arguments of a loss of the rows that count listed.
func (ws *Workspace) countedRows() *nn.LossArgs {
	ws.lossArgs = nn.LossArgs{X: ws.pick(ws.lossRows), Targets: ws.lossIDs}
	return &ws.lossArgs
}

// headBackward computes the loss of args with the gradient of its rows' hidden
// states, in ws.grad.rows.
func (m *Model) headBackward(ws *Workspace, args *nn.LossArgs) {
	m.mustHaveHead()
	args.DX = ws.grad.rows[:len(args.X)]
	m.head.Loss(args, &ws.head)
}

// dHidden returns the gradient of the hidden states after headBackward: 0 for
// the rows that do not count.
func (ws *Workspace) dHidden() []tensor.BF16 {
	d := ws.model.cfg.HiddenSize
	dst := ws.model.HiddenGrad(ws)
	for i, r := range ws.lossRows {
		copy(dst[int(r)*d:][:d], ws.grad.rows[i*d:(i+1)*d])
	}
	return dst
}

func (ws *Workspace) mustTrain(batch *Batch) {
	if !ws.train {
		panic("model: backward pass in a workspace that is not for training")
	}
	for i := range batch.Spans {
		if batch.Spans[i].Pos != 0 || batch.Spans[i].Cache != nil {
			panic("model: a span in training is a whole document without a cache")
		}
	}
}

// count lists the rows that have a target.
func (ws *Workspace) count(targets []int32, weights []float32) error {
	if len(targets) > ws.maxTokens || weights != nil && len(weights) != len(targets) {
		panic("model: targets or weights do not fit the batch")
	}
	ws.lossRows, ws.lossIDs, ws.lossScale = ws.lossRows[:0], ws.lossIDs[:0], ws.lossScale[:0]
	for t, id := range targets {
		if id < -1 || int(id) >= ws.model.cfg.VocabSize {
			return fmt.Errorf("target %d is %d, outside the vocabulary of %d", t, id, ws.model.cfg.VocabSize)
		}
		if id < 0 {
			continue
		}
		ws.lossRows, ws.lossIDs = append(ws.lossRows, int32(t)), append(ws.lossIDs, id)
		if weights != nil {
			ws.lossScale = append(ws.lossScale, weights[t])
		}
	}
	return nil
}

// finish sums the losses into stats, in the order of the tokens.
func (ws *Workspace) finish(stats *Stats) error {
	n := len(ws.lossRows)
	bad := -1
	for i := range n {
		lse := float64(ws.head.LSE[i])
		stats.Loss += float64(ws.head.Loss[i])
		stats.ZLoss += float64(lse * lse)
		if loss := ws.head.Loss[i]; bad < 0 && loss-loss != 0 {
			bad = i
		}
	}
	stats.Tokens = n
	stats.ZLoss /= float64(max(n, 1))
	ws.finishRouters(stats)
	if bad >= 0 {
		return fmt.Errorf("the loss of token %d is %w", ws.lossRows[bad], ErrNonFinite)
	}
	return nil
}

// finishRouters makes means over the layers of what they have added to stats.
func (ws *Workspace) finishRouters(stats *Stats) {
	if sparse := ws.model.numSparse(); sparse > 0 {
		stats.BalanceLoss /= float64(sparse)
		stats.RouterZLoss /= float64(sparse)
	}
	stats.ExpertLoad, stats.RouterEntropy = ws.load, ws.entropy
}

func (m *Model) numSparse() int {
	n := 0
	for _, l := range m.layers {
		if l.moe != nil {
			n++
		}
	}
	return n
}

// Backward adds the gradients that follow from dHidden [T, D], the gradient of
// some loss of the caller's with respect to Hidden after ForwardTrain with the
// same ws and batch; HiddenGrad has room for it. Auxiliary losses of the router take the weight auxScale,
// 0 for none.
func (m *Model) Backward(ws *Workspace, batch *Batch, dHidden []tensor.BF16, auxScale float32) {
	ws.mustTrain(batch)
	m.backward(ws, batch, dHidden, auxScale)
}

// HiddenGrad returns room for the gradient of the hidden states of the last pass,
// [T, D], all 0. It belongs to ws, which must have been made for training.
func (m *Model) HiddenGrad(ws *Workspace) []tensor.BF16 {
	dst := ws.grad.hidden[:len(ws.batch.Positions)*m.cfg.HiddenSize]
	clear(dst)
	return dst
}

// ForwardTrain is Forward for a backward pass to follow: the same, but with the
// experts' capacity, if there is one. Of Stats it returns what the routers did;
// there is no loss yet.
func (m *Model) ForwardTrain(ws *Workspace, batch *Batch) (Stats, error) {
	ws.mustTrain(batch)
	var stats Stats
	if err := m.forward(ws, batch, true, &stats); err != nil {
		return stats, err
	}
	ws.finishRouters(&stats)
	return stats, nil
}

func (m *Model) backward(ws *Workspace, batch *Batch, dHidden []tensor.BF16, auxScale float32) {
	n := len(batch.Tokens) * m.cfg.HiddenSize
	dx := ws.grad.x[:n]
	clear(dx)
	m.norm.Backward(dx, dHidden, ws.x[len(m.layers)][:n], ws.rstd, ws.grad.sums)
	aux := moe.AuxWeights{
		Balance: float32(m.cfg.RouterAuxLossCoef) * auxScale,
		Z:       float32(m.cfg.RouterZLossCoef) * auxScale,
	}
	for l := len(m.layers) - 1; l >= 0; l-- {
		if ws.recompute && l < len(m.layers)-1 { // the last one's results are there still
			_ = m.layerForward(ws, l, n, true, nil) // which was without error before
		}
		m.layerBackward(ws, l, dx, aux)
	}
	m.embedBackward(ws, dx, batch)
}

// layerBackward turns dx [T, D], the gradient of x[l+1], into that of x[l].
func (m *Model) layerBackward(ws *Workspace, l int, dx []tensor.BF16, aux moe.AuxWeights) {
	n := len(dx)
	lay, acts, g := m.layers[l], &ws.acts[l], &ws.grad
	x, mid := ws.x[l][:n], ws.mid[l][:n]
	normed, dNormed := ws.normed[:n], g.normed[:n]

	lay.ffnNorm.Forward(normed, mid, nil)
	if lay.ffn != nil {
		lay.ffn.Backward(dNormed, dx, normed, &acts.ffn, &ws.ffn)
	} else {
		lay.moe.Backward(dNormed, dx, normed, &acts.moe, &ws.moe, aux)
	}
	lay.ffnNorm.Backward(dx, dNormed, mid, acts.ffnRstd, g.sums)

	lay.attnNorm.Forward(normed, x, nil)
	lay.attn.Backward(dNormed, dx, normed, &acts.attn, &g.attn, &ws.batch)
	lay.attnNorm.Backward(dx, dNormed, x, acts.attnRstd, g.sums)
}
