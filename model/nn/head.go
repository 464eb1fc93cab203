package nn

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// Head is the product from hidden states to logits, and the cross-entropy. It
// works on chunks of rows, so that nothing of size [T, V] ever exists. Weight
// [V, D] has the form Product.
type Head struct {
	Weight *Param
}

// How much memory the chunks may take. Logits of a chunk stay near the cache;
// their gradients wait until there are enough rows for one product that passes
// over the weight's gradient. Chunks are multiples of 32 rows, so the products
// sum in the same order whatever these sizes are.
const (
	logitsBytes = 16 << 20
	gradsBytes  = 64 << 20
)

// HeadScratch is the memory of the chunks.
type HeadScratch struct {
	Logits  []float32     // [chunk, V]
	DLogits []tensor.BF16 // [some chunks, V]; nil without backward
	Loss    []float32     // [T]
	LSE     []float32     // [T]
}

func chunkRows(bytes, v, maxTokens int) int {
	n := max(bytes/v/kernel.BlockK*kernel.BlockK, kernel.BlockK)
	return min(n, (maxTokens+kernel.BlockK-1)/kernel.BlockK*kernel.BlockK)
}

// Take lays out the scratch for up to maxTokens rows.
func (h *Head) Take(arena *Arena, maxTokens int, train bool) HeadScratch {
	v := h.Weight.Out
	chunk := chunkRows(logitsBytes/4, v, maxTokens)
	s := HeadScratch{
		Logits: Take[float32](arena, chunk*v),
		Loss:   Take[float32](arena, maxTokens),
		LSE:    Take[float32](arena, maxTokens),
	}
	if train {
		grad := max(chunkRows(gradsBytes/2, v, maxTokens)/chunk, 1) * chunk
		s.DLogits = Take[tensor.BF16](arena, grad*v)
	}
	return s
}

// Logits computes dst [T, V] fp32 from the hidden states x [T, D].
func (h *Head) Logits(dst []float32, x []tensor.BF16) {
	h.Weight.MatMulF32(dst, x, nil)
}

// LossArgs are the rows of one loss.
type LossArgs struct {
	X       []tensor.BF16 // [N, D] hidden states
	Targets []int32       // [N], each in [0, V)
	Weights []float32     // [N] or nil: factors of the rows' cross-entropies
	Scale   float32       // factor of the whole loss in the gradient
	ZScale  float32       // factor of the sum of squared LSE in the gradient
	Slopes  []float32     // [N] or nil: factors of the rows' entropies in the gradient
	DX      []tensor.BF16 // [N, D] gradient of X; nil = no backward

	Entropies []float32 // [N] takes the rows' entropies in nats; nil = not wanted
}

// Loss computes, for each row, the cross-entropy into s.Loss and logsumexp of
// the logits into s.LSE, and with DX the gradients of X and the weights for
//
//	Scale * sum(Weights*Loss) + ZScale * sum(LSE^2) + sum(Slopes*Entropy)
func (h *Head) Loss(a *LossArgs, s *HeadScratch) {
	v, d := h.Weight.Out, h.Weight.In
	chunk, grad := len(s.Logits)/v, len(s.DLogits)/v
	rows := len(a.Targets)
	begin := 0 // first row whose gradient waits in DLogits
	for lo := 0; lo < rows; lo += chunk {
		hi := min(lo+chunk, rows)
		h.Weight.MatMulF32(s.Logits[:(hi-lo)*v], a.X[lo*d:hi*d], nil)
		job := lossJobs.Get()
		*job = lossJob{args: a, scratch: s, first: lo, begin: begin, v: v}
		Rows(hi-lo, 1, job)
		lossJobs.Put(job)
		if a.DX != nil && (hi == rows || hi-begin+chunk > grad) {
			h.backward(a, s.DLogits[:(hi-begin)*v], begin, hi)
			begin = hi
		}
	}
}

func (h *Head) backward(a *LossArgs, dLogits []tensor.BF16, lo, hi int) {
	w := h.Weight
	w.InputGrad(a.DX[lo*w.In:hi*w.In], dLogits, nil)
	w.WeightGrad(dLogits, a.X[lo*w.In:hi*w.In], nil)
}

type lossJob struct {
	args            *LossArgs
	scratch         *HeadScratch
	first, begin, v int
}

var lossJobs Jobs[lossJob]

func (j *lossJob) Rows(lo, hi int) {
	a, s := j.args, j.scratch
	for i := lo; i < hi; i++ {
		r := j.first + i
		logits := s.Logits[i*j.v : (i+1)*j.v]
		lse := kernel.LogSumExp(logits)
		s.LSE[r] = lse
		s.Loss[r] = lse - logits[a.Targets[r]]
		if a.Entropies != nil {
			a.Entropies[r] = kernel.Entropy(logits, lse)
		}
		if a.DX != nil {
			j.grad(r, logits)
		}
	}
}

// grad sets the gradient of row r's logits.
func (j *lossJob) grad(r int, logits []float32) {
	a := j.args
	scale := a.Scale
	if a.Weights != nil {
		scale *= a.Weights[r]
	}
	dx := j.scratch.DLogits[(r-j.begin)*j.v:][:j.v]
	lse, target := j.scratch.LSE[r], int(a.Targets[r])
	if a.Slopes != nil && a.Slopes[r] != 0 {
		kernel.EntropyGrad(dx, logits, target, lse, scale, a.ZScale, a.Slopes[r])
		return
	}
	kernel.CrossEntropyGrad(dx, logits, target, lse, scale, a.ZScale)
}
