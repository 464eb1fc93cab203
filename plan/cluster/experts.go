package cluster

import (
	"math"

	"github.com/polymath-lm/polymath/plan"
)

// expertTensor is over how many devices each expert is divided: where experts are
// not divided among devices, tensor parallelism divides each of them.
func (l *Layout) expertTensor() int {
	if l.Expert == 1 {
		return l.Tensor
	}
	return 1
}

// experts is the time of a sparse layer's experts, of the passes that bring tokens
// to them and back, and of the all-to-all.
func (w *worker) experts(p plan.LayerParams) (products, passes, exchange float64) {
	x, d := w.m.Experts, float64(w.m.Width)
	etp := float64(w.l.expertTensor())
	rows := w.t * float64(x.Active) * etp / float64(w.l.Tensor)
	here := float64(x.Number) / float64(w.l.Expert)
	up := 1.0
	if w.m.FeedForward.Gated {
		up = 2
	}
	f := float64(x.Hidden) / etp
	each := rows / here
	products = w.product(each, d, up*f, here) + w.product(each, f, d, here)
	products *= w.k.Imbalance
	if x.Shared > 0 {
		products += w.feedForward(float64(x.Shared * x.SharedHidden))
	}
	products += w.product(w.t/float64(w.l.Tensor), d, float64(x.Number), 1)
	passes = w.pass(rows*d*2*4 + rows*f*2*3)
	if w.l.Expert > 1 {
		g := w.c.group(w.l.Expert, 1)
		bytes := rows * d
		exchange = w.c.exchange(g, bytes*w.l.Precision.Bytes(), w.dedupe(g), w.k) + w.c.exchange(g, bytes*2, w.dedupe(g), w.k)
	}
	return products, passes, exchange
}

// dedupe is how many domains a token goes to, as a share of its experts.
func (w *worker) dedupe(g group) float64 {
	if w.l.ExpertDomains == 0 {
		return 1
	}
	domains := float64(g.size) / float64(g.near)
	k := float64(w.m.Experts.Active)
	met := domains * (1 - math.Pow(1-1/domains, k))
	return min(met, float64(w.l.ExpertDomains)) / k
}

// tensorExchange is the visible time of the two all-reduces, or the gathers and
// scatters that replace them, of a layer's forward pass.
func (w *worker) tensorExchange() float64 {
	if w.l.Tensor == 1 {
		return 0
	}
	g := w.c.group(w.l.Tensor, 1)
	n := 4 * w.c.gather(g, w.t*float64(w.m.Width)*2, w.k)
	if w.l.OverlapTensor {
		n *= w.k.Exposed
	}
	return n
}

// contextExchange is what the ring of keys and values takes beyond the attention
// that hides it.
func (w *worker) contextExchange(i int, attention float64) float64 {
	if w.l.Context == 1 || w.m.Window(i) > 0 {
		return 0
	}
	g := w.c.group(w.l.Context, w.l.Tensor)
	kv := float64(w.m.KVWidth())
	if w.m.Attention.Latent == nil {
		kv /= min(float64(w.l.Tensor), float64(w.m.Attention.KVHeads))
	}
	t := w.c.gather(g, w.t*float64(w.l.Context)*kv*2, w.k)
	return max(t-attention, w.k.Exposed*t)
}
