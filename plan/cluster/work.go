package cluster

import (
	"math"

	"github.com/polymath-lm/polymath/plan"
)

// Share says where the time of an operation goes, in seconds.
type Share struct {
	Products  float64 `json:"products"`  // matrix products
	Attention float64 `json:"attention"` // scores and what they weigh
	Passes    float64 `json:"passes"`    // element-wise passes over memory, launches
	Tensor    float64 `json:"tensor"`    // exchanges of tensor and context parallelism that are visible
	Expert    float64 `json:"expert"`    // all-to-all that is visible
	Recompute float64 `json:"recompute"` // what backward computes again
	Gather    float64 `json:"gather"`    // weights of ZeRO 3 that are waited for
}

// Sum is the time of all.
func (s Share) Sum() float64 {
	return s.Products + s.Attention + s.Passes + s.Tensor + s.Expert + s.Recompute + s.Gather
}

func (s Share) plus(o Share) Share {
	return Share{
		s.Products + o.Products, s.Attention + o.Attention, s.Passes + o.Passes, s.Tensor + o.Tensor,
		s.Expert + o.Expert, s.Recompute + o.Recompute, s.Gather + o.Gather,
	}
}

func (s Share) times(f float64) Share {
	return Share{s.Products * f, s.Attention * f, s.Passes * f, s.Tensor * f, s.Expert * f, s.Recompute * f, s.Gather * f}
}

// worker computes the times of layers on one device of a layout.
type worker struct {
	m *plan.Model
	c *Cluster
	l *Layout
	k *Constants
	t float64 // tokens of a microbatch on this device
}

// product is the time of [rows, in] x [in, out] in the layout's precision, count of
// them.
func (w *worker) product(rows, in, out, count float64) float64 {
	if rows == 0 || in == 0 || out == 0 {
		return 0
	}
	return productTime(&w.c.Accelerator, w.k, w.l.Precision, rows, in, out, count)
}

// productTime is the larger of arithmetic and memory, and a launch. Arithmetic is
// slower for small sides: the last tiles and waves of a product are not full.
func productTime(a *Accelerator, k *Constants, p Precision, rows, in, out, count float64) float64 {
	rate := k.product(a, p)
	half := k.Half * math.Sqrt(a.peak(p)/312e12)
	fill := 1 / (1 + half/rows) / (1 + half/in) / (1 + half/out)
	arithmetic := 2 * rows * in * out / (rate * fill)
	memory := (rows*in + in*out + rows*out) * p.Bytes() / (a.Bandwidth * k.Bandwidth)
	return count * max(arithmetic, memory)
}

// pass is the time of an element-wise pass over bytes.
func (w *worker) pass(bytes float64) float64 { return bytes / (w.c.Bandwidth * w.k.Bandwidth) }

// forward is the time of layer i for one microbatch.
func (w *worker) forward(i int) Share {
	var s Share
	p := w.m.Layer(i)
	s.Products = w.attentionProducts()
	s.Attention, s.Passes = w.scores(i)
	if w.m.Sparse(i) {
		products, passes, exchange := w.experts(p)
		s.Products += products
		s.Passes += passes
		s.Expert = exchange
	} else {
		s.Products += w.feedForward(float64(w.m.FeedForward.Hidden))
	}
	s.Passes += w.elementwise(i) + w.k.Launch*w.kernels(i)
	s.Tensor = w.tensorExchange() + w.contextExchange(i, s.Attention)
	if w.l.OverlapExpert {
		s.Expert = max(s.Expert-s.Products-s.Attention, w.k.Exposed*s.Expert)
	}
	return s
}

// kernels is how many launches a layer has.
func (w *worker) kernels(i int) float64 {
	n := 12.0
	if !w.l.Fused {
		n = 20
	}
	if w.m.Sparse(i) {
		n += 16
	}
	return n
}

// attentionProducts is the time of the projections.
func (w *worker) attentionProducts() float64 {
	a, d, tp := &w.m.Attention, float64(w.m.Width), float64(w.l.Tensor)
	if t := a.Latent; t != nil {
		h := float64(a.Heads) / tp
		n := w.product(w.t, d, float64(t.KVRank+t.RopeDim), 1)
		if t.QueryRank > 0 {
			n += w.product(w.t, d, float64(t.QueryRank), 1) + w.product(w.t, float64(t.QueryRank), h*float64(t.PlainDim+t.RopeDim), 1)
		} else {
			n += w.product(w.t, d, h*float64(t.PlainDim+t.RopeDim), 1)
		}
		return n + w.product(w.t, float64(t.KVRank), h*float64(t.PlainDim+t.ValueDim), 1) + w.product(w.t, h*float64(t.ValueDim), d, 1)
	}
	q := float64(a.Heads*a.HeadDim) / tp
	kv := float64(a.KVHeads*a.HeadDim) / min(tp, float64(a.KVHeads))
	return w.product(w.t, d, q+2*kv, 1) + w.product(w.t, q, d, 1)
}

