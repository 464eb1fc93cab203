package model

import (
	"fmt"

	"github.com/polymath-lm/polymath/model/moe"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Forward runs the decoder over batch and leaves the final hidden states in ws.
// Keys and values are appended to the spans' caches. A token that is not in
// the vocabulary or a full cache is an error, and so is a router logit that is
// not finite (wrapping ErrNonFinite), so are weights that LoadWithin left in
// their file and that cannot be read, and so are patches or features that are not
// as many as the batch's image tokens; the caches' lengths are then as before.
// Spans that do not cover the tokens or do not fit their caches are a caller's
// bug and panic.
func (m *Model) Forward(ws *Workspace, batch *Batch) error {
	return m.forward(ws, batch, false, nil)
}

// forward is Forward. train applies the experts' capacity; stats may be nil.
func (m *Model) forward(ws *Workspace, batch *Batch, train bool, stats *Stats) error {
	if ws.model != m {
		panic("model: workspace of another model")
	}
	for t, id := range batch.Tokens {
		if id < 0 || int(id) >= m.cfg.VocabSize {
			return fmt.Errorf("token %d is %d, outside the vocabulary of %d", t, id, m.cfg.VocabSize)
		}
	}
	if err := ws.find(batch); err != nil {
		return err
	}
	if err := ws.begin(batch); err != nil {
		return err
	}
	if m.resident != nil {
		defer m.resident.end()
		if err := m.resident.begin(); err != nil {
			return err
		}
	}
	n := len(batch.Tokens) * m.cfg.HiddenSize
	if err := m.embedBatch(ws, ws.x[0][:n], batch); err != nil {
		return err
	}
	for l := range m.layers {
		err := m.layerForward(ws, l, n, train, stats)
		if failed := m.resident.failed(); failed != nil { // then the rest is of no use
			err = failed
		}
		if err != nil {
			ws.clearTails()
			return err
		}
	}
	m.norm.Forward(ws.hidden[:n], ws.x[len(m.layers)][:n], ws.rstd)
	for i, c := range ws.caches {
		if c != nil {
			c.len += batch.Spans[i].Len
		}
	}
	return nil
}

// clearTails takes back what a pass that failed wrote to its caches.
func (ws *Workspace) clearTails() {
	for i, c := range ws.caches {
		if c != nil {
			c.clearTail(c.len + ws.batch.Spans[i].Len)
		}
	}
}

// layerForward computes x[l+1] from x[l]; n is T*D.
func (m *Model) layerForward(ws *Workspace, l, n int, train bool, stats *Stats) error {
	lay, acts := m.layers[l], &ws.acts[l]
	x, mid, next := ws.x[l][:n], ws.mid[l][:n], ws.x[l+1][:n]
	normed, out := ws.normed[:n], ws.out[:n]
	for i, c := range ws.caches {
		if c != nil {
			ws.batch.Spans[i].Blocks = c.blocks[l]
		}
	}
	lay.attnNorm.Forward(normed, x, acts.attnRstd)
	lay.attn.Forward(out, normed, &acts.attn, &ws.batch)
	if ws.gaze != nil {
		ws.gaze.look(lay.attn, &acts.attn)
	}
	lay.ffnNorm.AddForward(normed, mid, x, out, acts.ffnRstd)
	if lay.ffn != nil {
		lay.ffn.Forward(out, normed, &acts.ffn, &ws.ffn)
		nn.Add(next, mid, out, m.cfg.HiddenSize)
		return nil
	}
	if m.resident != nil {
		m.resident.expect(m, l+1, mid)
	}
	if t := lay.moe.Forward(next, mid, normed, &acts.moe, &ws.moe, train); t >= 0 {
		return fmt.Errorf("layer %d, token %d: a router logit is %w", l, t, ErrNonFinite)
	}
	if stats != nil {
		ws.observe(l, &acts.moe, stats)
	}
	return nil
}

// observe adds what layer l's router did to stats.
func (ws *Workspace) observe(l int, acts *moe.Acts, stats *Stats) {
	router := &ws.model.layers[l].moe.Router
	balance, z, entropy := router.Losses(&acts.Routing, acts.Dispatch.Load, len(ws.batch.Positions))
	stats.BalanceLoss += balance
	stats.RouterZLoss += z
	stats.Dropped += acts.Dispatch.Dropped
	ws.entropy[l] = entropy
	for e, n := range acts.Dispatch.Load {
		ws.load[l][e] = int(n)
	}
}

// Hidden returns the final hidden states of the last Forward, after the final
// norm: [T, D]. They belong to ws.
func (m *Model) Hidden(ws *Workspace) []tensor.BF16 {
	return ws.hidden[:len(ws.batch.Positions)*m.cfg.HiddenSize]
}

// Logits computes the logits of the given rows (token indices of the batch of
// the last Forward) into dst [len(rows), V], fp32. Weights that LoadWithin left
// in their file and that cannot be read are an error.
func (m *Model) Logits(ws *Workspace, rows []int32, dst []float32) error {
	m.mustHaveHead()
	if m.resident == nil {
		m.head.Logits(dst, ws.pick(rows))
		return nil
	}
	defer m.resident.end()
	if err := m.resident.begin(); err != nil {
		return err
	}
	m.head.Logits(dst, ws.pick(rows))
	return m.resident.failed()
}

// pick copies the hidden states of rows together.
func (ws *Workspace) pick(rows []int32) []tensor.BF16 {
	d := ws.model.cfg.HiddenSize
	for i, r := range rows {
		copy(ws.lossX[i*d:(i+1)*d], ws.hidden[int(r)*d:][:d])
	}
	return ws.lossX[:len(rows)*d]
}
