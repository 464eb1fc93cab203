package model

import (
	"github.com/polymath-lm/polymath/model/moe"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// expectRows is how many tokens the guess looks at. Those of a prompt choose
// nearly all experts anyway.
const expectRows = 32

// expectation is the memory for guessing the experts of the next layer.
type expectation struct {
	normed  []tensor.BF16 // [expectRows, D]
	routing moe.Routing
}

// takeExpectation lays out the memory; a model without experts needs none.
func takeExpectation(arena *nn.Arena, m *Model) expectation {
	for _, l := range m.layers {
		if l.moe != nil {
			return expectation{nn.Take[tensor.BF16](arena, expectRows*m.cfg.HiddenSize), l.moe.Router.Take(arena, expectRows)}
		}
	}
	return expectation{}
}

func expectBytes(m *Model) int64 {
	var arena nn.Arena
	takeExpectation(&arena, m)
	return arena.SizeBytes()
}

func newExpectation(m *Model) expectation { return takeExpectation(nn.NewArena(expectBytes(m)), m) }

// expect guesses which experts layer l will choose, from the hidden states x [T,
// D] before the feed-forward of the layer before, and reads them ahead. The
// residual stream changes little from one layer to the next, so most guesses
// are right; wrong ones cost time only.
func (r *resident) expect(m *Model, l int, x []tensor.BF16) {
	if l == len(m.layers) || m.layers[l].moe == nil {
		return
	}
	next, pages := m.layers[l], &r.plan.experts[l]
	router := &next.moe.Router
	if !pages.router.units[0].pinned || pages.gateUp.units[0].pinned && pages.down.units[0].pinned {
		return
	}
	d := m.cfg.HiddenSize
	x = x[:min(len(x), expectRows*d)]
	normed := r.guess.normed[:len(x)]
	next.ffnNorm.Forward(normed, x, nil)
	if router.Route(normed, &r.guess.routing) >= 0 {
		return // the layer itself will find the same
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.guess.routing.IDs[:len(x)/d*router.K] {
		for _, page := range [...]*paged{pages.gateUp, pages.down} {
			if u := page.units[e]; !u.pinned && !u.guessed {
				u.guessed = u.state != absent || r.admit(u, true)
			}
		}
	}
}
