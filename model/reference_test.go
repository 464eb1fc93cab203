package model

import (
	"math"

	"github.com/polymath-lm/polymath/tensor"
)

// reference is the decoder in float64, written for clarity: nothing is
// rounded, blocked or fused. It follows a choice of experts that it is given,
// since a choice that rounding turns is a jump and no error of rounding.
type reference struct {
	m       *Model
	weights map[*Param][]float64
	routes  [][]int32 // [L][T*K], -1 = dropped
	chosen  [][]int32 // [L][T*K], before capacity

	// features are what image tokens have in place of embeddings, [rows][D].
	features [][]float64
	// measure, if set, takes the place of cross-entropy and z-loss: its sum is the
	// loss, not its mean.
	measure func(t int, logprob, entropy float64) float64
	// value is measure for a decoder without a head, of the final hidden state.
	value func(t int, hidden []float64) float64
	// watch is told queries, keys and values of a document; nil = nobody is.
	watch func(l int, s Span, rows [][]float64)
}

// newReference takes the weights as the compute forms hold them, and the
// routes of the pass that ws holds.
func newReference(m *Model, ws *Workspace) *reference {
	r := &reference{m: m, weights: map[*Param][]float64{}}
	for _, p := range m.params {
		w := make([]float64, p.Len())
		for i, v := range p.Master {
			w[i] = float64(tensor.FromFloat32(v).Float32())
		}
		r.weights[p] = w
	}
	for l, lay := range m.layers {
		var routes, chosen []int32
		if lay.moe != nil {
			acts := &ws.acts[l].moe
			n := len(ws.batch.Positions) * m.cfg.NumExpertsPerTok
			chosen = append(chosen, acts.Routing.IDs[:n]...)
			routes = append(routes, chosen...)
			for i := range routes {
				if acts.Dispatch.Row[i] < 0 {
					routes[i] = -1
				}
			}
		}
		r.routes, r.chosen = append(r.routes, routes), append(r.chosen, chosen)
	}
	return r
}

// row returns row i of group g of p.
func (r *reference) row(p *Param, g, i int) []float64 {
	at := g*p.GroupLen() + i*p.In
	return r.weights[p][at : at+p.In]
}

func dot64(a, b []float64) (s float64) {
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

func (r *reference) product(p *Param, g int, x []float64) []float64 {
	y := make([]float64, p.Out)
	for i := range y {
		y[i] = dot64(r.row(p, g, i), x)
	}
	return y
}

func (r *reference) norm(w, x []float64, eps float64) []float64 {
	rstd := 1 / math.Sqrt(dot64(x, x)/float64(len(x))+eps)
	y := make([]float64, len(x))
	for i := range x {
		y[i] = x[i] * rstd * w[i]
	}
	return y
}

func (r *reference) rotate(l int, x []float64, pos int) {
	freq, scale := r.m.cfg.ropeFrequencies()
	if c := *r.m.cfg; c.ModelType == Mellum && c.Window(l) > 0 {
		c.RopeTheta, c.RopeScaling = c.slidingTheta(), nil
		freq, scale = c.ropeFrequencies()
	}
	half := len(x) / 2
	for i := range half {
		s, c := math.Sincos(float64(pos) * freq[i])
		a, b := x[i], x[i+half]
		x[i], x[i+half] = scale*(a*c-b*s), scale*(b*c+a*s)
	}
}

// qkv returns the queries, keys and values of a token.
func (r *reference) qkv(l int, x []float64, pos int) []float64 {
	a := r.m.layers[l].attn
	y := r.product(a.QKV.Weight, 0, x)
	if a.QKV.Bias != nil {
		for i, b := range r.weights[a.QKV.Bias] {
			y[i] += b
		}
	}
	qk := a.QWidth() + a.KWidth()
	if a.QNorm != nil {
		for at := 0; at < qk; {
			w := r.weights[a.QNorm.Weight]
			if at >= a.QWidth() {
				w = r.weights[a.KNorm.Weight]
			}
			copy(y[at:], r.norm(w, y[at:at+len(w)], r.m.cfg.RMSNormEps))
			at += len(w)
		}
	}
	for at := 0; at < qk; at += a.Shape.HeadDim {
		r.rotate(l, y[at:at+a.Shape.HeadDim], pos)
	}
	return y
}

// attend returns the output of the last of rows, the tokens of its document.
func (r *reference) attend(l int, rows [][]float64) []float64 {
	s := r.m.layers[l].attn.Shape
	q := rows[len(rows)-1]
	out := make([]float64, s.Heads*s.HeadDim)
	first := 0
	if s.Window > 0 {
		first = max(0, len(rows)-s.Window)
	}
	for h := range s.Heads {
		kv := h / (s.Heads / s.KVHeads)
		scores := make([]float64, len(rows))
		for i := first; i < len(rows); i++ {
			key := rows[i][(s.Heads+kv)*s.HeadDim:][:s.HeadDim]
			scores[i] = dot64(q[h*s.HeadDim:][:s.HeadDim], key) / math.Sqrt(float64(s.HeadDim))
		}
		p, _ := softmax64(scores[first:])
		for i, w := range p {
			value := rows[first+i][(s.Heads+s.KVHeads+kv)*s.HeadDim:][:s.HeadDim]
			for j, v := range value {
				out[h*s.HeadDim+j] += w * v
			}
		}
	}
	return out
}

func softmax64(x []float64) (p []float64, lse float64) {
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(v)
	}
	p = make([]float64, len(x))
	for i, v := range x {
		p[i] = math.Exp(v) / sum
	}
	return p, math.Log(sum)
}

