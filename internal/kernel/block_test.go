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

// int8Blocks returns blocks of garbage.
func int8Blocks(s AttentionShape, n int) []Block {
	blocks := s.NewBlocks(ceilDiv(n, KeyBlock), true)
	for i := range blocks {
		for k := range blocks[i].Int8 {
			blocks[i].Int8[k] = 77
		}
		for k := range blocks[i].Scales {
			blocks[i].Scales[k] = float32(math.NaN())
		}
	}
	return blocks
}

// int8Plain returns what attention reads of a key or value that was kept in 8
// bits, and the scale. It computes in float64: the quotient of two float32 and
// the product of one with a small integer are rounded there without effect.
func int8Plain(x []tensor.BF16) (y []tensor.BF16, scale float32) {
	most := 0.0
	for _, v := range x {
		f := math.Abs(float64(v.Float32()))
		if math.IsInf(f, 0) || f != f {
			most = math.NaN()
		}
		most = math.Max(most, f)
	}
	y = make([]tensor.BF16, len(x))
	if most == 0 {
		return y, 0
	}
	scale = float32(math.Max(most/127, 0x1p-126))
	for i, v := range x {
		q := math.RoundToEven(float64(float32(float64(v.Float32()) / float64(scale))))
		y[i] = tensor.FromFloat32(float32(q * float64(scale)))
	}
	return y, scale
}

// int8Rows returns qkv with keys and values replaced by what attention reads.
func int8Rows(s AttentionShape, qkv []tensor.BF16) []tensor.BF16 {
	read := slices.Clone(qkv)
	for row := range slices.Chunk(read, s.width()) {
		for at := s.key(0); at < s.width(); at += s.HeadDim {
			y, _ := int8Plain(row[at:][:s.HeadDim])
			copy(row[at:], y)
		}
	}
	return read
}

// int8Inputs draws rows in which heads have sizes far apart, and some are zero
// but for their last element, or zero.
func int8Inputs(s AttentionShape, rows int) []tensor.BF16 {
	r := rand.New(rand.NewPCG(21, 21))
	qkv := drawn(r, rows*s.width(), inputs[0].draw)
	for i := 0; i < len(qkv); i += s.HeadDim {
		head := qkv[i:][:s.HeadDim]
		switch i / s.HeadDim % s.width() % 5 {
		case 1:
			ScaleBF16(head, head, float32(math.Exp2(float64(r.IntN(8)-4))))
		case 2:
			clear(head[:len(head)-r.IntN(2)])
		case 3:
			ScaleBF16(head, head, 0x1p-124) // some become denormal, and so would scales
		}
	}
	return qkv
}

// TestInt8Attention compares the paths with the definition of attention on keys
// and values as they are read.
func TestInt8Attention(t *testing.T) {
	defer par.SetThreads(0)
	type test struct {
		shape AttentionShape
		spans []Span
		qkv   []tensor.BF16
		o     []tensor.BF16
		lse   []float32
	}
	var tests []test
	for _, s := range attentionShapes {
		s = shaped(s)
		spans, rows := documents(s, 1, 130, 64, 0, 3)
		for i := range spans {
			spans[i].Blocks = int8Blocks(s, spans[i].Len)
		}
		qkv := int8Inputs(s, rows)
		o, lse := attentionPlain(s, int8Rows(s, qkv), spans)
		tests = append(tests, test{s, spans, qkv, o, lse})
	}
	eachPath(t, func(t *testing.T) {
		for i, c := range tests {
			par.SetThreads(1 + i%3)
			o, lse := make([]tensor.BF16, len(c.o)), make([]float32, len(c.lse))
			c.shape.Append(c.qkv, c.spans)
			c.shape.Forward(o, lse, c.qkv, c.spans)
			wantBF16(t, fmt.Sprintf("%+v", c.shape), o, c.o)
			wantF32(t, fmt.Sprintf("%+v lse", c.shape), lse, c.lse)
		}
	})
}

// TestInt8Chunks: in chunks, down to a token at a time, and beside a document
// whose blocks are bf16.
func TestInt8Chunks(t *testing.T) {
	defer par.SetThreads(0)
	eachPath(t, func(t *testing.T) { testChunks(t, int8Blocks) })
}

// TestInt8Bound: what is read is off by half a scale and a rounding, and the
// largest number is exact.
func TestInt8Bound(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 22))
	for range 20000 {
		x := drawn(r, 64, func(r *rand.Rand) tensor.BF16 { return withExponent(r, 100, 120) })
		if r.IntN(2) == 0 {
			x = drawn(r, 64, func(r *rand.Rand) tensor.BF16 { return withExponent(r, 1, 254) }) // sizes up to the largest
		}
		most := 0.0
		for _, v := range x {
			most = math.Max(most, math.Abs(float64(v.Float32())))
		}
		scale := int8Scale(x)
		bound := math.Max(most/127, 0x1p-126) / 2
		for _, v := range x {
			f := float64(v.Float32())
			q := int8Of(v, scale)
			y := float64(tensor.FromFloat32(float32(q) * scale).Float32())
			if d := math.Abs(y - f); d > bound*(1+0x1p-20)+math.Abs(y)*0x1p-8 || math.Abs(f) == most && y != f && most >= 127*0x1p-126 {
				t.Fatalf("%g in a head with a largest number of %g is read as %g, off by %g of %g", f, most, y, d, bound)
			}
		}
	}
}

