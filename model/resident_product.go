package model

import (
	"time"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// paged is the Pager of one Param.
type paged struct {
	resident *resident
	param    *Param
	order    int
	units    []*unit
	wanted   []*unit        // of the product that runs
	all      *kernel.Packed // the groups of the product that runs; nil where there is but one
	partner  *paged         // the experts' second product, which will need the same groups
	table    filePart
}

// layerExperts are the pages of a layer's mixture of experts; nil without.
type layerExperts struct{ router, gateUp, down *paged }

// link tells each layer's two products of experts of each other.
func (p *residentPlan) link(m *Model) {
	of := map[*Param]*paged{}
	for _, page := range p.pages {
		of[page.param] = page
	}
	for _, l := range m.layers {
		var experts layerExperts
		if l.moe != nil {
			experts = layerExperts{of[l.moe.Router.Weight], of[l.moe.GateUp], of[l.moe.Down]}
			experts.gateUp.partner = experts.down
		}
		p.experts = append(p.experts, experts)
	}
}

// Lookup is of nn.Pager: each row is read from the file.
func (g *paged) Lookup(p *nn.Param, x []tensor.BF16, tokens []int32) {
	r := g.resident
	for t, id := range tokens {
		if err := g.table.readBF16(x[t*p.In:(t+1)*p.In], r.own, int(id), 1); err != nil {
			r.mu.Lock()
			r.fail(err)
			r.mu.Unlock()
			return
		}
	}
}

// MatMul is of nn.Pager.
func (g *paged) MatMul(p *nn.Param, y []tensor.BF16, yF32 []float32, x []tensor.BF16, offsets []int32) {
	r := g.resident
	if offsets == nil && g.units[0].pinned {
		product(g.units[0].packed, y, yF32, x)
		return
	}
	r.mu.Lock()
	g.want(offsets)
	if g.inMemory() {
		for _, u := range g.wanted {
			u.busy = true
		}
		r.mu.Unlock()
		g.together(y, x, offsets)
		r.mu.Lock()
		for _, u := range g.wanted {
			r.used(u)
		}
		g.wanted = g.wanted[:0]
	}
	for len(g.wanted) > 0 {
		u := g.await()
		if u == nil {
			break
		}
		lo, hi := 0, len(x)/p.In
		if offsets != nil {
			lo, hi = int(offsets[u.group]), int(offsets[u.group+1])
		}
		u.busy = true
		r.mu.Unlock()
		rows := x[lo*p.In : hi*p.In]
		if y != nil {
			product(u.packed, y[lo*p.Out:hi*p.Out], nil, rows)
		} else {
			product(u.packed, nil, yF32[lo*p.Out:hi*p.Out], rows)
		}
		r.mu.Lock()
		r.used(u)
	}
	g.leave()
	r.mu.Unlock()
}

// inMemory reports whether the units of a product of several groups are all
// there.
func (g *paged) inMemory() bool {
	if g.all == nil || g.resident.err != nil {
		return false
	}
	for _, u := range g.wanted {
		if !u.pinned && u.state != ready {
			return false
		}
	}
	return true
}

// together is the product of all groups as one.
func (g *paged) together(y, x []tensor.BF16, offsets []int32) {
	for _, u := range g.wanted {
		g.all.Share(u.group, u.packed)
	}
	kernel.MatMul(y, x, g.all, offsets)
}

func product(w *kernel.Packed, y []tensor.BF16, yF32 []float32, x []tensor.BF16) {
	if y != nil {
		kernel.MatMul(y, x, w, nil)
	} else {
		kernel.MatMulF32(yF32, x, w, nil)
	}
}

// want lists the units that have rows, and begins to load those that are absent.
func (g *paged) want(offsets []int32) {
	r := g.resident
	r.now = g.order
	g.wanted = g.wanted[:0]
	if r.err != nil {
		return
	}
	for i, u := range g.units {
		if offsets != nil && offsets[i] == offsets[i+1] {
			continue
		}
		if u.pinned || u.state == ready {
			r.stats.Hits++
		} else {
			r.stats.Misses++
		}
		u.wanted = true
		g.wanted = append(g.wanted, u)
		if u.class.expert {
			r.touch(u)
		}
	}
	g.admit()
	if g.partner == nil {
		return
	}
	for _, u := range g.wanted {
		if v := g.partner.units[u.group]; !v.pinned {
			v.guessed = v.state != absent || r.admit(v, true)
		}
	}
}

// admit gives memory to what the product waits for, as far as there is some.
func (g *paged) admit() {
	for _, u := range g.wanted {
		if u.pinned || u.state != absent {
			continue
		}
		if g.resident.admit(u, false) && !u.class.expert {
			u.class.next = (u.index + 1) % len(u.class.ring)
		}
	}
}

// await takes a unit that is in memory off the list, waiting for one if need be.
// It returns nil when one could not be read.
func (g *paged) await() *unit {
	r := g.resident
	for r.err == nil {
		for i, u := range g.wanted {
			if u.pinned || u.state == ready {
				last := len(g.wanted) - 1
				g.wanted[i] = g.wanted[last]
				g.wanted = g.wanted[:last]
				return u
			}
		}
		g.admit()
		start := time.Now()
		r.stalled = true
		r.hire()
		r.changed.Wait()
		r.stalled = false
		r.stats.Stalled += time.Since(start)
	}
	return nil
}

// used lets a unit go after its product, and reads ahead.
func (r *resident) used(u *unit) {
	u.busy, u.wanted, u.guessed = false, false, false
	if !u.pinned && !u.class.expert {
		r.readAhead(u.class)
	}
}

// leave ends a product: what is left of the list was not multiplied, and guesses
// that it did not need were wrong.
func (g *paged) leave() {
	for _, u := range g.wanted {
		u.wanted = false
	}
	g.wanted = g.wanted[:0]
	if len(g.units) > 1 {
		for _, u := range g.units {
			u.guessed = false
		}
	}
}
