package model

import (
	"fmt"
	"runtime"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Load opens the model at path, see OpenWeights, and brings it into memory. A
// model that is not trainable keeps the file's formats of blocks, and its bits
// are those of the same weights decoded and rounded to bf16; it also keeps the
// file open, where token embeddings are looked up, until it is closed or
// collected. A trainable model holds masters and gradients besides the compute
// form, and no file.
func Load(path string, trainable bool) (*Model, error) {
	w, err := OpenWeights(path)
	if err != nil {
		return nil, err
	}
	return LoadWeights(w, LoadOptions{Trainable: trainable})
}

// LoadOptions says what a loaded model is for.
type LoadOptions struct {
	Trainable bool // with masters and gradients
	Plain     bool // bf16 in memory, whatever the formats of the file
}

// LoadWeights is Load for weights that are open. The model takes them over:
// they are closed with it, or here on an error and where nothing of them is
// needed any longer.
func LoadWeights(w *Weights, o LoadOptions) (*Model, error) {
	m := build(w.cfg)
	m.trainable = o.Trainable
	f := filling{w: w, options: o}
	for _, p := range m.params {
		if err := f.add(p); err != nil {
			return nil, w.failed(err)
		}
	}
	if err := f.run(); err != nil {
		return nil, w.failed(err)
	}
	if err := readMapped(func() error { return m.fillBiases(w) }); err != nil {
		return nil, w.failed(err)
	}
	if o.Trainable {
		m.Sync()
		if err := w.Close(); err != nil {
			return nil, err
		}
		return m, nil
	}
	m.weights = w
	// A pass looks embeddings up in the file; its Workspace holds the model.
	runtime.AddCleanup(m, func(w *Weights) { _ = w.Close() }, w) // nobody is left to tell
	return m, nil
}

// failed closes w and returns err with the name of the file.
func (w *Weights) failed(err error) error {
	_, err = w.orClose(err)
	return err
}

// filling is the work of bringing weights into memory, cut into units that may
// run at the same time.
type filling struct {
	w       *Weights
	options LoadOptions
	units   []func(s *rowScratch) error
}

// unitBytes is about how much one unit writes: enough to make the rest cheap,
// little enough that the units share out well.
const unitBytes = 1 << 20

// add allocates what p needs and adds the units that fill it.
func (f *filling) add(p *Param) error {
	parts := make([]stored, len(p.Parts))
	for i, part := range p.Parts {
		t, err := f.w.stored(part.Name)
		if err != nil {
			return err
		}
		parts[i] = t
	}
	switch {
	case f.options.Trainable:
		p.Alloc(true)
		f.addMasters(p, parts)
		return nil
	case isVector(p):
		p.Alloc(false)
		f.addVector(p, parts)
		return nil
	}
	if p.Forms&nn.Lookup != 0 {
		f.addTable(p, parts[0])
	}
	if p.Forms&nn.Product != 0 {
		f.addProduct(p, parts)
	}
	return nil
}

// addMasters decodes the parts into the masters.
func (f *filling) addMasters(p *Param, parts []stored) {
	for i, part := range p.Parts {
		dst, t := p.PartOf(part, p.Group(part.Group)), parts[i]
		rows, cols := t.rowShape()
		f.split(rows, 1, 4*cols, func(lo, hi int, s *rowScratch) error {
			return t.f32Rows(dst[lo*cols:hi*cols], lo, hi, s)
		})
	}
}

// addVector fills norm weights and biases.
func (f *filling) addVector(p *Param, parts []stored) {
	f.units = append(f.units, func(s *rowScratch) error {
		all := make([]float32, p.Len())
		for i, part := range p.Parts {
			rows, _ := parts[i].rowShape()
			if err := parts[i].f32Rows(p.PartOf(part, all), 0, rows, s); err != nil {
				return err
			}
		}
		p.SetGroup(0, all)
		return nil
	})
}

// addTable makes a table: of embeddings rows of the file itself where they are
// bf16 or a format of blocks, and a rounded copy otherwise, as of others.
func (f *filling) addTable(p *Param, t stored) {
	embeddings := p.Name == embedName
	switch {
	case embeddings && t.DType == tensor.DTypeBF16 && t.aligned():
		p.Table = t.BF16()
	case embeddings && t.DType.IsBlocked() && !f.options.Plain:
		p.Rows = t.Tensor
	default:
		p.Table = make([]tensor.BF16, p.Len())
		f.split(p.Out, 1, 2*p.In, func(lo, hi int, s *rowScratch) error {
			rows, err := t.bf16Rows(lo, hi, s)
			copy(p.Table[lo*p.In:hi*p.In], rows)
			return err
		})
	}
}

// addProduct packs the parts for the product.
func (f *filling) addProduct(p *Param, parts []stored) {
	if !f.options.Plain && keepsBlocks(p, parts) {
		p.W = kernel.NewQuantized(p.Groups, p.In, p.Out)
	} else {
		p.W = kernel.NewPacked(p.Groups, p.In, p.Out)
	}
	if len(parts) == p.Groups || fits(p, parts) {
		for i, part := range p.Parts {
			t := parts[i]
			f.split(part.Rows, kernel.PanelN, 2*p.In, func(lo, hi int, s *rowScratch) error {
				return pack(p, part.Group, part.Row+lo, t, lo, hi, s)
			})
		}
		return
	}
	for g := range p.Groups {
		f.split(p.Out, kernel.PanelN, 2*p.In, func(lo, hi int, s *rowScratch) error {
			return packAcross(p, g, parts, lo, hi, s)
		})
	}
}

// keepsBlocks reports whether p is kept in the formats of blocks that its parts
// have: some have one, and every part fills panels of its own.
func keepsBlocks(p *Param, parts []stored) bool {
	blocked := false
	for _, t := range parts {
		blocked = blocked || t.DType.IsBlocked()
	}
	return blocked && fits(p, parts)
}

// fits reports whether no panel of p holds rows of two parts.
func fits(p *Param, parts []stored) bool {
	for _, part := range p.Parts {
		if part.Row%kernel.PanelN != 0 {
			return false
		}
	}
	return true
}

// pack puts rows [lo, hi) of t at row of group g.
func pack(p *Param, g, row int, t stored, lo, hi int, s *rowScratch) error {
	if plain := p.W.Plain(); t.DType != tensor.DTypeF64 && !(plain && t.DType.IsBlocked()) {
		p.W.SetRows(g, row, t.DType, t.rowsAt(lo, hi, &s.raw))
		return nil
	}
	rows, err := t.bf16Rows(lo, hi, s)
	if err != nil {
		return err
	}
	p.W.SetRows(g, row, tensor.DTypeBF16, tensor.Bytes(rows))
	return nil
}

// packAcross puts rows [lo, hi) of group g, which may come from several parts.
func packAcross(p *Param, g int, parts []stored, lo, hi int, s *rowScratch) error {
	s.joined = sized(s.joined, (hi-lo)*p.In)
	for i, part := range p.Parts {
		from, to := max(lo, part.Row), min(hi, part.Row+part.Rows)
		if part.Group != g || from >= to {
			continue
		}
		rows, err := parts[i].bf16Rows(from-part.Row, to-part.Row, s)
		if err != nil {
			return err
		}
		copy(s.joined[(from-lo)*p.In:], rows)
	}
	p.W.SetRows(g, lo, tensor.DTypeBF16, tensor.Bytes(s.joined))
	return nil
}

// split adds units of whole steps of rows, each about unitBytes.
func (f *filling) split(rows, step, rowBytes int, do func(lo, hi int, s *rowScratch) error) {
	n := max(unitBytes/max(rowBytes, 1)/step, 1) * step
	for lo := 0; lo < rows; lo += n {
		hi := min(lo+n, rows)
		f.units = append(f.units, func(s *rowScratch) error { return do(lo, hi, s) })
	}
}

// run does the units in parallel.
func (f *filling) run() error {
	errs := make([]error, len(f.units))
	var free par.FreeList[rowScratch]
	par.For(len(f.units), func(_, i int) {
		s := free.Get()
		errs[i] = readMapped(func() error { return f.units[i](s) })
		free.Put(s)
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *Model) fillBiases(w *Weights) error {
	if !m.cfg.RouterBias {
		return nil
	}
	for l, lay := range m.layers {
		if lay.moe == nil {
			continue
		}
		t, err := w.Tensor(biasName(m.cfg, l))
		if err != nil {
			return err
		}
		lay.moe.Router.Bias = make([]float32, m.cfg.NumExperts)
		if err := t.CopyF32(lay.moe.Router.Bias); err != nil {
			return fmt.Errorf("layer %d: %w", l, err)
		}
	}
	return nil
}
