package quantize

import (
	"context"
	"fmt"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// ProductReport says what became of a product of a layer.
type ProductReport struct {
	Name   string       `json:"name"`
	Format tensor.DType `json:"format"`
	// Rows is how many rows of the calibration text the product met; for
	// experts the least that one of them did.
	Rows int `json:"rows"`
	// Error is the root of the mean square of what the product gives too much
	// or too little, relative to that of what it should give, on rows of the
	// calibration text; for experts the mean over those that had rows. It is 0
	// without calibration.
	Error float64 `json:"error"`
}

// layer is the work on one layer.
type layer struct {
	*run
	number int
	params []*model.Param
	done   int // groups that were solved
	folds  []model.Fold
	scales [][]float32 // by fold; nil = none
	sample *sample     // nil without calibration
	common map[*model.Param]*model.Param
	out    map[string]*tensor.Tensor
	errors map[*model.Param][]float64
}

// quantizeLayer makes the tensors of the layer that the walk stands before.
func (r *run) quantizeLayer(ctx context.Context, number int, walk *model.Walk) ([]*tensor.Tensor, []ProductReport, error) {
	l := &layer{
		run: r, number: number, params: r.model.LayerParams(number), folds: r.model.Folds(number),
		out: map[string]*tensor.Tensor{}, common: map[*model.Param]*model.Param{}, errors: map[*model.Param][]float64{},
	}
	l.scales = make([][]float32, len(l.folds))
	for _, f := range l.folds {
		for _, p := range f.Readers {
			if f.Groups == 1 && p.Groups > 1 {
				l.common[p] = f.Readers[0] // the router sees what the experts share
			}
		}
	}
	if walk != nil {
		l.sample = newSample(l.products(), len(r.batches))
		if err := walk.Look(l.sample.see); err != nil {
			return nil, nil, err
		}
	}
	if r.Method.scales() {
		if err := l.findScales(ctx); err != nil {
			return nil, nil, err
		}
	}
	if err := l.roundAll(ctx, walk); err != nil {
		return nil, nil, err
	}
	return l.tensors(), l.report(), nil
}

// products returns the layer's products, routers included.
func (l *layer) products() []*model.Param {
	var list []*model.Param
	for _, p := range l.params {
		if p.Forms&nn.Product != 0 {
			list = append(list, p)
		}
	}
	return list
}

func (l *layer) findScales(ctx context.Context) error {
	for i := range l.folds {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if l.scales[i], err = l.search(&l.folds[i], l.sample); err != nil {
			return err
		}
	}
	return nil
}

// weights returns group g of p as the folds leave it.
func (l *layer) weights(p *model.Param, g int) ([]float32, error) {
	w, err := l.read(p, g)
	if err != nil {
		return nil, err
	}
	for i := range l.folds {
		if l.scales[i] != nil {
			l.folds[i].Apply(p, g, w, l.scales[i])
		}
	}
	return w, nil
}

// column returns what group g of p has its input columns multiplied by.
func (l *layer) column(p *model.Param, g int) func(j int) float32 {
	for i := range l.folds {
		f, scales := &l.folds[i], l.scales[i]
		for _, reader := range f.Readers {
			if reader != p || scales == nil {
				continue
			}
			own := scales[:f.Width]
			if f.Groups > 1 {
				own = scales[g*f.Width : (g+1)*f.Width]
			}
			return func(j int) float32 { return own[f.Scale(j)] }
		}
	}
	return func(int) float32 { return 1 }
}

// roundAll makes every tensor of the layer: those that are solved pass by pass,
// the others at once.
func (l *layer) roundAll(ctx context.Context, walk *model.Walk) error {
	var solve []*model.Param
	for _, p := range l.params {
		if l.Method.solves() && Solved(l.format(p)) {
			solve = append(solve, p)
			continue
		}
		for g := range p.Groups {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := l.round(p, g, nil); err != nil {
				return err
			}
		}
	}
	for _, units := range passes(solve, hessianBytes) {
		if err := l.solvePass(ctx, walk, units); err != nil {
			return err
		}
	}
	return nil
}

// solvePass looks at the layer once and solves the groups of units.
func (l *layer) solvePass(ctx context.Context, walk *model.Walk, units []unit) error {
	watched := units
	shared := map[*model.Param]int{} // index in watched of what experts share
	for _, u := range units {
		if c := l.common[u.p]; c != nil && shared[c] == 0 {
			shared[c] = len(watched)
			watched = append(watched[:len(watched):len(watched)], unit{c, 0, 1})
		}
	}
	h := newHessians(watched)
	if err := walk.Look(h.see); err != nil {
		return err
	}
	for i, u := range units {
		var common []float32
		commonRows := 0
		if c := l.common[u.p]; c != nil {
			common, commonRows = h.of(shared[c], 0), l.sample.seen[c][0].rows
		}
		for g := u.from; g < u.to; g++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			rows := l.sample.seen[u.p][g].rows
			if rows == 0 && common == nil {
				if err := l.round(u.p, g, nil); err != nil {
					return err
				}
				continue
			}
			sum := h.of(i, g)
			damp := settle(sum, common, u.p.In, rows, commonRows, l.column(u.p, g))
			block, _ := l.format(u.p).Block()
			s, err := newSolver(sum, u.p.In, block, damp)
			if err != nil {
				return fmt.Errorf("%s, matrix %d: %w", u.p.Name, g, err)
			}
			if err := l.round(u.p, g, s); err != nil {
				return err
			}
			l.advance()
		}
	}
	return nil
}

