package cluster

import (
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/plan"
)

// Server is a model on accelerators that answer together: Data copies of attention,
// each divided over Tensor devices, and experts over Expert of all of them (1 =
// divided by tensor parallelism).
type Server struct {
	Model   *plan.Model
	Cluster *Cluster
	Data    int
	Tensor  int
	Expert  int
	// Weights and Keys are the formats of weights (and products) and of the cache.
	Weights, Keys Precision
	// MaxBatch bounds the sequences in flight, Budget the tokens of one pass, both of
	// the whole server.
	MaxBatch, Budget int
	// MemoryShare of a device's memory may be used.
	MemoryShare float64
	Constants   *Constants // nil = Fitted

	kinds []kindCount // of layers, set by SetDefaults
}

// kindCount is how many layers are of a kind.
type kindCount struct {
	kind  layerKind
	count int
}

// layerKinds counts the model's layers by kind, in the order of the first of each.
func layerKinds(m *plan.Model) []kindCount {
	var list []kindCount
layers:
	for i := range m.Layers {
		kind := layerKind{m.Sparse(i), m.Window(i)}
		for j := range list {
			if list[j].kind == kind {
				list[j].count++
				continue layers
			}
		}
		list = append(list, kindCount{kind, 1})
	}
	return list
}

// SetDefaults fills what is zero: all devices in tensor parallelism, the batch and
// the budget that are usual, keys like weights.
func (s *Server) SetDefaults() {
	if s.Data == 0 {
		s.Data = 1
	}
	if s.Tensor == 0 {
		s.Tensor = max(1, s.Cluster.Devices/s.Data)
	}
	if s.Expert == 0 {
		s.Expert = 1
	}
	if s.Weights == "" {
		s.Weights = BF16
	}
	if s.Keys == "" {
		s.Keys = s.Weights
	}
	if s.MaxBatch == 0 {
		s.MaxBatch = 2048 * s.Data
	}
	if s.Budget == 0 {
		s.Budget = 8192 * s.Data
	}
	if s.MemoryShare == 0 {
		s.MemoryShare = 0.9
	}
	if s.Constants == nil {
		s.Constants = fitted()
	}
	s.kinds = layerKinds(s.Model)
}

// Check names what cannot be.
func (s *Server) Check() error {
	switch {
	case s.Data < 1 || s.Tensor < 1 || s.Expert < 1:
		return fmt.Errorf("data %d, tensor %d and expert %d must be 1 at least", s.Data, s.Tensor, s.Expert)
	case s.Data*s.Tensor != s.Cluster.Devices:
		return fmt.Errorf("data %d x tensor %d are not the %d devices of %s", s.Data, s.Tensor, s.Cluster.Devices, s.Cluster)
	case s.Model.Attention.Heads%s.Tensor != 0:
		return fmt.Errorf("tensor %d does not divide the %d heads of %s", s.Tensor, s.Model.Attention.Heads, s.Model.Name)
	case s.Expert > 1 && s.Model.Experts == nil:
		return fmt.Errorf("expert is %d, but %s has no experts", s.Expert, s.Model.Name)
	case s.Expert > 1 && (s.Model.Experts.Number%s.Expert != 0 || s.Cluster.Devices%s.Expert != 0):
		return fmt.Errorf("expert %d does not divide the %d experts and the %d devices", s.Expert, s.Model.Experts.Number, s.Cluster.Devices)
	case s.MaxBatch < 1 || s.Budget < 1:
		return fmt.Errorf("batch %d and budget %d must be 1 at least", s.MaxBatch, s.Budget)
	case s.Weights.Bytes() <= 0 || s.Keys.Bytes() <= 0 || s.MemoryShare <= 0 || s.MemoryShare > 1:
		return fmt.Errorf("memory share %g must be above 0 and 1 at most", s.MemoryShare)
	}
	if s.Capacity() < 1 {
		return fmt.Errorf("%s in %s takes %.1f GB on each device of %s, which may use %.1f GB: nothing is left for keys and values; take more devices or fewer bits",
			s.Model.Name, s.Weights, s.weightBytes()/1e9, s.Cluster, s.room()/1e9)
	}
	return nil
}

// weightBytes is what weights take on a device.
func (s *Server) weightBytes() float64 {
	n := 0.0
	tp := float64(s.Tensor)
	for i := range s.Model.Layers {
		p := s.Model.Layer(i)
		n += float64(p.Attention+p.Dense+p.Shared)/tp + float64(p.Norms+p.Router) + float64(p.Expert)*float64(p.Experts)/s.expertDivision()
	}
	table := float64(s.Model.Vocabulary) * float64(s.Model.Width) / tp
	if !s.Model.Tied {
		table *= 2
	}
	return n*s.Weights.Bytes() + table*2
}

// expertDivision is over how many devices the experts lie.
func (s *Server) expertDivision() float64 {
	if s.Expert > 1 {
		return float64(s.Expert)
	}
	return float64(s.Tensor)
}

func (s *Server) room() float64 { return s.Cluster.Memory * s.MemoryShare }

// keyBytes is what a token's keys and values take on one device.
func (s *Server) keyBytes() float64 {
	tp := float64(s.Tensor)
	if s.Model.Attention.Latent != nil {
		tp = 1 // every device needs the whole latent vector
	} else {
		tp = min(tp, float64(s.Model.Attention.KVHeads))
	}
	return float64(s.Model.Layers) * float64(s.Model.KVWidth()) / tp * s.Keys.Bytes()
}

