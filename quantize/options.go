package quantize

import (
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// Method is how the codes of 4-bit weights are found.
type Method string

// The methods. Formats of 8 bits are always rounded to nearest: what they lose
// is too little to measure.
const (
	RTN     Method = "rtn"      // round to nearest, with the scales that lose least
	AWQ     Method = "awq"      // activation-aware scaling before it (arXiv:2306.00978)
	GPTQ    Method = "gptq"     // errors made up for by later columns (arXiv:2210.17323)
	AWQGPTQ Method = "awq+gptq" // scaling, and then GPTQ
)

// Best returns the method that lost least on the models that were measured
// (docs/LOG.md): scaling before GPTQ helps Q4_0, whose blocks have one scale, and
// not Q4_K. Without 4-bit weights there is nothing to choose.
func Best(p *Precision) Method {
	layers := []tensor.DType{p.Attention, p.FeedForward, p.Experts}
	switch {
	case slices.Contains(layers, tensor.DTypeQ4_0):
		return AWQGPTQ
	case slices.Contains(layers, tensor.DTypeQ4K):
		return GPTQ
	}
	return RTN
}

// Methods lists the methods.
var Methods = []Method{RTN, AWQ, GPTQ, AWQGPTQ}

// Calibrates reports whether the method looks at text.
func (m Method) Calibrates() bool { return m != RTN }

func (m Method) scales() bool { return m == AWQ || m == AWQGPTQ }
func (m Method) solves() bool { return m == GPTQ || m == AWQGPTQ }

// Formats are those that Precision may name.
var Formats = []tensor.DType{
	tensor.DTypeF32, tensor.DTypeF16, tensor.DTypeBF16, tensor.DTypeQ8_0, tensor.DTypeQ4_0, tensor.DTypeQ4K,
}

// Precision is the format of each part of a model. Norms, biases and routers
// are F32 always: they are few, and what they decide is large. A vision tower is
// BF16: calibration does not reach it.
type Precision struct {
	Attention   tensor.DType `json:"attention"`
	FeedForward tensor.DType `json:"feed_forward"` // of dense layers, and shared experts
	Experts     tensor.DType `json:"experts"`
	Embedding   tensor.DType `json:"embedding"`
	Head        tensor.DType `json:"output"`
}

// Uniform returns d for all products inside layers and Q8_0, or d if that is
// wider, for embedding and output.
func Uniform(d tensor.DType) Precision {
	edge := d
	if d == tensor.DTypeQ4_0 || d == tensor.DTypeQ4K {
		edge = tensor.DTypeQ8_0
	}
	return Precision{Attention: d, FeedForward: d, Experts: d, Embedding: edge, Head: edge}
}

// Check returns an error that names the part whose format is none of Formats.
func (p *Precision) Check() error {
	for _, part := range []struct {
		name string
		d    tensor.DType
	}{{"attention", p.Attention}, {"feed-forward", p.FeedForward}, {"experts", p.Experts}, {"embedding", p.Embedding}, {"output", p.Head}} {
		if !slices.Contains(Formats, part.d) {
			return fmt.Errorf("%s: %q is not a format to quantize to; there are %v", part.name, part.d, Formats)
		}
	}
	return nil
}

// Asked returns the format that is asked for the tensors of a role.
func (p *Precision) Asked(role model.Role) tensor.DType {
	switch role {
	case model.RoleAttention:
		return p.Attention
	case model.RoleFeedForward:
		return p.FeedForward
	case model.RoleExpert:
		return p.Experts
	case model.RoleEmbedding:
		return p.Embedding
	case model.RoleHead:
		return p.Head
	case model.RoleVision:
		return tensor.DTypeBF16
	}
	return tensor.DTypeF32
}

// Format returns the format that a tensor gets. Where its rows are no whole
// number of the blocks asked for it is the next that fits: Q8_0 for Q4_K, BF16
// for all.
func (p *Precision) Format(t model.TensorInfo) tensor.DType {
	width := t.Shape[len(t.Shape)-1]
	for _, next := range []tensor.DType{p.Asked(t.Role), tensor.DTypeQ8_0, tensor.DTypeBF16} {
		if block, _ := next.Block(); width%block == 0 {
			return next
		}
	}
	return tensor.DTypeBF16
}

// Solved reports whether methods other than rounding apply to d: formats of 4
// bits.
func Solved(d tensor.DType) bool { return d == tensor.DTypeQ4_0 || d == tensor.DTypeQ4K }

// Bytes returns the size of a tensor in the format that it gets.
func Bytes(p *Precision, t model.TensorInfo) int64 {
	n, err := tensor.SizeBytes(p.Format(t), t.Shape)
	if err != nil {
		panic(fmt.Sprintf("quantize: %s: %v", t.Name, err)) // Format takes one that fits
	}
	return int64(n)
}
