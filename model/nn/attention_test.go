package nn

import (
	"testing"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// TestActsWithoutBackward: what only the backward pass reads is not kept for
// every token without it.
func TestActsWithoutBackward(t *testing.T) {
	norm := &Norm{Weight: &Param{In: 2}}
	a := &Attention{Shape: kernel.AttentionShape{Heads: 64, KVHeads: 64, HeadDim: 2}, QNorm: norm, KNorm: norm}
	const tokens = 64 * turnGrain
	var arena Arena
	a.Take(&arena, tokens, false)
	qkv, o, rstd := a.Width()*2, a.QWidth()*2, a.Segments()*4
	if got, want := arena.SizeBytes(), int64(tokens*(qkv+o)+tokens/turnGrain*rstd); got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
}
