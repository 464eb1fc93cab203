package kernel

import (
	"fmt"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// BenchmarkRows measures each operation on rows of 512 (in the first cache) and
// of 16,384, on every path. It reports nanoseconds by element and the bytes
// read and written, to be compared with Copy, the machine's own limit.
func BenchmarkRows(b *testing.B) {
	defer SetPath(CPU())
	for _, op := range rowBenchmarks {
		for _, n := range []int{512, 16384} {
			for _, path := range Paths() {
				b.Run(fmt.Sprintf("%s/%d/%s", op.name, n, path), func(b *testing.B) {
					if err := SetPath(path); err != nil {
						b.Fatal(err)
					}
					operands := newBenchOperands(n)
					b.SetBytes(int64(op.bytes * n))
					for b.Loop() {
						op.call(operands)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/elem")
				})
			}
		}
	}
}

// BenchmarkRowsMemory measures AdamW on weights that no cache holds, beside the
// copy of as many bytes.
func BenchmarkRowsMemory(b *testing.B) {
	defer SetPath(CPU())
	const n = 16 << 20
	o := newBenchOperands(n)
	for _, path := range append(Paths(), "copy") {
		b.Run(path, func(b *testing.B) {
			b.SetBytes(28 * n)
			if path == "copy" {
				for b.Loop() { // 16 bytes read and 12 written for each element: 3.5 copies
					copy(o.f[0], o.f[1])
					copy(o.f[1], o.f[2])
					copy(o.f[2], o.f[3])
					copy(o.f[3][:n/2], o.f[0])
				}
				return
			}
			if err := SetPath(path); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				AdamW(o.f[0], o.f[1], o.f[2], o.f[3], NewAdamWStep(1e-3, 0.9, 0.95, 1e-8, 0.1, 10, 1))
			}
		})
	}
}

type benchOperands struct {
	f [4][]float32
	b [5][]tensor.BF16
}

func newBenchOperands(n int) *benchOperands {
	o := &benchOperands{}
	for k := range o.f {
		o.f[k] = make([]float32, n)
		for i := range o.f[k] {
			o.f[k][i] = float32((i*7+k)%13)/8 + 0.1
		}
	}
	for k := range o.b {
		o.b[k] = make([]tensor.BF16, n)
		for i := range o.b[k] {
			o.b[k][i] = tensor.FromFloat32(float32((i*5+k)%11)/8 - 0.6)
		}
	}
	return o
}

var sink float32

var rowBenchmarks = []struct {
	name  string
	bytes int // read and written for each element
	call  func(o *benchOperands)
}{
	{"Copy", 8, func(o *benchOperands) { copy(o.f[0], o.f[1]) }},
	{"ToF32", 6, func(o *benchOperands) { ToF32(o.f[0], o.b[0]) }},
	{"ToBF16", 6, func(o *benchOperands) { ToBF16(o.b[0], o.f[0]) }},
	{"Add", 6, func(o *benchOperands) { Add(o.b[0], o.b[1], o.b[2]) }},
	{"AddScaled", 10, func(o *benchOperands) { AddScaled(o.f[0], o.b[0], 0) }},
	{"Dot", 4, func(o *benchOperands) { sink = Dot(o.b[0], o.b[1]) }},
	{"SumSquaresF32", 4, func(o *benchOperands) { sink = SumSquaresF32(o.f[0]) }},
	{"RMSNorm", 10, func(o *benchOperands) { RMSNorm(o.b[0], o.b[1], o.f[0], 1e-6) }},
	{"AddThenRMSNorm", 16, func(o *benchOperands) {
		Add(o.b[2], o.b[1], o.b[3])
		RMSNorm(o.b[0], o.b[2], o.f[0], 1e-6)
	}},
	{"AddRMSNorm", 14, func(o *benchOperands) { AddRMSNorm(o.b[0], o.b[2], o.b[1], o.b[3], o.f[0], 1e-6) }},
	{"RMSNormBackward", 26, func(o *benchOperands) {
		RMSNormBackward(o.b[0], o.f[1], o.b[1], o.b[2], o.f[0], 1, false)
	}},
	{"LayerNorm", 12, func(o *benchOperands) { LayerNorm(o.b[0], o.b[1], o.f[0], o.f[1], 1e-6) }},
	{"LayerNormBackward", 26, func(o *benchOperands) {
		LayerNormBackward(o.b[0], o.f[1], o.f[2], o.b[1], o.b[2], o.f[0], 0, 1, false)
	}},
	{"Rotate", 8, func(o *benchOperands) {
		h := len(o.f[0]) / 2
		rotate(o.b[0], o.f[0][:h], o.f[0][h:])
		clear(o.b[0])
	}},
	{"SwiGLU", 6, func(o *benchOperands) { SwiGLU(o.b[0], o.b[1], o.b[2]) }},
	{"SwiGLUBackward", 10, func(o *benchOperands) { SwiGLUBackward(o.b[0], o.b[1], o.b[2], o.b[3], o.b[4]) }},
	{"SwiGLUForwardBackward", 12, func(o *benchOperands) { SwiGLUForwardBackward(o.b[0], o.b[1], o.b[2], o.b[2], o.b[3], o.b[4]) }},
	{"RMSNormRows of 64", 12, func(o *benchOperands) {
		RMSNormRows(o.b[0], o.b[1], o.f[0][:64], o.f[1][:len(o.f[1])/64], 1e-6)
	}},
	{"RMSNormRowsBackward of 64", 28, func(o *benchOperands) {
		RMSNormRowsBackward(o.b[0], o.f[2][:64], o.b[1], o.b[2], o.f[0][:64], o.f[1][:len(o.f[1])/64])
	}},
	{"RotateRows of 64", 8, func(o *benchOperands) {
		RotateRows(o.b[0], o.f[0][:32], o.f[0][32:64])
		clear(o.b[0])
	}},
	{"GELU", 4, func(o *benchOperands) { GELU(o.b[0], o.b[1]) }},
	{"GELUBackward", 6, func(o *benchOperands) { GELUBackward(o.b[0], o.b[1], o.b[2]) }},
	{"Exp", 8, func(o *benchOperands) { Exp(o.f[1], o.f[0]) }},
	{"LogSumExp", 8, func(o *benchOperands) { sink = LogSumExp(o.f[0]) }},
	{"CrossEntropyGrad", 6, func(o *benchOperands) { CrossEntropyGrad(o.b[0], o.f[0], 1, 5, 1, 0) }},
	{"AdamW", 28, func(o *benchOperands) { AdamW(o.f[0], o.f[1], o.f[2], o.f[3], AdamWStep{GradScale: 1, Eps: 1}) }},
	{"scoreRows", 6, func(o *benchOperands) {
		n := len(o.f[0])
		rows := n / KeyBlock
		scoreRows(o.b[0], o.f[0], o.f[1][:rows], o.f[2][:rows], o.f[3][:rows], 1)
	}},
	{"scoreRowsGrad", 12, func(o *benchOperands) {
		n := len(o.f[0])
		rows := n / KeyBlock
		scoreRowsGrad(o.b[0], o.b[1], o.f[0], o.f[1], o.f[2][:rows], o.f[3][:rows], 1)
	}},
}
