package quantize

import (
	"math"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// sampleRows is how many input rows of a group are kept to measure errors on.
const sampleRows = 256

// inputs is what was seen of the inputs of one group of a product.
type inputs struct {
	rows     int
	absolute []float32     // [In] sums of magnitudes
	squares  []float32     // [In] sums of squares
	kept     []tensor.BF16 // [up to sampleRows, In]
}

// sample holds the inputs of a layer's products, by group.
type sample struct {
	seen     map[*model.Param][]inputs
	perBatch int // rows that one batch may add to kept
}

// newSample prepares to see the products of params in so many batches.
func newSample(params []*model.Param, batches int) *sample {
	s := &sample{seen: map[*model.Param][]inputs{}, perBatch: (sampleRows + batches - 1) / max(batches, 1)}
	for _, p := range params {
		s.seen[p] = make([]inputs, p.Groups)
		for g := range s.seen[p] {
			s.seen[p][g].absolute, s.seen[p][g].squares = make([]float32, p.In), make([]float32, p.In)
		}
	}
	return s
}

// see takes the rows of one batch; it is what Walk.Look calls.
func (s *sample) see(p *model.Param, x []tensor.BF16, offsets []int32) {
	groups := s.seen[p]
	if groups == nil {
		return
	}
	if offsets == nil {
		offsets = []int32{0, int32(len(x) / p.In)}
	}
	const stripe = 64
	across := (p.In + stripe - 1) / stripe
	par.For(len(groups)*across, func(_, i int) {
		g, from := i/across, i%across*stripe
		rows := x[int(offsets[g])*p.In : int(offsets[g+1])*p.In]
		groups[g].add(rows, p.In, from, min(from+stripe, p.In))
	})
	for g := range groups {
		groups[g].keep(x[int(offsets[g])*p.In:int(offsets[g+1])*p.In], p.In, s.perBatch)
	}
}

// add adds the columns [from, to) of rows to the sums.
func (in *inputs) add(rows []tensor.BF16, width, from, to int) {
	for at := 0; at < len(rows); at += width {
		for c := from; c < to; c++ {
			v := rows[at+c].Float32()
			in.absolute[c] += float32(math.Abs(float64(v)))
			in.squares[c] += float32(v * v)
		}
	}
}

// keep counts rows and keeps up to most of them, evenly spaced.
func (in *inputs) keep(rows []tensor.BF16, width, most int) {
	n := len(rows) / width
	in.rows += n
	most = min(most, n, sampleRows-len(in.kept)/width)
	for i := range most {
		r := i * n / most
		in.kept = append(in.kept, rows[r*width:(r+1)*width]...)
	}
}

// importance returns the mean squares of the columns, divided by scales²; nil
// if nothing was seen or nothing was other than zero.
func (in *inputs) importance(column func(j int) float32) []float32 {
	w := make([]float32, len(in.squares))
	any := false
	for j, v := range in.squares {
		s := column(j)
		w[j] = v / float32(max(in.rows, 1)) / float32(s*s)
		any = any || w[j] > 0
	}
	if !any {
		return nil
	}
	return w
}
