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
// c*pipeline+s. What does not divide goes to the middle, because the first also
// has the embedding and the last the logits.
func partition(layers, pieces int) [][]int {
	out := make([][]int, pieces)
	base, rest := layers/pieces, layers%pieces
	first := (pieces - rest) / 2
	next := 0
	for i := range out {
		n := base
		if i >= first && i < first+rest {
			n++
		}
		for range n {
			out[i] = append(out[i], next)
			next++
		}
	}
	return out
}

// chunks computes the pieces of the model, chunks[c][s].
func (w *worker) chunks() [][]chunk {
	l := w.l
	pieces := partition(w.m.Layers, l.Pipeline*l.Chunks)
	out := make([][]chunk, l.Chunks)
	cache := map[layerKind][2]Share{}
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

func (w *worker) chunk(layers []int, cache map[layerKind][2]Share) chunk {
	ch := chunk{layers: layers}
	for _, i := range layers {
		kind := layerKind{w.m.Sparse(i), w.m.Window(i)}
		times, ok := cache[kind]
		if !ok {
			f := w.forward(i)
			times = [2]Share{f, w.backward(i, f)}
			cache[kind] = times
		}
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
