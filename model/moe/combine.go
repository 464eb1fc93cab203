package moe

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Rows copies or scales the rows [lo, hi) of the experts' batch.
func (j *gatherJob) Rows(lo, hi int) {
	n := j.width
	for r := lo; r < hi; r++ {
		choice := int(j.d.Choice[r])
		dst, src := j.dst[r*n:(r+1)*n], j.src[choice/j.k*n:][:n]
		if j.gates == nil {
			copy(dst, src)
		} else {
			kernel.ScaleBF16(dst, src, j.gates[choice])
		}
	}
}

const combineGrain = 32

// combineJob sets, for each token,
//
//	y = bf16(first + sum over ranks of gate*row + last)
//
// in fp32 and in that order. gates nil means 1; last may be nil; dropped
// choices add nothing.
type combineJob struct {
	l     *Layer
	d     *Dispatch
	y     []tensor.BF16 // [T, D]; may be first
	first []tensor.BF16 // [T, D]
	rows  []tensor.BF16 // [R, D]
	gates []float32     // [T, K] or nil
	last  []tensor.BF16 // [T, D] or nil
	sum   []float32     // [chunks of combineGrain tokens, D]
}

var combineJobs nn.Jobs[combineJob]

func (l *Layer) combine(args combineJob, rows int) {
	job := combineJobs.Get()
	*job = args
	job.l = l
	nn.Rows(rows, combineGrain, job)
	combineJobs.Put(job)
}

func (j *combineJob) Rows(lo, hi int) {
	n, k := j.l.d(), j.l.Router.K
	sum := j.sum[lo/combineGrain*n:][:n]
	for t := lo; t < hi; t++ {
		kernel.ToF32(sum, j.first[t*n:(t+1)*n])
		for c := t * k; c < (t+1)*k; c++ {
			row := int(j.d.Row[c])
			if row < 0 {
				continue
			}
			gate := float32(1)
			if j.gates != nil {
				gate = j.gates[c]
			}
			kernel.AddScaled(sum, j.rows[row*n:(row+1)*n], gate)
		}
		if j.last != nil {
			kernel.AddScaled(sum, j.last[t*n:(t+1)*n], 1)
		}
		kernel.ToBF16(j.y[t*n:(t+1)*n], sum)
	}
}

// gateGrads sets dGates [T, K] to the products of dy [T, D] with the experts'
// results; a dropped choice has none.
func (l *Layer) gateGrads(dGates []float32, dy []tensor.BF16, acts *Acts) {
	job := gateGradJobs.Get()
	*job = gateGradJob{l, acts, dGates, dy}
	nn.Rows(len(dGates)/l.Router.K, combineGrain, job)
	gateGradJobs.Put(job)
}

type gateGradJob struct {
	l      *Layer
	acts   *Acts
	dGates []float32
	dy     []tensor.BF16
}

var gateGradJobs nn.Jobs[gateGradJob]

func (j *gateGradJob) Rows(lo, hi int) {
	n, k := j.l.d(), j.l.Router.K
	for c := lo * k; c < hi*k; c++ {
		j.dGates[c] = 0
		if row := int(j.acts.Dispatch.Row[c]); row >= 0 {
			j.dGates[c] = kernel.Dot(j.dy[c/k*n:][:n], j.acts.Y[row*n:(row+1)*n])
		}
	}
}
