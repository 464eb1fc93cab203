package cluster

// chunk is a piece of a model that one stage computes for a microbatch at a time.
type chunk struct {
	layers            []int
	forward, backward Share
	// weights counts the parameters of the chunk that a device holds and that data
	// parallelism divides or repeats, experts those that fewer devices share.
	weights, experts float64
}

// partition deals the layers to stages and chunks: chunk c of stage s is number
// c*pipeline+s. If they divide, each gets as many; else the longest piece is made
// as short as it can be, with head, the time of the logits and what is beside
// them, counted to the last. cost is the time of each layer.
func partition(cost []float64, head float64, pieces int) [][]int {
	out := make([][]int, pieces)
	if n := len(cost) / pieces; n*pieces == len(cost) {
		for i := range cost {
			out[i/n] = append(out[i/n], i)
		}
		return out
	}
	low, high := 0.0, head
	for _, c := range cost {
		low, high = max(low, c), high+c
	}
	for range 50 { // of halving: more digits than the costs have
		if middle := (low + high) / 2; fill(cost, head, middle, nil, pieces) {
			high = middle
		} else {
			low = middle
		}
	}
	fill(cost, head, high, out, pieces)
	return out
}

// fill deals the layers so that no piece is longer than limit, from the back, and
// reports whether they all found a place. Each piece gets a layer at least.
func fill(cost []float64, head, limit float64, out [][]int, pieces int) bool {
	next := len(cost) // layers that are left
	for p := pieces - 1; p >= 0; p-- {
		sum := 0.0
		if p == pieces-1 {
			sum = head
		}
		n := 0
		for next > p && (n == 0 || sum+cost[next-1] <= limit) {
			next--
			sum += cost[next]
			n++
			if out != nil {
				out[p] = append([]int{next}, out[p]...)
			}
		}
		if sum > limit {
			return false
		}
	}
	return next == 0
}

// chunks computes the pieces of the model, chunks[c][s].
func (w *worker) chunks() [][]chunk {
	l := w.l
	cache := map[layerKind][2]Share{}
	cost := make([]float64, w.m.Layers)
	for i := range cost {
		t := w.times(i, cache)
		cost[i] = t[0].Sum() + t[1].Sum()
	}
	head := w.head()
	last := 3 * head.Sum() * float64(1+w.m.Predictors)
	if w.m.Predictors > 0 {
		last += float64(w.m.Predictors) * cost[w.m.Layers-1]
	}
	pieces := partition(cost, last, l.Pipeline*l.Chunks)
	out := make([][]chunk, l.Chunks)
	for c := range out {
		out[c] = make([]chunk, l.Pipeline)
		for s := range out[c] {
			out[c][s] = w.chunk(pieces[c*l.Pipeline+s], cache)
		}
	}
	w.ends(&out[0][0], &out[l.Chunks-1][l.Pipeline-1])
	return out
}

// layerKind is what a layer's time depends on.
type layerKind struct {
	sparse bool
	window int
}

// times are those of layer i's forward and backward pass.
func (w *worker) times(i int, cache map[layerKind][2]Share) [2]Share {
	kind := layerKind{w.m.Sparse(i), w.m.Window(i)}
	t, ok := cache[kind]
	if !ok {
		f := w.forward(i)
		t = [2]Share{f, w.backward(i, f)}
		cache[kind] = t
	}
	return t
}

func (w *worker) chunk(layers []int, cache map[layerKind][2]Share) chunk {
	ch := chunk{layers: layers}
	for _, i := range layers {
		times := w.times(i, cache)
		p := w.m.Layer(i)
		tp := float64(w.l.Tensor)
		weights := float64(p.Attention+p.Dense+p.Shared)/tp + float64(p.Norms+p.Router)
		experts := float64(p.Expert) * float64(p.Experts) / float64(w.l.Expert*w.l.expertTensor())
		f, b := times[0], times[1]
		if w.l.Zero == 3 {
			f, b = w.gathered(f, b, weights+experts)
		}
		ch.forward, ch.backward = ch.forward.plus(f), ch.backward.plus(b)
		ch.weights += weights
		ch.experts += experts
	}
	return ch
}

// gathered adds what a layer waits for its weights under ZeRO 3, where those of
// the next layer travel while this one works: once in forward, and once in
// backward, where the gradients travel back too.
func (w *worker) gathered(f, b Share, weights float64) (Share, Share) {
	g := w.c.group(w.l.Data*w.l.Context, w.l.Tensor)
	move := w.c.gather(g, weights*2, w.k)
	back := w.c.gather(g, weights*w.l.GradientBytes, w.k)
	f.Gather = max(move-f.Sum(), w.k.Exposed*0.1*move)
	b.Gather = max(move+back-b.Sum(), w.k.Exposed*0.1*(move+back))
	return f, b
}

// ends adds the embedding to the first chunk, the logits and the predictors of
// later tokens to the last.
func (w *worker) ends(first, last *chunk) {
	table := float64(w.m.Vocabulary) * float64(w.m.Width) / float64(w.l.Tensor)
	first.weights += table + float64(w.m.Positions)*float64(w.m.Width)
	if !w.m.Tied || w.l.Pipeline > 1 {
		last.weights += table
	}
	head := w.head()
	if w.m.Predictors > 0 {
		i := w.m.Layers - 1
		f := w.forward(i)
		more := float64(w.m.Predictors)
		last.forward = last.forward.plus(f.times(more))
		last.backward = last.backward.plus(w.backward(i, f).times(more))
		head = head.times(1 + more)
		p := w.m.Params()
		last.weights += float64(p.Predictors) / float64(w.l.Tensor*w.l.Expert)
	}
	last.forward = last.forward.plus(head)
	last.backward = last.backward.plus(Share{Products: 2 * head.Products, Passes: head.Passes})
}
