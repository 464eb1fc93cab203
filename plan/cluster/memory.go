package cluster

// Memory is what the fullest device holds, in bytes.
type Memory struct {
	Weights     float64 `json:"weights"`
	Gradients   float64 `json:"gradients"`
	Optimizer   float64 `json:"optimizer"`
	Activations float64 `json:"activations"`
	Logits      float64 `json:"logits"`
	// Reserve is what the runtime, its buffers and gaps take.
	Reserve float64 `json:"reserve"`
	// Capacity is the device's memory.
	Capacity float64 `json:"capacity"`
	Stage    int     `json:"stage"` // of the pipeline
}

// Sum is all that is held.
func (m Memory) Sum() float64 {
	return m.Weights + m.Gradients + m.Optimizer + m.Activations + m.Logits + m.Reserve
}

// Fits reports whether it has room.
func (m Memory) Fits() bool { return m.Sum() <= m.Capacity }

// reserve is what the driver, the libraries' buffers and gaps between blocks take.
func reserve(capacity float64) float64 { return 2e9 + 0.04*capacity }

// memory is that of the stage that needs most.
func (w *worker) memory(pieces [][]chunk) Memory {
	var worst Memory
	for s := range w.l.Pipeline {
		if m := w.stageMemory(pieces, s); m.Sum() > worst.Sum() {
			worst = m
		}
	}
	return worst
}

func (w *worker) stageMemory(pieces [][]chunk, s int) Memory {
	l := w.l
	common, experts := w.groups()
	m := Memory{Stage: s, Capacity: w.c.Memory, Reserve: min(reserve(w.c.Memory), w.c.Memory/5)}
	layers := 0.0
	for _, row := range pieces {
		ch := &row[s]
		a, b := ch.weights, ch.experts
		as, bs := a/float64(common.size), b/float64(experts.size)
		pick := func(stage int, factor float64) float64 {
			if l.Zero >= stage {
				return (as + bs) * factor
			}
			return (a + b) * factor
		}
		m.Weights += pick(3, 2)
		m.Gradients += pick(2, l.GradientBytes)
		m.Optimizer += pick(1, l.OptimizerBytes)
		for _, i := range ch.layers {
			layers += w.activations(i)
		}
	}
	if l.Zero == 3 { // the layer at work and the next
		m.Weights += 4 * w.largest()
	}
	m.Activations = layers * w.flight(s)
	if l.Recompute == RecomputeFull { // the layer that is computed again
		m.Activations += w.layerActivations(0, false)
	}
	if s == l.Pipeline-1 {
		m.Logits = w.t * float64(w.m.Vocabulary) / float64(l.Tensor) * 6
	}
	return m
}

// largest counts the weights of the largest layer on a device.
func (w *worker) largest() float64 {
	n := 0.0
	for i := range w.m.Layers {
		p := w.m.Layer(i)
		n = max(n, float64(p.Attention+p.Dense+p.Shared)/float64(w.l.Tensor)+
			float64(p.Expert)*float64(p.Experts)/float64(w.l.Expert*w.l.expertTensor()))
	}
	return n
}

// flight is how many microbatches' activations of its layers stage s holds at the
// most, when the schedule lets no more begin (arXiv:2205.05198, 4.2.3).
func (w *worker) flight(s int) float64 {
	l := w.l
	n := float64(l.Pipeline - s)
	if l.Chunks > 1 {
		n = 2*float64(l.Pipeline-s-1)/float64(l.Chunks) + float64(l.Pipeline)*(1-1/float64(l.Chunks)) + 1/float64(l.Chunks)
	}
	return min(max(n, 1), float64(l.Microbatches()))
}

// activations are the bytes that layer i keeps of one microbatch for backward.
func (w *worker) activations(i int) float64 {
	if w.l.Recompute == RecomputeFull {
		return 2 * w.t * float64(w.m.Width) / w.divided()
	}
	return w.layerActivations(i, w.l.Recompute == RecomputeSelective)
}

// divided is over how many devices what has the model's width is divided.
func (w *worker) divided() float64 {
	if w.l.Sequenced {
		return float64(w.l.Tensor)
	}
	return 1
}

// layerActivations counts numbers of 2 bytes: the inputs of norms and of products,
// queries, keys, values and what attention gives, the feed-forward's inner widths;
// selective leaves out what norms and activations make again. Plain attention adds
// scores, their softmax and the mask of dropout, 5 bytes for each, and selective
// leaves those out instead (arXiv:2205.05198, 4.1).
func (w *worker) layerActivations(i int, selective bool) float64 {
	a, d, tp := &w.m.Attention, float64(w.m.Width), float64(w.l.Tensor)
	inner := 2.0 // up and activated
	if w.m.FeedForward.Gated {
		inner = 3
	}
	wide, hidden, rows := 4.0, float64(w.m.FeedForward.Hidden)/tp, 0.0
	if w.m.Sparse(i) {
		x := w.m.Experts
		etp := float64(w.l.expertTensor())
		k := float64(x.Active) * etp / tp
		hidden = k*float64(x.Hidden)/etp + float64(x.Shared*x.SharedHidden)/tp
		rows = 2 * k * d // what the experts read and what they give
	}
	var heads float64
	if t := a.Latent; t != nil && selective {
		heads = float64(a.Heads*t.ValueDim) + float64(t.KVRank+t.RopeDim+t.QueryRank)*tp
	} else if t != nil {
		heads = float64(a.Heads)*float64(2*(t.PlainDim+t.RopeDim)+2*t.ValueDim) + float64(t.KVRank+t.QueryRank)*tp
	} else {
		heads = float64(2*a.Heads*a.HeadDim + 2*a.KVHeads*a.HeadDim)
	}
	if selective && !w.l.Plain {
		wide, inner = 2, inner-1
		rows /= 2
	}
	n := 2 * w.t * (wide*d/w.divided() + heads/tp + inner*hidden + rows)
	if w.l.Plain && !selective {
		n += 5 * w.t * float64(w.l.Sequence) * float64(a.Heads) / tp
	}
	if !w.l.Fused { // masks of dropout
		n += 2 * w.t * d
	}
	return n
}
