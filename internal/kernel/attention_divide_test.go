package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// TestAttentionDivided compares the gradients of spans that several threads
// share with those of one thread.
func TestAttentionDivided(t *testing.T) {
	defer par.SetThreads(0)
	eachPath(t, func(t *testing.T) {
		for _, s := range []AttentionShape{
			{Heads: 2, KVHeads: 1, HeadDim: 32},
			{Heads: 1, KVHeads: 1, HeadDim: 20, Window: 1},
			{Heads: 2, KVHeads: 2, HeadDim: 16, Window: 65},
			{Heads: 1, KVHeads: 1, HeadDim: 32, Window: 300},
			{Heads: 2, KVHeads: 1, HeadDim: 32, Bidirectional: true},
		} {
			s = shaped(s)
			spans, rows := documents(s, 70, 330)
			r := rand.New(rand.NewPCG(5, 5))
			qkv, do := drawn(r, rows*s.width(), inputs[0].draw), drawn(r, rows*s.Heads*s.HeadDim, inputs[0].draw)
			o, lse := make([]tensor.BF16, len(do)), make([]float32, rows*s.Heads)
			s.Append(qkv, spans)
			s.Forward(o, lse, qkv, spans)
			var want []tensor.BF16
			for _, threads := range []int{1, 4, 9} {
				job := backwardJob{attentionJob: attentionJob{AttentionShape: s, spans: spans}}
				job.divide(threads)
				if _, pieces := job.piece(&spans[1]); (pieces > 1) != (threads > 1) {
					t.Errorf("%+v: %d pieces for %d threads", s, pieces, threads)
				}
				par.SetThreads(threads)
				got := make([]tensor.BF16, len(qkv))
				s.Backward(got, do, o, qkv, lse, spans)
				if want == nil {
					want = got
				}
				wantBF16(t, fmt.Sprintf("%+v on %d threads", s, threads), got, want)
			}
		}
	})
}
