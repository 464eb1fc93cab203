package plan

import (
	"fmt"
	"math"
	"slices"
)

// Precision is a format of weights, or of keys and values.
type Precision string

// The formats. Int8 and Int4 have a scale of 16 bits for each 32 numbers, as GGUF's
// Q8_0 and Q4_0 have; FP8 is counted without its scales, which are one for 128 or
// more.
const (
	FP32 Precision = "fp32"
	BF16 Precision = "bf16"
	FP8  Precision = "fp8"
	Int8 Precision = "int8"
	Int4 Precision = "int4"
)

// Precisions lists the formats, widest first.
func Precisions() []Precision { return []Precision{FP32, BF16, FP8, Int8, Int4} }

// Bytes is what one number takes. It panics on a Precision that is not one of the
// constants.
func (p Precision) Bytes() float64 {
	switch p {
	case FP32:
		return 4
	case BF16:
		return 2
	case FP8:
		return 1
	case Int8:
		return 8.5 / 8
	case Int4:
		return 4.5 / 8
	}
	panic("plan: unknown precision " + string(p))
}

// ParsePrecision returns the format of that name, or an error that lists them.
func ParsePrecision(name string) (Precision, error) {
	if p := Precision(name); slices.Contains(Precisions(), p) {
		return p, nil
	}
	return "", fmt.Errorf("precision %q is not one of %v", name, Precisions())
}

// WeightBytes returns the memory of all weights in a format.
func (m *Model) WeightBytes(p Precision) float64 {
	n := m.Params()
	return float64(n.Total) * p.Bytes()
}

// KVBytesPerToken returns what one more token adds to the cache of a text that is
// shorter than every window.
func (m *Model) KVBytesPerToken(p Precision) float64 {
	return float64(m.Layers) * float64(m.KVWidth()) * p.Bytes()
}

// KVBytes returns the cache of a text of context tokens, in which sliding layers
// keep no more than their window.
func (m *Model) KVBytes(context int, p Precision) float64 {
	n := 0.0
	for l := range m.Layers {
		n += float64(within(context, m.Window(l)))
	}
	return n * float64(m.KVWidth()) * p.Bytes()
}

// DecodeBytes is what one step of decoding reads from memory.
type DecodeBytes struct {
	Weights float64 `json:"weights"` // of all layers and the output matrix
	KV      float64 `json:"kv"`      // keys and values of all sequences
	// Experts is how many of each sparse layer's experts the step is expected to
	// read, were each choice even.
	Experts float64 `json:"experts,omitempty"`
}

// Total is the sum.
func (d DecodeBytes) Total() float64 { return d.Weights + d.KV }

// DecodeBytes returns what a step reads that gives each of batch sequences its
// next token, with context tokens of each in the cache.
func (m *Model) DecodeBytes(batch, context int, weights, kv Precision) DecodeBytes {
	p := m.Params()
	d := DecodeBytes{KV: float64(batch) * m.KVBytes(context, kv)}
	read := float64(p.Active)
	if x := m.Experts; x != nil {
		d.Experts = touched(x.Number, x.Active, batch)
		experts := p.Part(PartExperts)
		read += d.Experts/float64(x.Number)*float64(experts.Total) - float64(experts.Active)
	}
	d.Weights = read * weights.Bytes()
	return d
}

// touched is the expected number of experts of which at least one of the tokens
// chooses one.
func touched(experts, active, tokens int) float64 {
	e := float64(experts)
	return e * (1 - math.Pow(1-float64(active)/e, float64(tokens)))
}

// State is the memory of training by parameter, in bytes.
type State struct {
	Name                          string  `json:"name"`
	Weights, Gradients, Optimizer float64 `json:"-"`
	// What says what is kept, with its source.
	What string `json:"what"`
}

// Bytes is the sum for one parameter.
func (s State) Bytes() float64 { return s.Weights + s.Gradients + s.Optimizer }

// States lists the usual ways of keeping what is trained with Adam, widest first.
func States() []State {
	return []State{
		{"bf16, fp32 gradients", 2, 4, 12, "bf16 weights, fp32 gradients, masters and two moments (Megatron-LM)"},
		{"fp32", 4, 4, 8, "fp32 weights, gradients and two moments"},
		{"bf16", 2, 2, 12, "bf16 weights and gradients, fp32 masters and two moments (ZeRO, arXiv:1910.02054, 3.1)"},
		{"fp8", 1, 4, 8, "fp8 weights, fp32 gradients and masters, bf16 moments (DeepSeek-V3, arXiv:2412.19437, 3.3)"},
	}
}
