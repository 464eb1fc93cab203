package nn

import (
	"math"
	"testing"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// TestLossChunks: with a vocabulary so large that a chunk holds 32 rows, losses
// and gradients have the bits of one pass over all rows.
func TestLossChunks(t *testing.T) {
	const v, d, rows = 300_000, 8, 110
	w := &Param{Name: "head", Groups: 1, Out: v, In: d, Forms: Product, InitStd: 0.5}
	w.Alloc(true)
	w.Init(1)
	w.Sync()
	h := &Head{Weight: w}
	x := make([]tensor.BF16, rows*d)
	targets := make([]int32, rows)
	for i := range x {
		x[i] = tensor.FromFloat32(float32(normal(5, uint64(i))))
	}
	for i := range targets {
		targets[i] = int32(i * 1777 % v)
	}
	var measure Arena
	h.Take(&measure, rows, true)
	s := h.Take(NewArena(measure.SizeBytes()), rows, true)
	if len(s.Logits)/v >= rows || len(s.DLogits) >= rows*v {
		t.Fatalf("chunks of %d and %d rows hide nothing", len(s.Logits)/v, len(s.DLogits)/v)
	}
	args := LossArgs{X: x, Targets: targets, Scale: 0.5, ZScale: 0.01, DX: make([]tensor.BF16, rows*d)}
	h.Loss(&args, &s)

	logits := make([]float32, rows*v)
	h.Logits(logits, x)
	dLogits := make([]tensor.BF16, rows*v)
	for r := range rows {
		row := logits[r*v : (r+1)*v]
		lse := kernel.LogSumExp(row)
		if s.LSE[r] != lse || s.Loss[r] != lse-row[targets[r]] {
			t.Fatalf("row %d: lse %v, loss %v; want %v, %v", r, s.LSE[r], s.Loss[r], lse, lse-row[targets[r]])
		}
		kernel.CrossEntropyGrad(dLogits[r*v:(r+1)*v], row, int(targets[r]), lse, 0.5, 0.01)
	}
	want := make([]float32, v*d)
	kernel.MatMulGrad(want, dLogits, x, v, d, nil)
	for i, g := range w.Grad {
		if math.Float32bits(g) != math.Float32bits(want[i]) {
			t.Fatalf("gradient %d is %v, want %v", i, g, want[i])
		}
	}
	dx := make([]tensor.BF16, rows*d)
	kernel.MatMul(dx, dLogits, w.WT, nil)
	for i := range dx {
		if args.DX[i] != dx[i] {
			t.Fatalf("dx %d is %v, want %v", i, args.DX[i].Float32(), dx[i].Float32())
		}
	}
}
