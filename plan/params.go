package plan

import (
	"fmt"
	"strings"
)

// Names of the parts of a model.
const (
	PartEmbedding  = "embedding"
	PartPositions  = "positions"
	PartAttention  = "attention"
	PartDense      = "feed-forward"
	PartExperts    = "experts"
	PartShared     = "shared experts"
	PartRouter     = "routers"
	PartNorms      = "norms"
	PartOutput     = "output"
	PartVision     = "vision"
	PartPredictors = "predictors"
)

// Part is one line of a sum of parameters.
type Part struct {
	Name string `json:"name"` // one of the constants above
	// Total counts all parameters of the part, Active those that work on one token.
	Total  int64 `json:"total"`
	Active int64 `json:"active"`
	// Arithmetic is how the number comes about, for people.
	Arithmetic string `json:"arithmetic"`
}

// Params counts the parameters of a model.
type Params struct {
	// Total counts all but the predictors of later tokens. Active are those that
	// work on one token: all but the experts that are not chosen, the embedding
	// table and the positions, of which a token takes one row, and the tower.
	// A tied table is the output matrix and so active.
	Total  int64 `json:"total"`
	Active int64 `json:"active"`
	// Embedding is the table and the positions where they are not active already:
	// many publications count them as active too.
	Embedding int64 `json:"embedding"`
	// Predictors are further layers of the checkpoint that predict later tokens.
	Predictors int64  `json:"predictors,omitempty"`
	Parts      []Part `json:"parts"`
}

// ActiveWithEmbedding is Active as many publications count it: with the whole
// embedding table.
func (p Params) ActiveWithEmbedding() int64 { return p.Active + p.Embedding }

// Part returns the part of that name, or the zero Part.
func (p Params) Part(name string) Part {
	for _, q := range p.Parts {
		if q.Name == name {
			return q
		}
	}
	return Part{}
}

func (p *Params) add(name string, total, active int64, arithmetic string) {
	if total == 0 {
		return
	}
	p.Parts = append(p.Parts, Part{name, total, active, arithmetic})
	p.Total += total
	p.Active += active
}

// LayerParams counts the parameters of one layer.
type LayerParams struct {
	Attention int64 // with its biases and norms on queries and keys
	Norms     int64
	Dense     int64 // of a dense layer; 0 in a sparse one
	Router    int64
	Expert    int64 // one routed expert
	Experts   int   // how many there are
	Active    int   // how many work on a token
	Shared    int64 // all shared experts
}

// Total counts all of the layer.
func (l LayerParams) Total() int64 {
	return l.Attention + l.Norms + l.Dense + l.Router + l.Shared + int64(l.Experts)*l.Expert
}

// ActiveTotal counts what works on one token.
func (l LayerParams) ActiveTotal() int64 {
	return l.Attention + l.Norms + l.Dense + l.Router + l.Shared + int64(l.Active)*l.Expert
}

// Layer counts the parameters of layer l.
func (m *Model) Layer(l int) LayerParams {
	p := LayerParams{Attention: m.attentionParams(), Norms: int64(m.NormsPerLayer) * m.normParams()}
	if !m.Sparse(l) {
		p.Dense = m.feedForwardParams(m.FeedForward.Hidden)
		return p
	}
	x, d := m.Experts, int64(m.Width)
	p.Experts, p.Active = x.Number, x.Active
	p.Expert = m.feedForwardParams(x.Hidden)
	p.Router = d * int64(x.Number)
	if x.RouterBias {
		p.Router += int64(x.Number)
	}
	p.Shared = int64(x.Shared) * m.feedForwardParams(x.SharedHidden)
	if x.SharedGate {
		p.Shared += d
	}
	return p
}

// normParams counts one norm of the model's width.
func (m *Model) normParams() int64 { return m.Norm.vectors() * int64(m.Width) }

// feedForwardParams counts a feed-forward, or an expert, of the hidden width.
func (m *Model) feedForwardParams(hidden int) int64 {
	f, d, h := &m.FeedForward, int64(m.Width), int64(hidden)
	n := 2 * d * h
	if f.Gated {
		n += d * h
	}
	if f.Bias {
		n += h + d
		if f.Gated {
			n += h
		}
	}
	return n
}

// attentionParams counts the attention of one layer.
func (m *Model) attentionParams() int64 {
	a, d := &m.Attention, int64(m.Width)
	if a.Latent != nil {
		return m.latentParams()
	}
	hd := int64(a.HeadDim)
	q, kv := int64(a.Heads)*hd, int64(a.KVHeads)*hd
	n := d*(q+2*kv) + q*d
	if a.Bias {
		n += q + 2*kv
	}
	if a.OutputBias {
		n += d
	}
	if a.Sinks {
		n += int64(a.Heads)
	}
	switch a.QKNorm {
	case QKNormHead:
		n += 2 * hd
	case QKNormWidth:
		n += q + kv
	}
	return n
}

// latentParams counts latent attention: down to the ranks, up to the heads, out.
func (m *Model) latentParams() int64 {
	a, t, d := &m.Attention, m.Attention.Latent, int64(m.Width)
	h, rank, kv := int64(a.Heads), int64(t.QueryRank), int64(t.KVRank)
	q := h * int64(t.PlainDim+t.RopeDim)
	n := d * q
	if rank > 0 {
		n = d*rank + rank + rank*q
		if a.Bias {
			n += rank
		}
	}
	n += d*(kv+int64(t.RopeDim)) + kv + kv*h*int64(t.PlainDim+t.ValueDim) + h*int64(t.ValueDim)*d
	if a.Bias {
		n += kv + int64(t.RopeDim)
	}
	if a.OutputBias {
		n += d
	}
	return n
}

