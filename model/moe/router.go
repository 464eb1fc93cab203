package moe

import (
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
)

// Router scores the experts for each token: softmax over a product in fp32, of
// which the best K are chosen.
type Router struct {
	Weight *nn.Param // [E, D], form Product
	// Bias [E], nil or added to the scores for the choice only; gates use the
	// unbiased scores, so balancing does not enter the output (DeepSeek-V3,
	// arXiv:2412.19437, 2.1.2).
	Bias []float32
	K    int
	Norm bool // the gates of a token sum to 1
}

// Routing is what the router decided for a batch, kept for the backward pass.
type Routing struct {
	Logits []float32 // [T, E]
	Probs  []float32 // [T, E] their softmax
	LSE    []float32 // [T] logsumexp of the logits
	IDs    []int32   // [T, K] chosen experts, best first
	Gates  []float32 // [T, K]
	// Entropy [T] is the entropy of Probs in nats.
	Entropy []float32
	sums    []float64 // [chunks of T, E+2], see Losses
}

// Take lays out a Routing for maxTokens tokens.
func (r *Router) Take(arena *nn.Arena, maxTokens int) Routing {
	return Routing{
		Logits:  nn.Take[float32](arena, maxTokens*r.Weight.Out),
		Probs:   nn.Take[float32](arena, maxTokens*r.Weight.Out),
		LSE:     nn.Take[float32](arena, maxTokens),
		IDs:     nn.Take[int32](arena, maxTokens*r.K),
		Gates:   nn.Take[float32](arena, maxTokens*r.K),
		Entropy: nn.Take[float32](arena, maxTokens),
		sums:    nn.Take[float64](arena, (maxTokens+lossChunk-1)/lossChunk*(r.Weight.Out+2)),
	}
}

const routeGrain = 64

// Route chooses K experts for each row of x [T, D], best first; ties take the
// lower id. It returns the first token with a logit that is NaN or infinite,
// or -1.
func (r *Router) Route(x []tensor.BF16, out *Routing) (badToken int) {
	rows := len(x) / r.Weight.In
	r.Weight.MatMulF32(out.Logits[:rows*r.Weight.Out], x, nil)
	job := routeJobs.Get()
	*job = routeJob{r, out}
	nn.Rows(rows, routeGrain, job)
	routeJobs.Put(job)
	for t, lse := range out.LSE[:rows] {
		if !finite(lse) {
			return t
		}
	}
	return -1
}

func finite(f float32) bool { return f-f == 0 }

type routeJob struct {
	r   *Router
	out *Routing
}

var routeJobs nn.Jobs[routeJob]

func (j *routeJob) Rows(lo, hi int) {
	e, k := j.r.Weight.Out, j.r.K
	for t := lo; t < hi; t++ {
		logits, probs := j.out.Logits[t*e:(t+1)*e], j.out.Probs[t*e:(t+1)*e]
		ids, gates := j.out.IDs[t*k:(t+1)*k], j.out.Gates[t*k:(t+1)*k]
		if !allFinite(logits) {
			j.out.LSE[t] = float32(math.NaN())
			continue
		}
		j.out.LSE[t] = kernel.Softmax(probs, logits)
		j.out.Entropy[t] = entropy(logits, probs, j.out.LSE[t])
		j.r.choose(probs, ids, gates)
	}
}

func allFinite(x []float32) bool {
	for _, v := range x {
		if !finite(v) {
			return false
		}
	}
	return true
}

// entropy returns the sum of -p*log(p), where log(p) is logit - lse. The
// rounding of lse can make it a little negative.
func entropy(logits, probs []float32, lse float32) float32 {
	sum := float32(0)
	for e, p := range probs {
		sum += float32(p * (lse - logits[e]))
	}
	return max(sum, 0)
}

// choose picks the K best of probs [E] in order, and their gates.
func (r *Router) choose(probs []float32, ids []int32, gates []float32) {
	sum := float32(0)
	for k := range ids {
		best, bestScore := -1, float32(0)
		for e, p := range probs {
			score := p
			if r.Bias != nil {
				score += r.Bias[e]
			}
			if (best < 0 || score > bestScore) && !chosen(ids[:k], e) {
				best, bestScore = e, score
			}
		}
		ids[k], gates[k] = int32(best), probs[best]
		sum += probs[best]
	}
	if !r.Norm {
		return
	}
	for k := range gates {
		if sum < leastSum {
			gates[k] = 1 / float32(len(gates))
		} else {
			gates[k] /= sum
		}
	}
}

// leastSum is the smallest sum of the chosen experts' probabilities whose
// reciprocal is finite. Only a bias can lead to less; the gates are equal then
// and have no slope.
const leastSum = 0x1p-126

func chosen(ids []int32, e int) bool {
	for _, id := range ids {
		if int(id) == e {
			return true
		}
	}
	return false
}

