package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// rowInput makes the operands of a row operation and keeps them all, so that
// those that were written can be compared.
type rowInput struct {
	r    *rand.Rand
	kind string
	n    int
	f    [][]float32
	b    [][]tensor.BF16
}

// int8s are only read.
func (in *rowInput) int8s() []int8 {
	x := make([]int8, in.n)
	for i := range x {
		x[i] = int8(in.r.Uint32())
	}
	return x
}

// scales are no denormal numbers.
func (in *rowInput) scales() []float32 {
	x := in.f32()
	for i, v := range x {
		if v > -0x1p-126 && v < 0x1p-126 {
			x[i] = 0
		}
	}
	return x
}

var rowKinds = []string{"normal", "wide", "bits", "special"}

// number draws one number of the kind: of size one, of any size, of any bits,
// or mostly one of the values that go wrong.
func (in *rowInput) number() float32 {
	switch in.kind {
	case "normal":
		return float32(in.r.NormFloat64())
	case "wide":
		return float32(in.r.NormFloat64() * math.Exp2(float64(in.r.IntN(280)-145)))
	case "bits":
		return math.Float32frombits(in.r.Uint32())
	}
	inf := float32(math.Inf(1))
	list := []float32{
		0, 1, 0x1p-149, 0x1p-126, math.MaxFloat32, inf, expMax, expMin, 0x1.ffp127, 0x1.fep127, 88, 0x1p-133,
		math.Nextafter32(expMin, -inf), math.Nextafter32(expMax, inf), 1.5, 0x1.01p0, 0x1.03p0, 0x1.00ffp0,
		math.Float32frombits(0x7fffffff), math.Float32frombits(0x7f800001), float32(in.r.NormFloat64()),
	}
	f := list[in.r.IntN(len(list))]
	if in.r.IntN(2) == 0 {
		f = -f
	}
	return f
}

func (in *rowInput) f32() []float32 {
	x := make([]float32, in.n)
	for i := range x {
		x[i] = in.number()
	}
	in.f = append(in.f, x)
	return x
}

func (in *rowInput) bf16() []tensor.BF16 {
	x := make([]tensor.BF16, in.n)
	for i := range x {
		x[i] = tensor.BF16(math.Float32bits(in.number()) >> 16)
	}
	in.b = append(in.b, x)
	return x
}

func pair(a, b float32) []float32 { return []float32{a, b} }

// keep compares numbers that an operation returned.
func (in *rowInput) keep(x ...float32) { in.f = append(in.f, x) }

