package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

var attentionShapes = []AttentionShape{
	{Heads: 2, KVHeads: 2, HeadDim: 32},
	{Heads: 4, KVHeads: 2, HeadDim: 64},
	{Heads: 3, KVHeads: 1, HeadDim: 20, Window: 70},
	{Heads: 2, KVHeads: 1, HeadDim: 128, Window: 1},
	{Heads: 8, KVHeads: 1, HeadDim: 48, Window: 130},
	{Heads: 4, KVHeads: 1, HeadDim: 96},
	{Heads: 3, KVHeads: 3, HeadDim: 128, Window: 90},
	{Heads: 1, KVHeads: 1, HeadDim: 160},
	{Heads: 2, KVHeads: 2, HeadDim: 64, Bidirectional: true},
	{Heads: 4, KVHeads: 2, HeadDim: 20, Bidirectional: true},
}

// sees returns the positions [from, to) that a query sees.
func sees(s AttentionShape, span *Span, i int) (from, to int) {
	switch {
	case s.Bidirectional:
		return 0, span.Len
	case s.Window > 0:
		return max(0, i-s.Window+1), i + 1
	}
	return 0, i + 1
}

// documents returns a batch of documents, as spans with blocks.
func documents(s AttentionShape, lengths ...int) (spans []Span, rows int) {
	for _, n := range lengths {
		spans = append(spans, Span{Start: rows, Len: n, Blocks: bf16Blocks(s, n)})
		rows += n
	}
	return spans, rows
}

// bf16Blocks returns blocks of garbage.
func bf16Blocks(s AttentionShape, n int) []Block {
	blocks := s.NewBlocks(ceilDiv(n, KeyBlock), false)
	for i := range blocks {
		for k := range blocks[i].BF16 {
			blocks[i].BF16[k] = 0x7fc0
		}
	}
	return blocks
}

func shaped(s AttentionShape) AttentionShape {
	s.Scale = float32(1 / math.Sqrt(float64(s.HeadDim)))
	return s
}

// attentionPlain is the forward pass as it is defined, one row after another.
func attentionPlain(s AttentionShape, qkv []tensor.BF16, spans []Span) (o []tensor.BF16, lse []float32) {
	width, dim := s.width(), s.HeadDim
	o, lse = make([]tensor.BF16, len(qkv)/width*s.Heads*dim), make([]float32, len(qkv)/width*s.Heads)
	for _, span := range spans {
		for i := range span.Len {
			for h := range s.Heads {
				kv := h / s.group()
				q := qkv[(span.Start+i)*width+h*dim:]
				m, l, alpha, acc := []float32{scoreStart}, []float32{0}, []float32{0}, make([]float32, dim)
				from, to := sees(s, &span, i)
				for b := from / KeyBlock; b*KeyBlock < to; b++ {
					row := func(k int) []tensor.BF16 { // past the document's end: zeros
						if b*KeyBlock+k >= span.Len {
							return make([]tensor.BF16, width)
						}
						return qkv[(span.Start+b*KeyBlock+k)*width:][:width]
					}
					x, p := make([]float32, KeyBlock), make([]tensor.BF16, KeyBlock)
					for k := range x {
						key := row(k)[s.key(kv):]
						x[k] = productSum(0, func(i int) tensor.BF16 { return q[i] }, func(i int) tensor.BF16 { return key[i] }, dim)
					}
					maskScores(x, nil, from-b*KeyBlock, to-b*KeyBlock)
					portableScores(p, x, m, l, alpha, s.Scale)
					for d := range acc {
						acc[d] = productSum(acc[d]*alpha[0], func(k int) tensor.BF16 { return p[k] },
							func(k int) tensor.BF16 { return row(k)[s.value(kv)+d] }, KeyBlock)
					}
				}
				for d, v := range acc {
					o[((span.Start+i)*s.Heads+h)*dim+d] = tensor.FromFloat32(float32(v*(1/l[0])) + 0)
				}
				lse[(span.Start+i)*s.Heads+h] = m[0] + log32(l[0])
			}
		}
	}
	return o, lse
}