// latentUp is the time in which latent attention computes queries, keys and values
// again from the compressed vectors that selective recomputation keeps
// (arXiv:2412.19437, 3.2.3).
func (w *worker) latentUp() float64 {
	t := w.m.Attention.Latent
	if t == nil {
		return 0
	}
	h := float64(w.m.Attention.Heads) / float64(w.l.Tensor)
	n := w.product(w.t, float64(t.KVRank), h*float64(t.PlainDim+t.ValueDim), 1)
	if t.QueryRank > 0 {
		n += w.product(w.t, float64(t.QueryRank), h*float64(t.PlainDim+t.RopeDim), 1)
	}
	return n
}

// headWidths are the numbers of a head that scores and values multiply, together.
func headWidths(m *plan.Model) float64 {
	if t := m.Attention.Latent; t != nil {
		return float64(t.PlainDim + t.RopeDim + t.ValueDim)
	}
	return 2 * float64(m.Attention.HeadDim)
}

// scores is the time of attention proper, and of the passes that plain attention
// makes over all its scores: products write them, the softmax reads and writes,
// dropout reads, writes and keeps a byte, the product reads.
func (w *worker) scores(i int) (attention, passes float64) {
	seen := float64(w.l.Sequence)
	if window := float64(w.m.Window(i)); window > 0 && window < seen {
		seen = window
	} else if !w.l.Plain {
		seen /= 2 // of causal attention the half that is seen
	}
	heads := float64(w.m.Attention.Heads) / float64(w.l.Tensor)
	flop := 2 * w.t * seen * heads * headWidths(w.m)
	rate := w.k.product(&w.c.Accelerator, BF16) * w.k.Attention
	if w.l.Plain {
		passes = w.pass(w.t * seen * heads * 13)
	}
	return flop / rate, passes
}

// feedForward is the time of a dense feed-forward of the hidden width.
func (w *worker) feedForward(hidden float64) float64 {
	d, f := float64(w.m.Width), hidden/float64(w.l.Tensor)
	up := 1.0
	if w.m.FeedForward.Gated {
		up = 2
	}
	return w.product(w.t, d, up*f, 1) + w.product(w.t, f, d, 1)
}

// elementwise is the time of norms, residuals, rotations and activations. Fused
// passes read and write each number about once.
func (w *worker) elementwise(i int) float64 {
	a, d, tp := &w.m.Attention, float64(w.m.Width), float64(w.l.Tensor)
	divided := tp
	if !w.l.Sequenced {
		divided = 1
	}
	bytes := 8 * float64(w.m.NormsPerLayer) * d / divided
	q := float64(a.Heads)
	if a.Latent != nil {
		q *= float64(a.Latent.PlainDim + a.Latent.RopeDim)
	} else {
		q = q*float64(a.HeadDim) + float64(a.KVHeads*a.HeadDim)
	}
	bytes += 4 * q / tp
	if !w.m.Sparse(i) {
		n := 4.0
		if w.m.FeedForward.Gated {
			n = 6
		}
		bytes += n * float64(w.m.FeedForward.Hidden) / tp
	}
	if !w.l.Fused {
		bytes *= 2
	}
	if w.l.Precision.Bytes() < 2 { // inputs of products are scaled and rounded, for both directions
		bytes += 4 * (2*d/divided + q/tp)
	}
	return w.pass(bytes * w.t)
}

// backward is the time of layer i's backward pass after its forward f: twice the
// products, and what is computed again.
func (w *worker) backward(i int, f Share) Share {
	again, attention := Share{}, 2.0
	if !w.l.Plain {
		attention = 2.5
	}
	switch w.l.Recompute {
	case RecomputeFull:
		again.Recompute = f.Sum()
	case RecomputeSelective:
		if w.l.Plain {
			a, p := w.scores(i)
			again.Recompute = a + p
		} else {
			again.Recompute = f.Passes/2 + w.latentUp()
		}
	}
	return Share{
		Products: 2 * f.Products, Attention: attention * f.Attention, Passes: 2 * f.Passes,
		Tensor: f.Tensor, Expert: f.Expert, Recompute: again.Recompute,
	}
}

// head is the time of the logits and the loss for one microbatch, forward: logits
// are written, read in fp32 for maximum, sum and loss.
func (w *worker) head() Share {
	v := float64(w.m.Vocabulary) / float64(w.l.Tensor)
	products := productTime(&w.c.Accelerator, w.k, BF16, w.t, float64(w.m.Width), v, 1)
	return Share{Products: products, Passes: w.pass(20 * v * w.t)}
}
