package nn

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// Linear is the product y = x·wᵀ + b of one matrix, or of one matrix for each
// group of rows. Weight has the forms Product; Bias is nil or a vector [Out]
// with the form Lookup.
type Linear struct {
	Weight, Bias *Param
}

const rowGrain = 64 // rows per iteration of cheap row loops

// Forward computes y [T, Out] from x [T, In], all bf16. Rows offsets[g] to
// offsets[g+1] meet matrix g; nil offsets = one matrix for all.
func (l *Linear) Forward(y, x []tensor.BF16, offsets []int32) {
	l.Weight.MatMul(y, x, offsets)
	if l.Bias != nil {
		job := biasJobs.Get()
		*job = biasJob{y, l.Bias.Table}
		Rows(len(y)/l.Weight.Out, rowGrain, job)
		biasJobs.Put(job)
	}
}

// Backward computes dx [T, In] from dy [T, Out] unless dx is nil, and adds the
// gradients of the weights and the bias. x is what Forward had; sums is the
// scratch of the bias, see ColumnSums.
func (l *Linear) Backward(dx, dy, x []tensor.BF16, offsets []int32, sums []float32) {
	w := l.Weight
	if dx != nil {
		w.InputGrad(dx, dy, offsets)
	}
	w.WeightGrad(dy, x, offsets)
	if l.Bias != nil && l.Bias.Grad != nil {
		ColumnSums(l.Bias.Grad, dy, sums)
	}
}

type biasJob struct{ y, bias []tensor.BF16 }

var biasJobs Jobs[biasJob]

func (j *biasJob) Rows(lo, hi int) {
	n := len(j.bias)
	for r := lo; r < hi; r++ {
		row := j.y[r*n : (r+1)*n]
		kernel.Add(row, row, j.bias)
	}
}

// sumChunk is the number of rows whose gradients are summed one after the
// other; the sums of the chunks are added in their order. It is part of the
// definition of every gradient that sums over rows without a product.
const sumChunk = 64

// SumsLen returns the length of the scratch for sums over rows of width n.
func SumsLen(rows, n int) int { return (rows + sumChunk - 1) / sumChunk * n }

// ColumnSums adds to dst [N] the sum of the rows of x [T, N]. sums has SumsLen
// elements and arbitrary content.
func ColumnSums(dst []float32, x []tensor.BF16, sums []float32) {
	n := len(dst)
	rows := len(x) / n
	job := columnJobs.Get()
	*job = columnJob{x, sums, n}
	Rows(rows, sumChunk, job)
	columnJobs.Put(job)
	addSums(dst, sums, rows)
}

type columnJob struct {
	x    []tensor.BF16
	sums []float32
	n    int
}

var columnJobs Jobs[columnJob]

func (j *columnJob) Rows(lo, hi int) {
	n := j.n
	sum := j.sums[lo/sumChunk*n:][:n]
	clear(sum)
	for r := lo; r < hi; r++ {
		kernel.AddScaled(sum, j.x[r*n:(r+1)*n], 1)
	}
}

// addSums adds the sums of the chunks of so many rows to dst, in order.
func addSums(dst, sums []float32, rows int) {
	for c := range (rows + sumChunk - 1) / sumChunk {
		kernel.AddF32(dst, sums[c*len(dst):][:len(dst)])
	}
}