// attentionCase is a batch and what is to come of it.
type attentionCase struct {
	shape       AttentionShape
	spans       []Span
	qkv, do     []tensor.BF16
	o, dqkv     []tensor.BF16
	lse         []float32
	gotO, gotDQ []tensor.BF16
	gotLSE      []float32
}

// TestAttention compares the paths with the definition.
func TestAttention(t *testing.T) {
	defer par.SetThreads(0)
	var cases []*attentionCase
	for _, s := range attentionShapes {
		c := newAttentionCase(shaped(s), 1, 130, 64, 0, 3)
		cases = append(cases, c)
	}
	eachPath(t, func(t *testing.T) {
		for i, c := range cases {
			par.SetThreads(1 + i%3)
			c.run(c.spans)
			c.check(t, fmt.Sprintf("%+v", c.shape))
		}
	})
}

// TestAttentionChunks cuts a document into chunks of any lengths, down to one
// token, and mixes it with another document in a batch.
func TestAttentionChunks(t *testing.T) {
	defer par.SetThreads(0)
	eachPath(t, func(t *testing.T) { testChunks(t, bf16Blocks) })
}

func testChunks(t *testing.T, newBlocks func(AttentionShape, int) []Block) {
	r := rand.New(rand.NewPCG(2, 2))
	for _, s := range attentionShapes {
		if s.Bidirectional {
			continue // knows whole documents only
		}
		s = shaped(s)
		const length, other = 150, 30
		spans, rows := documents(s, length, other)
		spans[0].Blocks = newBlocks(s, length)
		qkv := drawn(r, rows*s.width(), inputs[0].draw)
		out := s.Heads * s.HeadDim
		want := make([]tensor.BF16, rows*out)
		s.Append(qkv, spans)
		s.Forward(want, nil, qkv, spans)
		for _, c := range []struct{ first, most int }{{50, 1}, {1, 7}, {1, 80}} {
			blocks := newBlocks(s, length)
			for p, n := 0, c.first; p < length; p, n = p+n, 1+r.IntN(min(c.most, length-p)) {
				n = min(n, length-p)
				par.SetThreads(1 + r.IntN(3))
				chunk := append([]tensor.BF16(nil), qkv[length*s.width():]...) // the other document first
				chunk = append(chunk, qkv[p*s.width():][:n*s.width()]...)
				batch := []Span{{Len: other, Blocks: bf16Blocks(s, other)}, {Start: other, Len: n, Pos: p, Blocks: blocks}}
				o := make([]tensor.BF16, (other+n)*out)
				s.Append(chunk, batch)
				s.Forward(o, nil, chunk, batch)
				wantBF16(t, fmt.Sprintf("%+v at %d", s, p), o[other*out:], want[p*out:][:n*out])
				wantBF16(t, fmt.Sprintf("%+v other", s), o[:other*out], want[length*out:])
			}
			for b := range blocks {
				wantBlock(t, b, &blocks[b], &spans[0].Blocks[b])
			}
		}
	}
}

func wantBlock(t *testing.T, number int, got, want *Block) {
	t.Helper()
	name := fmt.Sprint("block ", number)
	wantBF16(t, name, got.BF16, want.BF16)
	wantF32(t, name, got.Scales, want.Scales)
	if !slices.Equal(got.Int8, want.Int8) {
		t.Errorf("%s: other integers", name)
	}
}