// Params counts the model by part, with the arithmetic.
func (m *Model) Params() Params {
	var p Params
	d, v := int64(m.Width), int64(m.Vocabulary)
	if !m.Tied {
		p.add(PartEmbedding, v*d, 0, fmt.Sprintf("vocabulary %d x width %d", v, d))
		p.Embedding = v * d
	}
	p.add(PartPositions, int64(m.Positions)*d, 0, fmt.Sprintf("%d positions x width %d", m.Positions, d))
	p.Embedding += int64(m.Positions) * d
	attention := int64(m.Layers) * m.attentionParams()
	p.add(PartAttention, attention, attention, fmt.Sprintf("%d layers x %s", m.Layers, m.attentionText()))
	m.addFeedForward(&p)
	norms := int64(m.Layers*m.NormsPerLayer+1) * m.normParams()
	if m.EmbeddingNorm {
		norms += m.normParams()
	}
	p.add(PartNorms, norms, norms, fmt.Sprintf("%d layers x %d, and the last", m.Layers, m.NormsPerLayer))
	output, text := v*d, fmt.Sprintf("vocabulary %d x width %d", v, d)
	if m.Tied {
		text += ", the embedding too"
	}
	if m.OutputBias {
		output += v
	}
	p.add(PartOutput, output, output, text)
	m.addVision(&p)
	m.addPredictors(&p)
	return p
}

// addFeedForward adds dense feed-forwards and experts.
func (m *Model) addFeedForward(p *Params) {
	sparse := m.SparseLayers()
	dense := int64(m.Layers - sparse)
	n := dense * m.feedForwardParams(m.FeedForward.Hidden)
	p.add(PartDense, n, n, fmt.Sprintf("%d layers x %s", dense, m.feedForwardText(m.FeedForward.Hidden)))
	if sparse == 0 {
		return
	}
	x, count := m.Experts, int64(sparse)
	var layer LayerParams
	for l := range m.Layers {
		if m.Sparse(l) {
			layer = m.Layer(l)
			break
		}
	}
	p.add(PartExperts, count*int64(x.Number)*layer.Expert, count*int64(x.Active)*layer.Expert,
		fmt.Sprintf("%d layers x %d experts x %s; %d work on a token", count, x.Number, m.feedForwardText(x.Hidden), x.Active))
	p.add(PartShared, count*layer.Shared, count*layer.Shared,
		fmt.Sprintf("%d layers x %d x %s", count, x.Shared, m.feedForwardText(x.SharedHidden)))
	p.add(PartRouter, count*layer.Router, count*layer.Router, fmt.Sprintf("%d layers x width %d x %d experts", count, m.Width, x.Number))
}

func (m *Model) addVision(p *Params) {
	if m.Vision == nil {
		return
	}
	tower, projector := m.Vision.Params(m.Width)
	p.add(PartVision, tower+projector, 0, fmt.Sprintf("tower %d + projector %d; they work on pictures", tower, projector))
}

// addPredictors adds the layers that predict later tokens, each the last layer's
// like with a matrix that joins two vectors and three norms (arXiv:2412.19437,
// 2.2), beside the sum.
func (m *Model) addPredictors(p *Params) {
	if m.Predictors == 0 {
		return
	}
	d := int64(m.Width)
	each := m.Layer(m.Layers-1).Total() + 2*d*d + 3*m.normParams()
	p.Predictors = int64(m.Predictors) * each
	p.Parts = append(p.Parts, Part{
		PartPredictors, p.Predictors, 0,
		fmt.Sprintf("%d x a layer and 2 x %d x %d that join; not in the sum", m.Predictors, d, d),
	})
}

func (m *Model) attentionText() string {
	a := &m.Attention
	if t := a.Latent; t != nil {
		q := fmt.Sprintf("%d x %d", m.Width, a.Heads*(t.PlainDim+t.RopeDim))
		if t.QueryRank > 0 {
			q = fmt.Sprintf("%d x %d + %d x %d", m.Width, t.QueryRank, t.QueryRank, a.Heads*(t.PlainDim+t.RopeDim))
		}
		return fmt.Sprintf("(%s + %d x %d + %d x %d + %d x %d)", q, m.Width, t.KVRank+t.RopeDim,
			t.KVRank, a.Heads*(t.PlainDim+t.ValueDim), a.Heads*t.ValueDim, m.Width)
	}
	q, kv := a.Heads*a.HeadDim, a.KVHeads*a.HeadDim
	terms := []string{fmt.Sprintf("2 x %d x %d", m.Width, q), fmt.Sprintf("2 x %d x %d", m.Width, kv)}
	if q == kv {
		terms = []string{fmt.Sprintf("4 x %d x %d", m.Width, q)}
	}
	if a.Bias || a.OutputBias || a.QKNorm != "" || a.Sinks {
		terms = append(terms, fmt.Sprint(m.attentionParams()-2*int64(m.Width)*int64(q+kv)))
	}
	if len(terms) == 1 {
		return terms[0]
	}
	return "(" + strings.Join(terms, " + ") + ")"
}

func (m *Model) feedForwardText(hidden int) string {
	n := 2
	if m.FeedForward.Gated {
		n = 3
	}
	return fmt.Sprintf("%d x %d x %d", n, m.Width, hidden)
}
