package kernel

import (
	"fmt"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// BenchmarkAttention counts the products of visible pairs only: two forward,
// five backward.
func BenchmarkAttention(b *testing.B) {
	for _, dim := range []int{64, 128} {
		const length = 2048
		s := shaped(AttentionShape{Heads: 512 / dim, KVHeads: 512 / dim, HeadDim: dim})
		spans, rows := documents(s, length)
		qkv, do := normals(rows*s.width()), normals(rows*s.Heads*dim)
		o, lse, dqkv := make([]tensor.BF16, len(do)), make([]float32, rows*s.Heads), make([]tensor.BF16, len(qkv))
		product := s.Heads * 2 * length * (length + 1) / 2 * dim
		b.Run(fmt.Sprint("forward", dim), func(b *testing.B) {
			s.Append(qkv, spans)
			peakShare(b, 2*product, func() { s.Forward(o, lse, qkv, spans) })
		})
		b.Run(fmt.Sprint("backward", dim), func(b *testing.B) {
			peakShare(b, 5*product, func() { s.Backward(dqkv, do, o, qkv, lse, spans) })
		})
		b.Run(fmt.Sprint("both", dim), func(b *testing.B) {
			peakShare(b, 7*product, func() {
				s.Append(qkv, spans)
				s.Forward(o, lse, qkv, spans)
				s.Backward(dqkv, do, o, qkv, lse, spans)
			})
		})
	}
}

// BenchmarkAttentionSpans measures a batch of short documents, as a tower's
// views are, beside causal attention on the same. It counts visible pairs: with
// 64 rows, causal attention computes the others too.
func BenchmarkAttentionSpans(b *testing.B) {
	for _, length := range []int{16, 64, 196, 256} {
		for _, both := range []bool{false, true} {
			s := shaped(AttentionShape{Heads: 4, KVHeads: 4, HeadDim: 64, Bidirectional: both})
			spans, rows := documents(s, slices.Repeat([]int{length}, 64)...)
			qkv, do := normals(rows*s.width()), normals(rows*s.Heads*s.HeadDim)
			o, lse, dqkv := make([]tensor.BF16, len(do)), make([]float32, rows*s.Heads), make([]tensor.BF16, len(qkv))
			product := len(spans) * s.Heads * s.HeadDim * length * (length + 1)
			if both {
				product = len(spans) * s.Heads * s.HeadDim * length * length * 2
			}
			name := fmt.Sprintf("%d/bidirectional=%v/", length, both)
			b.Run(name+"forward", func(b *testing.B) {
				peakShare(b, 2*product, func() {
					s.Append(qkv, spans)
					s.Forward(o, lse, qkv, spans)
				})
			})
			b.Run(name+"backward", func(b *testing.B) {
				peakShare(b, 5*product, func() { s.Backward(dqkv, do, o, qkv, lse, spans) })
			})
		}
	}
}

// BenchmarkAttentionLong measures one long document, with a window and without.
// It counts visible pairs, so that a window costs what it sees if blocks out of
// sight are skipped.
func BenchmarkAttentionLong(b *testing.B) {
	for _, length := range []int{8192, 32768} {
		for _, window := range []int{0, 512} {
			s := shaped(AttentionShape{Heads: 2, KVHeads: 1, HeadDim: 64, Window: window})
			spans, rows := documents(s, length)
			qkv, do := normals(rows*s.width()), normals(rows*s.Heads*s.HeadDim)
			o, lse, dqkv := make([]tensor.BF16, len(do)), make([]float32, rows*s.Heads), make([]tensor.BF16, len(qkv))
			pairs := length * (length + 1) / 2
			if window > 0 {
				pairs = window*(window+1)/2 + (length-window)*window
			}
			product := s.Heads * 2 * pairs * s.HeadDim
			name := fmt.Sprintf("%d/window=%d/", length, window)
			b.Run(name+"forward", func(b *testing.B) {
				s.Append(qkv, spans)
				peakShare(b, 2*product, func() { s.Forward(o, lse, qkv, spans) })
			})
			b.Run(name+"backward", func(b *testing.B) {
				s.Append(qkv, spans)
				s.Forward(o, lse, qkv, spans)
				peakShare(b, 5*product, func() { s.Backward(dqkv, do, o, qkv, lse, spans) })
			})
		}
	}
}