// rowOperations calls every row operation on operands of n elements.
var rowOperations = []struct {
	name string
	call func(in *rowInput)
}{
	{"ToF32", func(in *rowInput) { ToF32(in.f32(), in.bf16()) }},
	{"ToBF16", func(in *rowInput) { ToBF16(in.bf16(), in.f32()) }},
	{"Add", func(in *rowInput) { Add(in.bf16(), in.bf16(), in.bf16()) }},
	{"Add in place", func(in *rowInput) { x := in.bf16(); Add(x, x, in.bf16()) }},
	{"AddF32", func(in *rowInput) { AddF32(in.f32(), in.f32()) }},
	{"AddScaled", func(in *rowInput) { AddScaled(in.f32(), in.bf16(), in.number()) }},
	{"ScaleBF16", func(in *rowInput) { ScaleBF16(in.bf16(), in.bf16(), in.number()) }},
	{"ScaleF32", func(in *rowInput) { ScaleF32(in.f32(), in.number()) }},
	{"scaleToBF16", func(in *rowInput) { scaleToBF16(in.bf16(), in.f32(), in.number()) }},
	{"Dot", func(in *rowInput) { in.keep(Dot(in.bf16(), in.bf16())) }},
	{"SumSquaresF32", func(in *rowInput) { in.keep(SumSquaresF32(in.f32())) }},
	{"RMSNorm", func(in *rowInput) { in.keep(RMSNorm(in.bf16(), in.bf16(), in.f32(), 1e-6)) }},
	{"AddRMSNorm", func(in *rowInput) {
		in.keep(AddRMSNorm(in.bf16(), in.bf16(), in.bf16(), in.bf16(), in.f32(), 1e-6))
	}},
	{"RMSNormBackward", func(in *rowInput) {
		RMSNormBackward(in.bf16(), in.f32(), in.bf16(), in.bf16(), in.f32(), in.number(), in.r.IntN(2) == 0)
	}},
	{"RMSNormBackward of x", func(in *rowInput) {
		RMSNormBackward(in.bf16(), nil, in.bf16(), in.bf16(), in.f32(), in.number(), in.r.IntN(2) == 0)
	}},
	{"RMSNormRows", func(in *rowInput) {
		w, n, rows := in.f32(), in.n, in.r.IntN(4)
		in.n = rows
		rstd := in.f32()
		in.n = rows * n
		RMSNormRows(in.bf16(), in.bf16(), w, rstd, 1e-6)
		RMSNormRowsBackward(in.bf16(), in.f32()[:min(n, rows*n)], in.bf16(), in.bf16(), w[:min(n, rows*n)], rstd)
	}},
	{"LayerNorm", func(in *rowInput) {
		in.keep(pair(LayerNorm(in.bf16(), in.bf16(), in.f32(), in.f32(), 1e-6))...)
	}},
	{"LayerNorm in place", func(in *rowInput) {
		x := in.bf16()
		in.keep(pair(LayerNorm(x, x, in.f32(), in.f32(), 1e-6))...)
	}},
	{"LayerNormBackward", func(in *rowInput) {
		LayerNormBackward(in.bf16(), in.f32(), in.f32(), in.bf16(), in.bf16(), in.f32(), in.number(), in.number(), in.r.IntN(2) == 0)
	}},
	{"LayerNormBackward in place", func(in *rowInput) {
		dy := in.bf16()
		LayerNormBackward(dy, in.f32(), in.f32(), dy, in.bf16(), in.f32(), in.number(), in.number(), in.r.IntN(2) == 0)
	}},
	{"LayerNormBackward of x", func(in *rowInput) {
		LayerNormBackward(in.bf16(), nil, nil, in.bf16(), in.bf16(), in.f32(), in.number(), in.number(), in.r.IntN(2) == 0)
	}},
	{"RotateRows", func(in *rowInput) {
		cos, sin := in.f32(), in.f32()
		in.n *= 2 * in.r.IntN(4)
		RotateRows(in.bf16(), cos, sin)
	}},
	{"Rotate", func(in *rowInput) {
		cos, sin := in.f32(), in.f32()
		in.n *= 2
		rotate(in.bf16(), cos, sin)
	}},
	{"SwiGLU", func(in *rowInput) { SwiGLU(in.bf16(), in.bf16(), in.bf16()) }},
	{"SwiGLUBackward", func(in *rowInput) {
		SwiGLUBackward(in.bf16(), in.bf16(), in.bf16(), in.bf16(), in.bf16())
	}},
	{"SwiGLUBackward in place", func(in *rowInput) {
		dh, gate := in.bf16(), in.bf16()
		SwiGLUBackward(dh, gate, dh, gate, in.bf16())
	}},
	{"SwiGLUForwardBackward", func(in *rowInput) {
		gate, up := in.bf16(), in.bf16()
		SwiGLUForwardBackward(in.bf16(), gate, up, in.bf16(), gate, up)
	}},
	{"GELU", func(in *rowInput) { GELU(in.bf16(), in.bf16()) }},
	{"GELU in place", func(in *rowInput) { x := in.bf16(); GELU(x, x) }},
	{"GELUBackward", func(in *rowInput) { GELUBackward(in.bf16(), in.bf16(), in.bf16()) }},
	{"GELUErf", func(in *rowInput) { GELUErf(in.bf16(), in.bf16()) }},
	{"GELUErf in place", func(in *rowInput) { x := in.bf16(); GELUErf(x, x) }},
	{"GELUErfBackward", func(in *rowInput) { GELUErfBackward(in.bf16(), in.bf16(), in.bf16()) }},
	{"GELUErfBackward in place", func(in *rowInput) { dx := in.bf16(); GELUErfBackward(dx, dx, in.bf16()) }},
	{"GELUBackward in place", func(in *rowInput) { dx := in.bf16(); GELUBackward(dx, dx, in.bf16()) }},
	{"Exp", func(in *rowInput) { Exp(in.f32(), in.f32()) }},
	{"Softmax", func(in *rowInput) { in.keep(Softmax(in.f32(), in.f32())) }},
	{"LogSumExp", func(in *rowInput) { in.keep(LogSumExp(in.f32())) }},
	{"CrossEntropyGrad", func(in *rowInput) {
		if in.n > 0 {
			x := in.f32()
			CrossEntropyGrad(in.bf16(), x, in.r.IntN(in.n), LogSumExp(x), in.number(), in.number())
		}
	}},
	{"Entropy", func(in *rowInput) {
		x := in.f32()
		in.keep(Entropy(x, LogSumExp(x)))
	}},
	{"EntropyGrad", func(in *rowInput) {
		if in.n > 0 {
			x := in.f32()
			EntropyGrad(in.bf16(), x, in.r.IntN(in.n), LogSumExp(x), in.number(), in.number(), in.number())
		}
	}},
	{"AdamW", func(in *rowInput) {
		w, m, v, g := in.f32(), in.f32(), in.f32(), in.f32()
		if in.kind != "bits" { // a second moment is not negative
			for i := range v {
				v[i] = float32(math.Abs(float64(v[i])))
			}
		}
		AdamW(w, m, v, g, AdamWStep{in.number(), 0.9, 0.95, 1e-8, in.number(), in.number(), in.number(), in.number()})
	}},
	{"scoreRows", func(in *rowInput) {
		rows := in.n / 16
		in.n = rows
		m, l, alpha := in.f32(), in.f32(), in.f32()
		in.n = rows * KeyBlock
		p, s := in.bf16(), in.f32()
		for r := range rows {
			maskScores(s[r*KeyBlock:][:KeyBlock], nil, in.r.IntN(KeyBlock+20)-60, in.r.IntN(KeyBlock+60))
			if in.r.IntN(2) == 0 {
				m[r], l[r] = scoreStart, 0
			}
		}
		scoreRows(p, s, m, l, alpha, float32(math.Abs(float64(in.number()))))
	}},
	{"scoreRowsGrad", func(in *rowInput) {
		rows := in.n / 16
		in.n = rows
		lse, delta := in.f32(), in.f32()
		in.n = rows * KeyBlock
		p, ds, s, dp := in.bf16(), in.bf16(), in.f32(), in.f32()
		for r := range rows {
			row, drow := s[r*KeyBlock:][:KeyBlock], dp[r*KeyBlock:][:KeyBlock]
			maskScores(row, drow, in.r.IntN(KeyBlock+20)-60, in.r.IntN(KeyBlock+60))
		}
		scoreRowsGrad(p, ds, s, dp, lse, delta, float32(math.Abs(float64(in.number()))))
	}},
	{"unscaleKeys", func(in *rowInput) {
		rows := in.n
		in.n = pairLen
		scales := in.scales()
		in.n = rows * pairLen
		cpu.unscaleKeys(in.bf16(), in.int8s(), scales, rows)
	}},
	{"unscaleValues", func(in *rowInput) {
		rows := in.n
		in.n = 2 * rows
		scales := in.scales()
		in.n = rows * pairLen
		cpu.unscaleValues(in.bf16(), in.int8s(), scales, rows)
	}},
}