// AuxWeights are the factors of the auxiliary losses in the gradient: of the
// balance loss E*sum_e(f_e*P_e), where f_e is expert e's share of the batch's
// routed rows and P_e its mean probability (Switch, arXiv:2101.03961, 2.2), and
// of the mean squared logsumexp of the logits (ST-MoE, arXiv:2202.08906, 3.2).
type AuxWeights struct {
	Balance, Z float32
}

// Backward computes dLogits [T, E] from dGates [T, K] and the auxiliary losses,
// then dx [T, D] from that, and adds the weight's gradient. x is Route's; load
// [E] is how many rows of the batch chose each expert, before capacity.
func (r *Router) Backward(dx, x, dLogits []tensor.BF16, dGates []float32, out *Routing, load []int32, aux AuxWeights) {
	w := r.Weight
	job := routeGradJobs.Get()
	*job = routeGradJob{r, out, dGates, dLogits, load, aux, len(x) / w.In}
	nn.Rows(job.rows, routeGrain, job)
	routeGradJobs.Put(job)
	w.InputGrad(dx, dLogits, nil)
	w.WeightGrad(dLogits, x, nil)
}

type routeGradJob struct {
	r       *Router
	out     *Routing
	dGates  []float32
	dLogits []tensor.BF16
	load    []int32
	aux     AuxWeights
	rows    int
}

var routeGradJobs nn.Jobs[routeGradJob]

func (j *routeGradJob) Rows(lo, hi int) {
	e, k := j.r.Weight.Out, j.r.K
	t := float32(j.rows)
	// d(balance)/dP = E*f/T with f = load/(T*K)
	perLoad := float32(e) / (float32(t*t) * float32(k)) * j.aux.Balance
	perLSE := 2 * j.aux.Z / t
	for r := lo; r < hi; r++ {
		probs := j.out.Probs[r*e : (r+1)*e]
		ids, gates := j.out.IDs[r*k:(r+1)*k], j.out.Gates[r*k:(r+1)*k]
		dGates := j.dGates[r*k : (r+1)*k]
		scale, shift := j.r.gateSlope(probs, ids, gates, dGates)
		mean := float32(0) // of dProbs under probs
		for i, p := range probs {
			mean += float32(p * j.dProb(i, perLoad, ids, dGates, scale, shift))
		}
		z := float32(perLSE * j.out.LSE[r])
		for i, p := range probs {
			d := j.dProb(i, perLoad, ids, dGates, scale, shift)
			j.dLogits[r*e+i] = tensor.FromFloat32(p * ((d - mean) + z))
		}
	}
}

// gateSlope returns scale and shift such that the gradient of the probability
// of the expert of rank k is scale*(dGates[k]-shift). With gates p/sum(p) that
// is 1/sum(p) and sum(gates*dGates).
func (r *Router) gateSlope(probs []float32, ids []int32, gates, dGates []float32) (scale, shift float32) {
	if !r.Norm {
		return 1, 0
	}
	sum := float32(0)
	for k, id := range ids {
		sum += probs[id]
		shift += float32(gates[k] * dGates[k])
	}
	if sum < leastSum {
		return 0, 0
	}
	return 1 / sum, shift
}

func (j *routeGradJob) dProb(e int, perLoad float32, ids []int32, dGates []float32, scale, shift float32) float32 {
	d := float32(perLoad * float32(j.load[e]))
	for k, id := range ids {
		if int(id) == e {
			d += float32(scale * (dGates[k] - shift))
		}
	}
	return d
}

// lossChunk is the number of rows that Losses sums one after the other; the
// sums of the chunks are added in their order.
const lossChunk = 64

// Losses returns the balance loss and the mean squared logsumexp of a batch of
// so many rows, before their coefficients, and the mean entropy. It uses out's
// memory: two calls on one Routing exclude each other.
func (r *Router) Losses(out *Routing, load []int32, rows int) (balance, z, entropy float64) {
	e, n := r.Weight.Out, float64(rows)
	job := lossJobs.Get()
	*job = lossJob{out, e}
	nn.Rows(rows, lossChunk, job)
	lossJobs.Put(job)
	sums := out.sums[:e+2]
	for at := e + 2; at < (rows+lossChunk-1)/lossChunk*(e+2); at += e + 2 {
		for i, v := range out.sums[at : at+e+2] {
			sums[i] += v
		}
	}
	for i, l := range load {
		balance += float64(sums[i] / n * float64(l) / (n * float64(r.K)))
	}
	return balance * float64(e), sums[e] / n, sums[e+1] / n
}

// lossJob sums the probabilities of each expert, then the squared logsumexp and
// the entropy, over a chunk of rows.
type lossJob struct {
	out *Routing
	e   int
}

var lossJobs nn.Jobs[lossJob]

func (j *lossJob) Rows(lo, hi int) {
	e := j.e
	sums := j.out.sums[lo/lossChunk*(e+2):][:e+2]
	clear(sums)
	for t := lo; t < hi; t++ {
		for i, p := range j.out.Probs[t*e : (t+1)*e] {
			sums[i] += float64(p)
		}
		lse := float64(j.out.LSE[t])
		sums[e] += float64(lse * lse)
		sums[e+1] += float64(j.out.Entropy[t])
	}
}