// round makes the tensors of group g of p, by s if that is not nil.
func (l *layer) round(p *model.Param, g int, s *solver) error {
	w, err := l.weights(p, g)
	if err != nil {
		return err
	}
	d := l.format(p)
	for _, part := range p.Parts {
		if part.Group != g {
			continue
		}
		x := p.PartOf(part, w)
		t := &tensor.Tensor{Name: part.Name, DType: d, Shape: p.PartShape(part)}
		switch {
		case s != nil:
			t, err = newTensor(t)
			if err == nil {
				err = s.quantize(t.Data, d, x)
			}
		case d.IsBlocked():
			t, err = newTensor(t)
			if err == nil {
				err = roundRows(t.Data, d, x, p.In, l.importance(p, g, d))
			}
		default:
			t, err = plain(t, x)
		}
		if err != nil {
			return fmt.Errorf("tensor %s: %w", part.Name, err)
		}
		l.out[part.Name] = t
	}
	if l.sample != nil && d.IsBlocked() {
		return l.measure(p, g, w)
	}
	return nil
}

// importance is what errors in the columns of group g of p cost; nil = all the
// same, or not known.
func (l *layer) importance(p *model.Param, g int, d tensor.DType) []float32 {
	if !l.Method.Calibrates() || !Solved(d) {
		return nil
	}
	return l.sample.seen[p][g].importance(l.column(p, g))
}

// measure notes how far the rounded group is from w on the rows that were kept.
func (l *layer) measure(p *model.Param, g int, w []float32) error {
	in := &l.sample.seen[p][g]
	if len(in.kept) == 0 {
		return nil
	}
	x := make([]tensor.BF16, len(in.kept))
	column := l.column(p, g)
	for i, v := range in.kept {
		x[i] = tensor.FromFloat32(v.Float32() / column(i%p.In))
	}
	y, packed := make([]float32, len(x)/p.In*p.Out), kernel.NewPacked(1, p.In, p.Out)
	whole := energy(y, x, w, packed)
	delta := make([]float32, len(w))
	if err := l.decode(p, g, delta); err != nil {
		return err
	}
	for i, v := range w {
		delta[i] = v - delta[i]
	}
	if whole > 0 {
		l.errors[p] = append(l.errors[p], energy(y, x, delta, packed)/whole)
	}
	return nil
}

// decode reads group g of p back from what it became.
func (l *layer) decode(p *model.Param, g int, w []float32) error {
	for _, part := range p.Parts {
		if part.Group != g {
			continue
		}
		if err := l.out[part.Name].CopyF32(p.PartOf(part, w)); err != nil {
			return err
		}
	}
	return nil
}

// tensors lists what was made, in the order of the layer.
func (l *layer) tensors() []*tensor.Tensor {
	var list []*tensor.Tensor
	for _, p := range l.params {
		for _, part := range p.Parts {
			list = append(list, l.out[part.Name])
		}
	}
	return list
}
