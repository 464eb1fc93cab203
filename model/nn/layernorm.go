package nn

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// LayerNorm normalizes rows of width N to mean 0 and variance 1, then scales and
// shifts them (Ba, Kiros and Hinton, arXiv:1607.06450). Weight and Bias are
// vectors [N] with the form NormWeight.
type LayerNorm struct {
	Weight, Bias *Param
	Eps          float32
}

// Moments are what a forward pass found of its rows. Both slices are [T], or nil
// where there is no backward pass.
type Moments struct{ Mean, Rstd []float32 }

// TakeMoments lays out the moments of maxRows rows.
func TakeMoments(arena *Arena, maxRows int) Moments {
	return Moments{Mean: Take[float32](arena, maxRows), Rstd: Take[float32](arena, maxRows)}
}

// Forward computes y [T, N] from x [T, N], and the moments for the backward pass
// unless they are nil. y may be x.
func (n *LayerNorm) Forward(y, x []tensor.BF16, m Moments) {
	job := layerNormJobs.Get()
	*job = layerNormJob{norm: n, y: y, x: x, moments: m}
	Rows(len(y)/n.Weight.In, rowGrain, job)
	layerNormJobs.Put(job)
}

type layerNormJob struct {
	norm    *LayerNorm
	y, x    []tensor.BF16
	moments Moments
}

var layerNormJobs Jobs[layerNormJob]

func (j *layerNormJob) Rows(lo, hi int) {
	w, b, eps := j.norm.Weight.Vector, j.norm.Bias.Vector, j.norm.Eps
	n := len(w)
	for r := lo; r < hi; r++ {
		mean, rstd := kernel.LayerNorm(j.y[r*n:(r+1)*n], j.x[r*n:(r+1)*n], w, b, eps)
		if j.moments.Rstd != nil {
			j.moments.Mean[r], j.moments.Rstd[r] = mean, rstd
		}
	}
}

// Backward adds the gradient with respect to x to dx [T, N], and the gradients
// of weight and bias to their Grads. dy [T, N] is the gradient of the output, x
// and m are Forward's. sums is scratch of SumsLen(T, 2*N).
func (n *LayerNorm) Backward(dx, dy, x []tensor.BF16, m Moments, sums []float32) {
	width := n.Weight.In
	rows := len(dx) / width
	job := layerNormGradJobs.Get()
	*job = layerNormGradJob{n, dx, dy, x, m, sums}
	Rows(rows, sumChunk, job)
	layerNormGradJobs.Put(job)
	n.addGrads(sums, rows)
}

// frozen reports whether neither weight nor bias has a gradient.
func (n *LayerNorm) frozen() bool { return n.Weight.Grad == nil && n.Bias.Grad == nil }

// addGrads adds the sums of the chunks, each of weight and then bias, in order.
func (n *LayerNorm) addGrads(sums []float32, rows int) {
	if n.frozen() {
		return
	}
	width := n.Weight.In
	for ; rows > 0; rows -= sumChunk {
		if n.Weight.Grad != nil {
			kernel.AddF32(n.Weight.Grad, sums[:width])
		}
		if n.Bias.Grad != nil {
			kernel.AddF32(n.Bias.Grad, sums[width:2*width])
		}
		sums = sums[2*width:]
	}
}

type layerNormGradJob struct {
	norm      *LayerNorm
	dx, dy, x []tensor.BF16
	moments   Moments
	sums      []float32
}

var layerNormGradJobs Jobs[layerNormGradJob]

func (j *layerNormGradJob) Rows(lo, hi int) {
	w := j.norm.Weight.Vector
	n := len(w)
	var dw, db []float32
	if !j.norm.frozen() {
		sums := j.sums[lo/sumChunk*2*n:][:2*n]
		clear(sums)
		dw, db = sums[:n], sums[n:]
	}
	for r := lo; r < hi; r++ {
		i, k := r*n, (r+1)*n
		kernel.LayerNormBackward(j.dx[i:k], dw, db, j.dy[i:k], j.x[i:k], w, j.moments.Mean[r], j.moments.Rstd[r], true)
	}
}