// TestAttentionDropsBlocks checks that blocks behind the window may be empty.
func TestAttentionDropsBlocks(t *testing.T) {
	s := shaped(AttentionShape{Heads: 1, KVHeads: 1, HeadDim: 32, Window: 64})
	spans, rows := documents(s, 200)
	qkv := drawn(rand.New(rand.NewPCG(3, 3)), rows*s.width(), inputs[0].draw)
	want, o := make([]tensor.BF16, rows*s.HeadDim), make([]tensor.BF16, rows*s.HeadDim)
	s.Append(qkv, spans)
	s.Forward(want, nil, qkv, spans)
	last := []Span{{Start: 199, Len: 1, Pos: 199, Blocks: spans[0].Blocks}}
	last[0].Blocks[0], last[0].Blocks[1] = Block{}, Block{}
	s.Forward(o, nil, qkv, last)
	wantBF16(t, "last row", o[199*s.HeadDim:], want[199*s.HeadDim:])
	defer func() {
		if recover() == nil {
			t.Error("no panic although a block in the window is missing")
		}
	}()
	last[0].Blocks[2] = Block{}
	s.Forward(o, nil, qkv, last)
}

// attentionFloat64 is attention and its gradient without any rounding.
func attentionFloat64(s AttentionShape, do, qkv []tensor.BF16, spans []Span) (o, dqkv []float64) {
	width, dim := s.width(), s.HeadDim
	o, dqkv = make([]float64, len(do)), make([]float64, len(qkv))
	value := func(row, at int) float64 { return float64(qkv[row*width+at].Float32()) }
	for _, span := range spans {
		for i := range span.Len {
			row := span.Start + i
			for h := range s.Heads {
				from, to := sees(s, &span, i)
				first, n := span.Start+from, to-from
				key, val := s.key(h/s.group()), s.value(h/s.group())
				w, dw := make([]float64, n), make([]float64, n)
				total, delta := 0.0, 0.0
				for k := range w {
					x := 0.0
					for d := range dim {
						x += value(row, h*dim+d) * value(first+k, key+d)
					}
					w[k] = math.Exp(x * float64(s.Scale))
					total += w[k]
				}
				for k := range w {
					w[k] /= total
					for d := range dim {
						g := float64(do[(row*s.Heads+h)*dim+d].Float32())
						o[(row*s.Heads+h)*dim+d] += w[k] * value(first+k, val+d)
						dw[k] += g * value(first+k, val+d)
						dqkv[(first+k)*width+val+d] += w[k] * g
					}
					delta += w[k] * dw[k]
				}
				for k := range w {
					ds := w[k] * (dw[k] - delta) * float64(s.Scale)
					for d := range dim {
						dqkv[row*width+h*dim+d] += ds * value(first+k, key+d)
						dqkv[(first+k)*width+key+d] += ds * value(row, h*dim+d)
					}
				}
			}
		}
	}
	return o, dqkv
}

// meanError returns the root mean square of a-b by that of b.
func meanError(a []tensor.BF16, b []float64) float64 {
	var diff, size float64
	for i := range b {
		d := float64(a[i].Float32()) - b[i]
		diff, size = diff+d*d, size+b[i]*b[i]
	}
	return math.Sqrt(diff / size)
}

// TestAttentionClose bounds the error by that of a few roundings to bfloat16:
// each has a root mean square of about 2^-9/sqrt(3) of the value.
func TestAttentionClose(t *testing.T) {
	for _, s := range attentionShapes {
		s = shaped(s)
		if s.Window == 1 {
			continue // all gradients by queries and keys are zero
		}
		spans, rows := documents(s, 100, 3, 70)
		r := rand.New(rand.NewPCG(4, 4))
		qkv := drawn(r, rows*s.width(), inputs[0].draw)
		do := drawn(r, rows*s.Heads*s.HeadDim, inputs[0].draw)
		o, lse := make([]tensor.BF16, len(do)), make([]float32, rows*s.Heads)
		dqkv := make([]tensor.BF16, len(qkv))
		s.Append(qkv, spans)
		s.Forward(o, lse, qkv, spans)
		s.Backward(dqkv, do, o, qkv, lse, spans)
		wantO, want := attentionFloat64(s, do, qkv, spans)
		const rounding = 0x1p-9 / 1.7320508
		if e := meanError(o, wantO); e > 2*rounding {
			t.Errorf("%+v: output is off by %g", s, e)
		}
		if e := meanError(dqkv, want); e > 4*rounding {
			t.Errorf("%+v: gradient is off by %g", s, e)
		}
	}
}

