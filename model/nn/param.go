package nn

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// Param is one trained array: Groups matrices of [Out, In] fp32, row-major, in
// one slice. Products that take the same input are fused into one Param; Parts
// tells which rows are which tensor of the ecosystem's file.
//
// Master and Grad are nil in a model that was not loaded for training. Whoever
// changes Master calls Sync before the next forward pass: layers read the
// compute form, not the master.
type Param struct {
	Name            string // unique; the fused tensor's own name
	Groups, Out, In int    // vectors (norms, biases) have Groups 1, Out 1
	Master, Grad    []float32
	NoDecay         bool    // norms and biases: weight decay leaves them alone
	InitStd         float64 // standard deviation at the start; 0 = filled with Fill
	Fill            float32
	Parts           []Part
	Forms           Forms

	// The compute forms, each nil where the layer has no use for it. All hold
	// the master rounded to bf16.
	W, WT  *kernel.Packed // for x·wᵀ, and for dy·w
	Table  []tensor.BF16  // [Out, In] as it lies: embeddings and biases
	Vector []float32      // [In]: norm weights
}

// Len returns the number of elements.
func (p *Param) Len() int { return p.Groups * p.Out * p.In }

// GroupLen returns the number of elements of one group.
func (p *Param) GroupLen() int { return p.Out * p.In }

// Group returns group g of the master, [Out, In].
func (p *Param) Group(g int) []float32 {
	n := p.GroupLen()
	return p.Master[g*n : (g+1)*n : (g+1)*n]
}

// Alloc allocates the compute forms, of which the transposed product only for
// training, and then master and gradient too.
func (p *Param) Alloc(trainable bool) {
	if p.Forms&Product != 0 {
		p.W = kernel.NewPacked(p.Groups, p.In, p.Out)
		if trainable {
			p.WT = kernel.NewPacked(p.Groups, p.Out, p.In)
		}
	}
	if p.Forms&Lookup != 0 {
		p.Table = make([]tensor.BF16, p.Len())
	}
	if p.Forms&NormWeight != 0 {
		p.Vector = make([]float32, p.Len())
	}
	if trainable {
		p.Master = make([]float32, p.Len())
		p.Grad = make([]float32, p.Len())
	}
}

// SizeBytes returns what Alloc allocates.
func (p *Param) SizeBytes(trainable bool) int64 {
	var n int64
	if p.Forms&Product != 0 {
		n += 2 * int64(kernel.PackedLen(p.Groups, p.In, p.Out))
		if trainable {
			n += 2 * int64(kernel.PackedLen(p.Groups, p.Out, p.In))
		}
	}
	if p.Forms&Lookup != 0 {
		n += 2 * int64(p.Len())
	}
	if p.Forms&NormWeight != 0 {
		n += 4 * int64(p.Len())
	}
	if trainable {
		n += 8 * int64(p.Len())
	}
	return n
}

// Forms is a set of compute forms of a Param.
type Forms int

// The compute forms: packed for products, rows to look up (embeddings and
// biases), and fp32 norm weights.
const (
	Product Forms = 1 << iota
	Lookup
	NormWeight
)

// Sync brings the compute forms up to date with Master, in parallel.
func (p *Param) Sync() {
	if p.W != nil {
		p.W.PackAll(p.Master)
	}
	if p.WT != nil {
		p.WT.PackAllT(p.Master)
	}
	if p.Table != nil || p.Vector != nil {
		p.syncRows(0, p.Master)
	}
}

// SetGroup fills the compute forms of group g from w [Out, In], rounding to
// bf16. Master is left alone: models that do not train have none.
func (p *Param) SetGroup(g int, w []float32) {
	if p.W != nil {
		p.W.Pack(g, w)
	}
	if p.WT != nil {
		p.WT.PackT(g, w)
	}
	p.syncRows(g, w)
}

// SetGroupBF16 is SetGroup for weights that are bf16 already.
func (p *Param) SetGroupBF16(g int, w []tensor.BF16) {
	if p.W != nil {
		p.W.PackBF16(g, w)
	}
	if p.WT != nil {
		p.WT.PackTBF16(g, w)
	}
	at := g * p.GroupLen()
	if p.Table != nil {
		copy(p.Table[at:at+len(w)], w)
	}
	if p.Vector != nil {
		kernel.ToF32(p.Vector[at:at+len(w)], w)
	}
}

func (p *Param) syncRows(g int, w []float32) {
	at := g * p.GroupLen()
	if p.Table != nil {
		kernel.ToBF16(p.Table[at:at+len(w)], w)
	}
	if p.Vector != nil {
		for i, v := range w {
			p.Vector[at+i] = tensor.FromFloat32(v).Float32()
		}
	}
}
