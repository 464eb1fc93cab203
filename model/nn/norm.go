package nn

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// Norm is RMSNorm over rows of width N. Weight is a vector [N] with the form
// NormWeight.
type Norm struct {
	Weight *Param
	Eps    float32
}

// Forward computes y [T, N] from x [T, N], and rstd [T] for the backward pass
// unless it is nil. y may be x.
func (n *Norm) Forward(y, x []tensor.BF16, rstd []float32) {
	n.run(normJob{norm: n, y: y, x: x, rstd: rstd})
}

// AddForward sets sum = bf16(a + b) and then normalizes sum into y; all are
// [T, N]. sum may be a or b.
func (n *Norm) AddForward(y, sum, a, b []tensor.BF16, rstd []float32) {
	n.run(normJob{norm: n, y: y, x: sum, a: a, b: b, rstd: rstd})
}

func (n *Norm) run(args normJob) {
	job := normJobs.Get()
	*job = args
	Rows(len(args.y)/n.Weight.In, rowGrain, job)
	normJobs.Put(job)
}

type normJob struct {
	norm       *Norm
	y, x, a, b []tensor.BF16
	rstd       []float32
}

var normJobs Jobs[normJob]

func (j *normJob) Rows(lo, hi int) {
	w, eps := j.norm.Weight.Vector, j.norm.Eps
	n := len(w)
	for r := lo; r < hi; r++ {
		i, k := r*n, (r+1)*n
		var rstd float32
		if j.a != nil {
			rstd = kernel.AddRMSNorm(j.y[i:k], j.x[i:k], j.a[i:k], j.b[i:k], w, eps)
		} else {
			rstd = kernel.RMSNorm(j.y[i:k], j.x[i:k], w, eps)
		}
		if j.rstd != nil {
			j.rstd[r] = rstd
		}
	}
}

// Backward adds the gradient with respect to x to dx [T, N] and the weight's to
// its Grad. dy [T, N] is the gradient of the output, x and rstd are Forward's.
// sums is scratch of SumsLen(T, N).
func (n *Norm) Backward(dx, dy, x []tensor.BF16, rstd, sums []float32) {
	width := n.Weight.In
	rows := len(dx) / width
	job := normGradJobs.Get()
	*job = normGradJob{n, dx, dy, x, rstd, sums}
	Rows(rows, sumChunk, job)
	normGradJobs.Put(job)
	if n.Weight.Grad != nil {
		addSums(n.Weight.Grad, sums, rows)
	}
}

type normGradJob struct {
	norm       *Norm
	dx, dy, x  []tensor.BF16
	rstd, sums []float32
}

var normGradJobs Jobs[normGradJob]

func (j *normGradJob) Rows(lo, hi int) {
	w := j.norm.Weight.Vector
	n := len(w)
	dw := j.sums[lo/sumChunk*n:][:n]
	clear(dw)
	for r := lo; r < hi; r++ {
		i, k := r*n, (r+1)*n
		kernel.RMSNormBackward(j.dx[i:k], dw, j.dy[i:k], j.x[i:k], w, j.rstd[r], true)
	}
}

// Add sets y = bf16(a + b), all [T, N]; y may be a or b.
func Add(y, a, b []tensor.BF16, n int) {
	job := addJobs.Get()
	*job = addJob{y, a, b, n}
	Rows(len(y)/n, rowGrain, job)
	addJobs.Put(job)
}

type addJob struct {
	y, a, b []tensor.BF16
	n       int
}

var addJobs Jobs[addJob]

func (j *addJob) Rows(lo, hi int) {
	i, k := lo*j.n, hi*j.n
	kernel.Add(j.y[i:k], j.a[i:k], j.b[i:k])
}