// attentionGradPlain is the backward pass as it is defined.
func attentionGradPlain(s AttentionShape, do, o, qkv []tensor.BF16, lse []float32, spans []Span) []tensor.BF16 {
	width, dim := s.width(), s.HeadDim
	dqkv := make([]float32, len(qkv))
	for _, span := range spans {
		for h := range s.Heads {
			key, val := s.key(h/s.group()), s.value(h/s.group())
			w := make([]tensor.BF16, span.Len*span.Len)
			ds := make([]tensor.BF16, span.Len*span.Len)
			for i := range span.Len {
				row := span.Start + i
				q, g := qkv[row*width+h*dim:][:dim], do[(row*s.Heads+h)*dim:][:dim]
				delta := Dot(g, o[(row*s.Heads+h)*dim:][:dim])
				from, to := sees(s, &span, i)
				for k := from; k < to; k++ {
					other := qkv[(span.Start+k)*width:][:width]
					x := productSum(0, func(i int) tensor.BF16 { return q[i] }, func(i int) tensor.BF16 { return other[key+i] }, dim)
					dp := productSum(0, func(i int) tensor.BF16 { return g[i] }, func(i int) tensor.BF16 { return other[val+i] }, dim)
					weight := expShort(fma(x, s.Scale, -lse[row*s.Heads+h]))
					at := i*span.Len + k
					w[at], ds[at] = roundFlushed(weight), roundFlushed(float32(weight*(dp-delta))*s.Scale)
				}
			}
			for i := range span.Len {
				for d := range dim {
					at := (span.Start+i)*width + d
					add := func(c *float32, weights func(k int) tensor.BF16, column int) {
						*c = productSum(*c, weights, func(k int) tensor.BF16 { return qkv[(span.Start+k)*width+column+d] }, span.Len)
					}
					add(&dqkv[at+h*dim], func(k int) tensor.BF16 { return ds[i*span.Len+k] }, key)
					add(&dqkv[at+key], func(k int) tensor.BF16 { return ds[k*span.Len+i] }, h*dim)
					c := &dqkv[at+val]
					*c = productSum(*c, func(k int) tensor.BF16 { return w[k*span.Len+i] },
						func(k int) tensor.BF16 { return do[((span.Start+k)*s.Heads+h)*dim+d] }, span.Len)
				}
			}
		}
	}
	return toBF16Slice(dqkv)
}

func TestAttentionAllocations(t *testing.T) {
	defer par.SetThreads(0)
	par.SetThreads(1) // so that the first call makes all the scratch memory
	eachPath(t, func(t *testing.T) {
		s := shaped(attentionShapes[1])
		spans, rows := documents(s, 100, 20)
		spans[1].Blocks = int8Blocks(s, 20)
		qkv, do := make([]tensor.BF16, rows*s.width()), make([]tensor.BF16, rows*s.Heads*s.HeadDim)
		o, lse, dqkv := make([]tensor.BF16, len(do)), make([]float32, rows*s.Heads), make([]tensor.BF16, len(qkv))
		if a := testing.AllocsPerRun(10, func() {
			s.Append(qkv, spans)
			s.Forward(o, lse, qkv, spans)
			s.Backward(dqkv, do, o, qkv, lse, spans)
		}); a > 0 {
			t.Errorf("%v allocations", a)
		}
	})
}

// TestTilesFillBlock checks what Backward relies on.
func TestTilesFillBlock(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for rows := 1; rows <= KeyBlock; rows++ {
			var o operand
			if o.shape(rows, 1); o.padded > KeyBlock {
				t.Errorf("tiles make %d of %d rows", o.padded, rows)
			}
		}
	})
}