// Capacity is how many tokens' keys and values the server holds. Sliding windows
// are counted as if they kept all, which is more than need be.
func (s *Server) Capacity() int {
	free := s.room() - s.weightBytes() - 1.5e9
	return int(max(0, free/s.keyBytes()) * float64(s.Data))
}

// load is what one pass of the server does.
type load struct {
	decode  float64 // sequences that get a token
	context float64 // tokens that these see, summed
	prefill float64 // tokens of prompts
	pairs   float64 // keys that those see, summed
}

// pass is the seconds of one pass over all layers.
func (s *Server) pass(l load) float64 {
	k := s.Constants
	rows := (l.decode + l.prefill) / float64(s.Data)
	if rows == 0 {
		return 0
	}
	n := k.PassStep + k.RowStep*l.decode/float64(s.Data)
	for _, c := range s.kinds {
		n += float64(c.count) * s.layer(c.kind, l, rows)
	}
	ends := l.decode/float64(s.Data) + 1
	n += s.product(ends, float64(s.Model.Width), float64(s.Model.Vocabulary)/float64(s.Tensor), 1, BF16)
	return n
}

// product is a product at a server's rates.
func (s *Server) product(rows, in, out, count float64, p Precision) float64 {
	if rows == 0 || in == 0 || out == 0 || count == 0 {
		return 0
	}
	a, k := &s.Cluster.Accelerator, s.Constants
	rate := k.product(a, p) * k.Prefill
	arithmetic := 2 * rows * in * out / rate
	memory := (in*out*p.Bytes() + (rows*in+rows*out)*2) / (a.Bandwidth * k.Decode)
	return count * max(arithmetic, memory)
}

// layer is the seconds of a layer for rows tokens on each copy of attention.
func (s *Server) layer(kind layerKind, l load, rows float64) float64 {
	m, k, d, tp := s.Model, s.Constants, float64(s.Model.Width), float64(s.Tensor)
	n := k.LayerStep + s.attention(kind, l, rows)
	up := 1.0
	if m.FeedForward.Gated {
		up = 2
	}
	feed := func(rows, hidden, count float64) float64 {
		return s.product(rows, d, up*hidden, count, s.Weights) + s.product(rows, hidden, d, count, s.Weights)
	}
	if !kind.sparse {
		n += feed(rows, float64(m.FeedForward.Hidden)/tp, 1)
	} else {
		n += s.experts(rows, feed)
	}
	if s.Tensor > 1 {
		n += 4 * s.Cluster.gather(s.Cluster.group(s.Tensor, 1), rows*d*2, k)
	}
	return n
}

// experts is the seconds of a layer's experts: those that at least one token asks
// for are read.
func (s *Server) experts(rows float64, feed func(rows, hidden, count float64) float64) float64 {
	x := s.Model.Experts
	all := rows * float64(s.Data) // tokens of the whole server
	here, hidden := float64(x.Number), float64(x.Hidden)
	var exchange float64
	if s.Expert > 1 {
		here /= float64(s.Expert)
		all *= float64(s.Expert) / float64(s.Cluster.Devices)
		g := s.Cluster.group(s.Expert, 1)
		bytes := rows / float64(s.Tensor) * float64(x.Active) * float64(s.Model.Width)
		exchange = s.Cluster.exchange(g, bytes*s.Weights.Bytes(), 1, s.Constants) + s.Cluster.exchange(g, bytes*2, 1, s.Constants)
	} else {
		hidden /= float64(s.Tensor)
		all = rows
	}
	share := float64(x.Active) / float64(x.Number)
	met := here * (1 - math.Pow(1-share, all))
	n := feed(all*share*here/max(met, 1e-9), hidden, met)
	if x.Shared > 0 {
		n += feed(rows, float64(x.Shared*x.SharedHidden)/float64(s.Tensor), 1)
	}
	return n*s.Constants.Imbalance + exchange
}

// attention is the seconds of the projections, of the cache that decoding reads and
// of the scores of prompts.
func (s *Server) attention(kind layerKind, l load, rows float64) float64 {
	m, k, tp := s.Model, s.Constants, float64(s.Tensor)
	a, d := &m.Attention, float64(m.Width)
	var n float64
	if a.Latent != nil {
		n = s.product(rows, d, float64(m.Layer(0).Attention)/d/tp, 1, s.Weights)
	} else {
		q := float64(a.Heads*a.HeadDim) / tp
		kv := float64(a.KVHeads*a.HeadDim) / min(tp, float64(a.KVHeads))
		n = s.product(rows, d, q+2*kv, 1, s.Weights) + s.product(rows, q, d, 1, s.Weights)
	}
	seen, pairs := l.context, l.pairs
	if w := float64(kind.window); w > 0 {
		seen, pairs = min(seen, w*l.decode), min(pairs, w*l.prefill)
	}
	read := seen / float64(s.Data) * s.keyBytes() / float64(m.Layers)
	flop := 2 * pairs / float64(s.Data) * float64(a.Heads) / tp * headWidths(m)
	acc := &s.Cluster.Accelerator
	return n + read/(acc.Bandwidth*k.Decode) + flop/(k.product(acc, BF16)*k.Attention)
}
