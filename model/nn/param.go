package nn

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// Param is one trained array: Groups matrices of [Out, In] fp32, row-major, in
// one slice. Products that take the same input are fused into one Param; Parts
// tells which rows are which tensor of the ecosystem's file.
//
// Master and Grad are nil in a model that was not loaded for training; a backward
// pass leaves such a Param as it is. Whoever
// changes Master calls Sync before the next forward pass: layers read the
// compute form, not the master.
type Param struct {
	Name            string // unique; the fused tensor's own name
	Groups, Out, In int    // vectors (norms, biases) have Groups 1, Out 1
	Master, Grad    []float32
	NoDecay         bool    // norms and biases: weight decay leaves them alone
	InitStd         float64 // standard deviation at the start; 0 = filled with Fill
	Fill            float32
	Start           func(master []float32) // fills the master at the start in place of the two; nil = they do
	Parts           []Part
	Forms           Forms

	// The compute forms, each nil where the layer has no use for it. All hold
	// the master rounded to bf16.
	W, WT  *kernel.Packed // for x·wᵀ, and for dy·w
	Table  []tensor.BF16  // [Out, In] as it lies: embeddings and biases
	Vector []float32      // [In]: weights and biases of norms
	// Rows is the table as its file has it, where that is a block format; Table
	// is then nil. It aliases the file's mapping.
	Rows *tensor.Tensor

	// LoRA is added to every product MatMul; nil = none. Its own Params are not
	// among the model's.
	LoRA *LoRA

	// Pager brings the compute forms into memory where not all of them are;
	// nil = they are.
	Pager Pager
}

// Pager works for the Params of a model whose weights are not all in memory. It
// gives the bits that they would give if they were. What goes wrong, such as a
// file that cannot be read, is kept until the model asks; the results are then
// of no use.
type Pager interface {
	// MatMul is Param.MatMul, or MatMulF32 where y is nil.
	MatMul(p *Param, y []tensor.BF16, yF32 []float32, x []tensor.BF16, offsets []int32)
	// Lookup copies the rows of tokens [T] into x [T, In].
	Lookup(p *Param, x []tensor.BF16, tokens []int32)
}

// MatMul computes y [T, Out] = x [T, In] · wᵀ, rounded to bf16. Rows offsets[g]
// to offsets[g+1] meet group g; nil offsets = there is one group, for all rows.
// Every forward product goes this way. It panics if the sizes do not agree.
func (p *Param) MatMul(y, x []tensor.BF16, offsets []int32) {
	if p.Pager != nil {
		p.Pager.MatMul(p, y, nil, x, offsets)
	} else {
		kernel.MatMul(y, x, p.W, offsets)
	}
	if p.LoRA != nil && len(x) > 0 {
		p.LoRA.forward(y, x, offsets)
	}
}

// InputGrad computes dx [T, In] from dy [T, Out], the gradients of the input
// and the result of MatMul; it needs WT.
func (p *Param) InputGrad(dx, dy []tensor.BF16, offsets []int32) {
	kernel.MatMul(dx, dy, p.WT, offsets)
	if p.LoRA != nil && len(dx) > 0 {
		p.LoRA.inputGrad(dx, dy, offsets)
	}
}

// WeightGrad adds the gradients of the matrices from dy [T, Out] and x [T, In]
// of MatMul: to Grad, unless that is nil and the Param frozen, and to those of
// its LoRA.
func (p *Param) WeightGrad(dy, x []tensor.BF16, offsets []int32) {
	if p.Grad != nil {
		kernel.MatMulGrad(p.Grad, dy, x, p.Out, p.In, offsets)
	}
	if p.LoRA != nil && len(x) > 0 {
		p.LoRA.weightGrad(dy, x, offsets)
	}
}

// MatMulF32 is MatMul without the rounding to bf16.
func (p *Param) MatMulF32(y []float32, x []tensor.BF16, offsets []int32) {
	if p.Pager != nil {
		p.Pager.MatMul(p, nil, y, x, offsets)
		return
	}
	kernel.MatMulF32(y, x, p.W, offsets)
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
		p.Table = tensor.Make[tensor.BF16](p.Len())
	}
	if p.Forms&NormWeight != 0 {
		p.Vector = make([]float32, p.Len())
	}
	if trainable {
		p.Master = tensor.Make[float32](p.Len())
		p.Grad = tensor.Make[float32](p.Len())
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
// biases), and fp32 weights and biases of norms.
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
