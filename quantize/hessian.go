package quantize

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// hessianBytes is how much memory the sums of one pass over a layer may take;
// a layer whose products need more is looked at in several passes.
const hessianBytes = 1 << 30

// unit is a run of a product's groups.
type unit struct {
	p        *model.Param
	from, to int
}

func (u unit) sumBytes() int { return 4 * u.p.In * u.p.In }

// passes divides the groups of products so that the sums of each pass fit into
// limit bytes, or are those of one group.
func passes(products []*model.Param, limit int) [][]unit {
	var list [][]unit
	room := 0
	for _, p := range products {
		for g := range p.Groups {
			need := unit{p: p}.sumBytes()
			if need > room || len(list) == 0 {
				list, room = append(list, nil), limit
			}
			room -= need
			pass := &list[len(list)-1]
			if n := len(*pass); n > 0 && (*pass)[n-1].p == p {
				(*pass)[n-1].to++
			} else {
				*pass = append(*pass, unit{p, g, g + 1})
			}
		}
	}
	return list
}

// hessians sums the products of inputs with each other, XᵀX, for the groups of
// a pass. The sums are those of the matrix product, in fp32 and in one order.
type hessians struct {
	units []unit
	sums  [][]float32 // [groups of the unit, In, In]
}

func newHessians(units []unit) *hessians {
	h := &hessians{units: units}
	for _, u := range units {
		h.sums = append(h.sums, make([]float32, (u.to-u.from)*u.p.In*u.p.In))
	}
	return h
}

// see takes the rows of one batch; it is what Walk.Look calls.
func (h *hessians) see(p *model.Param, x []tensor.BF16, offsets []int32) {
	for i, u := range h.units {
		if u.p != p {
			continue
		}
		if offsets == nil {
			kernel.MatMulGrad(h.sums[i], x, x, p.In, p.In, nil)
			continue
		}
		shifted := make([]int32, u.to-u.from+1)
		for g := range shifted {
			shifted[g] = offsets[u.from+g] - offsets[u.from]
		}
		rows := x[int(offsets[u.from])*p.In : int(offsets[u.to])*p.In]
		kernel.MatMulGrad(h.sums[i], rows, rows, p.In, p.In, shifted)
	}
}

// of returns the sum of group g of unit i.
func (h *hessians) of(i, g int) []float32 {
	n := h.units[i].p.In * h.units[i].p.In
	at := (g - h.units[i].from) * n
	return h.sums[i][at : at+n]
}

// settle makes a sum ready to be solved. Few rows say little of a matrix of k
// columns: an expert that got few is given the layer's mean of common, as if it
// had got k rows of that besides its own, and the damping grows with k/rows.
// column says by what the fold divides an input.
func settle(h, common []float32, k, rows, commonRows int, column func(j int) float32) (damp float64) {
	if common != nil && commonRows > 0 {
		share := float32(k) / float32(commonRows)
		for i, v := range common {
			h[i] += float32(share * v)
		}
		rows += k
	}
	par.For(k, func(_, i int) {
		s := column(i)
		for j := range k {
			h[i*k+j] /= float32(s * column(j))
		}
	})
	return damping * (1 + float64(k)/float64(max(rows, 1)))
}