// TestInt8Error bounds the error of attention beside that on bf16 blocks by the
// scales. Each key is off by e at most in each dimension, so a score is off by d
// = Scale*e*(sum of |q|), weights by a factor within exp(2*d), and outputs, with
// values of at most V that are off by f, by (exp(2*d)-1)*V + f. Both outputs
// are rounded on top.
func TestInt8Error(t *testing.T) {
	for _, s := range attentionShapes {
		s = shaped(s)
		spans, rows := documents(s, 150)
		qkv := drawn(rand.New(rand.NewPCG(23, 23)), rows*s.width(), inputs[0].draw)
		o, want := make([]tensor.BF16, rows*s.Heads*s.HeadDim), make([]tensor.BF16, rows*s.Heads*s.HeadDim)
		s.Append(qkv, spans)
		s.Forward(want, nil, qkv, spans)
		spans[0].Blocks = int8Blocks(s, 150)
		s.Append(qkv, spans)
		s.Forward(o, nil, qkv, spans)
		if slices.Equal(o, want) {
			t.Errorf("%+v: nothing was rounded", s)
		}
		var keyError, valueError, value float64
		for row := range slices.Chunk(qkv, s.width()) {
			for head := range s.KVHeads {
				_, scale := int8Plain(row[s.key(head):][:s.HeadDim])
				keyError = math.Max(keyError, float64(scale)*(0.5+127*0x1p-8))
				_, scale = int8Plain(row[s.value(head):][:s.HeadDim])
				valueError = math.Max(valueError, float64(scale)*(0.5+127*0x1p-8))
				value = math.Max(value, float64(scale)*127)
			}
		}
		for i, v := range o {
			row, head := i/(s.Heads*s.HeadDim), i/s.HeadDim%s.Heads
			sum := 0.0
			for _, q := range qkv[row*s.width()+head*s.HeadDim:][:s.HeadDim] {
				sum += math.Abs(float64(q.Float32()))
			}
			bound := (math.Exp(2*float64(s.Scale)*keyError*sum)-1)*value + valueError + value*0x1p-6
			if d := math.Abs(float64(v.Float32()) - float64(want[i].Float32())); d > bound {
				t.Fatalf("%+v: output %d is %g, %g from bf16, bound %g", s, i, v.Float32(), d, bound)
			}
		}
		var exact []float64
		for _, v := range want {
			exact = append(exact, float64(v.Float32()))
		}
		if e := meanError(o, exact); e > 0.03 {
			t.Errorf("%+v: off by %g in the mean", s, e)
		}
	}
}

// TestInt8NonFinite: a key that is not finite reaches the queries that see it
// and no others, not those of the same block and pass either. A value reaches
// those whose blocks it is in: 0 times NaN is NaN.
func TestInt8NonFinite(t *testing.T) {
	eachPath(t, func(t *testing.T) {
		for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			s := shaped(AttentionShape{Heads: 4, KVHeads: 2, HeadDim: 32, Window: 40})
			const length, at = 150, 70
			spans, rows := documents(s, length)
			spans[0].Blocks = int8Blocks(s, length)
			qkv := drawn(rand.New(rand.NewPCG(24, 24)), rows*s.width(), inputs[0].draw)
			out := s.Heads * s.HeadDim
			want, o := make([]tensor.BF16, rows*out), make([]tensor.BF16, rows*out)
			s.Append(qkv, spans)
			s.Forward(want, nil, qkv, spans)
			for _, column := range []int{s.key(1) + 5, s.value(1) + 5} {
				poisoned := slices.Clone(qkv)
				poisoned[at*s.width()+column] = tensor.FromFloat32(float32(bad))
				step := length
				if column >= s.value(0) {
					step = 1
				}
				for p := 0; p < length; p += step {
					part := []Span{{Len: step, Pos: p, Blocks: spans[0].Blocks}}
					s.Append(poisoned[p*s.width():][:step*s.width()], part)
					s.Forward(o[p*out:][:step*out], nil, poisoned[p*s.width():][:step*s.width()], part)
				}
				for i, v := range o {
					p, head := i/out, i%out/s.HeadDim
					sees := head >= 2 && p >= at && p < at+s.Window
					if column >= s.value(0) {
						sees = head >= 2 && p >= at && s.first(p)/KeyBlock <= at/KeyBlock
					}
					if f := v.Float32(); sees != (f != f) || !sees && v != want[i] && column < s.value(0) {
						t.Fatalf("%g in column %d: head %d at %d gives %g, want %g", bad, column, head, p, f, want[i].Float32())
					}
				}
			}
		}
	})
}