func (r *reference) swiglu(gateUp, down *Param, g int, x []float64) []float64 {
	y := r.product(gateUp, g, x)
	f := down.In
	h := make([]float64, f)
	for i := range h {
		h[i] = y[i] / (1 + math.Exp(-y[i])) * y[f+i]
	}
	return r.product(down, g, h)
}

// feed adds the feed-forward of layer l to the rows, and returns the layer's
// balance loss and mean squared logsumexp.
func (r *reference) feed(l int, rows [][]float64) (balance, z float64) {
	lay, c := r.m.layers[l], r.m.cfg
	k := c.NumExpertsPerTok
	mean := make([]float64, c.NumExperts)
	for t, x := range rows {
		n := r.norm(r.weights[lay.ffnNorm.Weight], x, c.RMSNormEps)
		if lay.ffn != nil {
			add64(x, r.swiglu(lay.ffn.GateUp.Weight, lay.ffn.Down.Weight, 0, n), 1)
			continue
		}
		p, lse := softmax64(r.product(lay.moe.Router.Weight, 0, n))
		add64(mean, p, 1/float64(len(rows)))
		z += lse * lse / float64(len(rows))
		ids := r.chosen[l][t*k : (t+1)*k]
		sum := 1.0
		if c.NormTopKProb {
			sum = 0
			for _, e := range ids {
				sum += p[e]
			}
		}
		for i, e := range r.routes[l][t*k : (t+1)*k] {
			if e >= 0 {
				add64(x, r.swiglu(lay.moe.GateUp, lay.moe.Down, int(e), n), p[ids[i]]/sum)
			}
		}
		if s := lay.moe.Shared; s != nil {
			add64(x, r.swiglu(s.GateUp.Weight, s.Down.Weight, 0, n), 1)
		}
	}
	for _, e := range r.chosen[l] {
		balance += mean[e] * float64(c.NumExperts) / float64(len(r.chosen[l]))
	}
	return balance, z
}

func add64(dst, x []float64, a float64) {
	for i, v := range x {
		dst[i] += a * v
	}
}

// loss returns what LossBackward differentiates, with scale 1/counted.
func (r *reference) loss(b *Batch, targets []int32, weights []float32) float64 {
	c := r.m.cfg
	x := make([][]float64, len(b.Tokens))
	features := r.features
	for t, id := range b.Tokens {
		row := r.row(r.m.embed.Weight, 0, int(id))
		if v := c.Vision; v != nil && v.ImageTokenID == int(id) {
			row, features = features[0], features[1:]
		}
		x[t] = append([]float64(nil), row...)
	}
	aux := 0.0
	for l, lay := range r.m.layers {
		for _, s := range b.Spans {
			rows := make([][]float64, s.Len)
			for p := range rows {
				n := r.norm(r.weights[lay.attnNorm.Weight], x[s.Start+p], c.RMSNormEps)
				rows[p] = r.qkv(l, n, p)
			}
			if r.watch != nil {
				r.watch(l, s, rows)
			}
			for p := range rows {
				add64(x[s.Start+p], r.product(lay.attn.Out.Weight, 0, r.attend(l, rows[:p+1])), 1)
			}
		}
		balance, z := r.feed(l, x)
		aux += c.RouterAuxLossCoef*balance + c.RouterZLossCoef*z
	}
	sum, counted := 0.0, 0.0
	for t, target := range targets {
		if target < 0 {
			continue
		}
		hidden := r.norm(r.weights[r.m.norm.Weight], x[t], c.RMSNormEps)
		if r.value != nil {
			sum += r.value(t, hidden)
			counted = 1
			continue
		}
		logits := r.product(r.m.head.Weight, 0, hidden)
		p, lse := softmax64(logits)
		ce := lse - logits[target]
		if r.measure != nil {
			sum += r.measure(t, -ce, lse-dot64(p, logits))
			counted = 1
			continue
		}
		if weights != nil {
			ce *= float64(weights[t])
		}
		sum += ce + c.OutputZLossCoef*lse*lse
		counted++
	}
	return sum/counted + aux
}

// slope returns the derivative of the loss along direction (of p), by central
// differences. The step balances their two errors: h^2 times the third
// derivative, and the rounding of float64 over h.
func (r *reference) slope(p *Param, direction []float64, b *Batch, targets []int32, weights []float32) float64 {
	const h = 1e-4
	w := r.weights[p]
	start := append([]float64(nil), w...)
	at := func(step float64) float64 {
		for i := range w {
			w[i] = start[i] + step*direction[i]
		}
		return r.loss(b, targets, weights)
	}
	up, down := at(h), at(-h)
	copy(w, start)
	return (up - down) / (2 * h)
}