// runRow calls an operation on a path and returns its operands afterwards.
func runRow(p *path, kind string, n int, seed uint64, call func(*rowInput)) *rowInput {
	cpu = p
	in := &rowInput{r: rand.New(rand.NewPCG(seed, uint64(n))), kind: kind, n: n}
	call(in)
	return in
}

func (in *rowInput) difference(want *rowInput) string {
	for k, x := range in.f {
		for i, v := range x {
			if w := want.f[k][i]; !sameFloat(v, w) {
				return fmt.Sprintf("fp32 operand %d, element %d: %b (%g), want %b (%g)", k, i, v, v, w, w)
			}
		}
	}
	for k, x := range in.b {
		for i, v := range x {
			w := want.b[k][i]
			if f, g := v.Float32(), w.Float32(); v != w && (f == f || g == g) {
				return fmt.Sprintf("bf16 operand %d, element %d: %#x (%g), want %#x (%g)", k, i, v, f, w, g)
			}
		}
	}
	return ""
}

// Every path gives the bits of the portable functions, on lengths that fill
// vectors or not and on numbers that a computer finds hard.
func TestRowPaths(t *testing.T) {
	defer func(p *path) { cpu = p }(cpu)
	for _, op := range rowOperations {
		t.Run(op.name, func(t *testing.T) {
			for _, path := range machine {
				for _, kind := range rowKinds {
					for n := 0; n <= 100; n++ {
						checkRow(t, path, kind, n, uint64(n)+77, op.call)
					}
					checkRow(t, path, kind, 1000, 5, op.call)
				}
			}
		})
	}
}