// TestInt8Zeros: zeros are kept as zeros, and so cleared positions are as new.
func TestInt8Zeros(t *testing.T) {
	s := shaped(attentionShapes[1])
	blocks := int8Blocks(s, 64)
	s.Append(drawn(rand.New(rand.NewPCG(1, 25)), 10*s.width(), inputs[6].draw), []Span{{Len: 10, Blocks: blocks}})
	zeros := make([]tensor.BF16, 10*s.width())
	zeros[s.key(0)] = 0x8000
	for p := range 10 {
		s.Append(zeros[:s.width()], []Span{{Len: 1, Pos: p, Blocks: blocks}})
	}
	wantBlock(t, 0, &blocks[0], &s.NewBlocks(1, true)[0])
}

// TestBlockClear: cleared slots are as if zeros had been appended, and no other
// slot changes.
func TestBlockClear(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 25))
	for _, shape := range attentionShapes {
		s := shaped(shape)
		qkv := drawn(r, KeyBlock*s.width(), inputs[0].draw)
		for _, int8s := range []bool{false, true} {
			for _, slots := range [][2]int{{0, 64}, {1, 64}, {63, 64}, {13, 14}, {14, 15}, {7, 50}, {16, 48}, {31, 33}, {40, 40}} {
				rows, got, want := slices.Clone(qkv), s.NewBlocks(1, int8s), s.NewBlocks(1, int8s)
				s.Append(rows, []Span{{Len: KeyBlock, Blocks: got}})
				s.Clear(&got[0], slots[0], slots[1])
				clear(rows[slots[0]*s.width() : slots[1]*s.width()])
				s.Append(rows, []Span{{Len: KeyBlock, Blocks: want}})
				wantBlock(t, slots[0], &got[0], &want[0])
			}
		}
	}
}

func TestBlockBytes(t *testing.T) {
	s := AttentionShape{Heads: 8, KVHeads: 4, HeadDim: 128}
	if full, half := s.BlockBytes(false), s.BlockBytes(true); full != 64*2*4*128*2 || half != 64*2*4*(128+4) {
		t.Errorf("%d and %d bytes", full, half)
	}
}

// BenchmarkAttentionDecode is the attention of one token at position 8191 in each of 8
// layers, whose keys and values together exceed the caches of most machines.
func BenchmarkAttentionDecode(b *testing.B) {
	const length, layers = 8192, 8
	for _, s := range []AttentionShape{{Heads: 16, KVHeads: 4, HeadDim: 64}, {Heads: 16, KVHeads: 4, HeadDim: 128}, {Heads: 8, KVHeads: 8, HeadDim: 64}} {
		s = shaped(s)
		qkv := normals(length * s.width())
		for _, form := range []struct {
			name string
			make func(AttentionShape, int) []Block
		}{{"bf16", bf16Blocks}, {"int8", int8Blocks}} {
			b.Run(fmt.Sprintf("%dx%dof%d/%s", s.Heads, s.HeadDim, s.KVHeads, form.name), func(b *testing.B) {
				var spans [layers][]Span
				for l := range spans {
					blocks := form.make(s, length)
					s.Append(qkv, []Span{{Len: length, Blocks: blocks}})
					spans[l] = []Span{{Len: 1, Pos: length - 1, Blocks: blocks}}
				}
				o := make([]tensor.BF16, s.Heads*s.HeadDim)
				bytes := layers * length / KeyBlock * s.BlockBytes(form.name == "int8")
				b.SetBytes(int64(bytes))
				for b.Loop() {
					for l := range spans {
						s.Append(qkv[:s.width()], spans[l])
						s.Forward(o, nil, qkv[:s.width()], spans[l])
					}
				}
				b.ReportMetric(float64(bytes)/(1<<20), "MiB")
			})
		}
	}
}

// BenchmarkUnpack reads a head of a block.
func BenchmarkUnpack(b *testing.B) {
	for _, dim := range []int{64, 128} {
		s := shaped(AttentionShape{Heads: 1, KVHeads: 1, HeadDim: dim})
		blocks := int8Blocks(s, 64)
		s.Append(normals(64*s.width()), []Span{{Len: 64, Blocks: blocks}})
		h := s.head8(&blocks[0], 0)
		dst, scales := grow([]tensor.BF16(nil), s.partLen()), new([pairLen]float32)
		b.Run(fmt.Sprint("keys", dim), func(b *testing.B) {
			b.SetBytes(int64(s.partLen()))
			for b.Loop() {
				h.unpackKeys(dst, scales)
			}
		})
		b.Run(fmt.Sprint("values", dim), func(b *testing.B) {
			b.SetBytes(int64(s.partLen()))
			for b.Loop() {
				h.unpackValues(dst)
			}
		})
	}
}
