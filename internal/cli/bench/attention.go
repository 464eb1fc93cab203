package bench

import (
	"context"
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// Attention measures causal attention, forward and backward, over one document
// at head sizes 64 and 128. Operations are those of the causal half: two
// products forward, five backward.
func Attention(ctx context.Context, o Options) error {
	tokens := 2048
	if o.Quick {
		tokens = 512
	}
	for _, headDim := range []int{64, 128} {
		if err := ctx.Err(); err != nil {
			return err
		}
		o.attention(tokens, 512/headDim, headDim)
	}
	return ctx.Err()
}

func (o Options) attention(tokens, heads, headDim int) {
	shape := kernel.AttentionShape{Heads: heads, KVHeads: heads, HeadDim: headDim, Scale: float32(1 / math.Sqrt(float64(headDim)))}
	width := heads * headDim
	qkv := normals(tokens * 3 * width)
	out, dout, dqkv := make([]tensor.BF16, tokens*width), normals(tokens*width), make([]tensor.BF16, len(qkv))
	lse := make([]float32, tokens*heads)
	blocks := shape.NewBlocks((tokens+kernel.KeyBlock-1)/kernel.KeyBlock, false)
	spans := []kernel.Span{{Len: tokens, Blocks: blocks}}
	product := float64(heads) * float64(headDim) * float64(tokens) * float64(tokens+1) // one product's causal half
	forward := func() {
		shape.Append(qkv, spans)
		shape.Forward(out, lse, qkv, spans)
	}
	backward := func() { shape.Backward(dqkv, dout, out, qkv, lse, spans) }
	forward()
	for _, direction := range []struct {
		name  string
		flops float64
		f     func()
	}{
		{"forward", 2 * product, forward},
		{"backward", 5 * product, backward},
		{"both", 7 * product, func() { forward(); backward() }},
	} {
		o.compare(Result{
			Name: fmt.Sprintf("attention %s T=%d %dx%d", direction.name, tokens, heads, headDim),
			Unit: "FLOP/s", LimitOf: limitCompute,
		}, func() float64 { return o.rate(direction.flops, direction.f) }, o.peak)
	}
}