func checkRow(t *testing.T, p *path, kind string, n int, seed uint64, call func(*rowInput)) {
	t.Helper()
	want := runRow(&path{rowOps: portableRows}, kind, n, seed, call)
	got := runRow(p, kind, n, seed, call)
	if d := got.difference(want); d != "" {
		t.Fatalf("%s, %s numbers, length %d: %s", p.name, kind, n, d)
	}
}

// The rounding to bf16 of every path, beside tensor.FromFloat32, on the bits
// around each tie.
func TestToBF16Exhaustive(t *testing.T) {
	defer SetPath(CPU())
	x, y := make([]float32, 1<<16), make([]tensor.BF16, 1<<16)
	for _, path := range Paths() {
		if err := SetPath(path); err != nil {
			t.Fatal(err)
		}
		for _, low := range []uint32{0, 1, 0x7fff, 0x8000, 0x8001, 0xffff} {
			for i := range x {
				x[i] = math.Float32frombits(uint32(i)<<16 | low)
			}
			ToBF16(y, x)
			for i, v := range x {
				if want := tensor.FromFloat32(v); y[i] != want && v == v || (y[i].Float32() != y[i].Float32()) != (v != v) {
					t.Fatalf("%s: %#x becomes %#x, want %#x", path, math.Float32bits(v), y[i], want)
				}
			}
		}
	}
}

func TestRowsDoNotAllocate(t *testing.T) {
	f, g, h, k := make([]float32, 70), make([]float32, 70), make([]float32, 70), make([]float32, 70)
	a, b, c := make([]tensor.BF16, 70), make([]tensor.BF16, 70), make([]tensor.BF16, 70)
	q := make([]int8, 64)
	defer SetPath(CPU())
	for _, path := range Paths() {
		if err := SetPath(path); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(10, func() {
			ToF32(f, a)
			ToBF16(a, f)
			Add(c, a, b)
			AddF32(f, g)
			AddScaled(f, a, 2)
			ScaleBF16(a, b, 2)
			ScaleF32(f, 2)
			scaleToBF16(a, f, 2)
			f[0] = Dot(a, b) + Dot(a, a) + SumSquaresF32(f)
			RMSNorm(a, b, f, 1e-6)
			AddRMSNorm(a, b, a, c, f, 1e-6)
			RMSNormBackward(a, f, b, c, g, 1, true)
			f[0], f[1] = LayerNorm(a, b, f, g, 1e-6)
			LayerNormBackward(a, f, g, b, c, h, 0, 1, true)
			GELU(a, b)
			GELUBackward(a, b, c)
			GELUErf(a, b)
			GELUErfBackward(a, b, c)
			rotate(a, f[:35], g[:35])
			SwiGLU(a, b, c)
			SwiGLUBackward(a, b, c, a, b)
			SwiGLUForwardBackward(c, a, b, a, a, b)
			RMSNormRows(a[:64], b[:64], f[:16], g[:4], 1e-6)
			RMSNormRowsBackward(a[:64], h[:16], b[:64], c[:64], f[:16], g[:4])
			RotateRows(a[:64], f[:16], g[:16])
			Exp(f, g)
			Softmax(f, g)
			CrossEntropyGrad(a, f, 3, LogSumExp(f), 1, 1)
			EntropyGrad(a, f, 3, Entropy(f, LogSumExp(f)), 1, 1, 1)
			AdamW(f, g, h, k, AdamWStep{})
			maskScores(f[:64], g[:64], 3, 60)
			scoreRows(a[:64], f[:64], g[:1], h[:1], k[:1], 1)
			scoreRowsGrad(a[:64], b[:64], f[:64], g[:64], h[:1], k[:1], 1)
			cpu.unscaleKeys(a, q, f, 2)
			cpu.unscaleValues(a, q, f, 2)
		}); n != 0 {
			t.Errorf("%s: %v allocations", path, n)
		}
	}
}
