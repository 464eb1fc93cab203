package infer

// candidate is one token that may still be chosen.
type candidate struct {
	id     int32
	logit  float32
	weight float32 // unnormalized probability after the temperature
}

func (a candidate) before(b candidate) bool {
	return a.logit > b.logit || a.logit == b.logit && a.id < b.id
}

// ranking hands out candidates best first. It is a binary heap, since most
// settings need only a few of a large vocabulary.
type ranking []candidate

// build orders the heap; afterwards the best candidate is the first.
func (r ranking) build() {
	for i := len(r)/2 - 1; i >= 0; i-- {
		r.sink(i)
	}
}

// pop moves the best candidate to the end and returns the smaller heap.
func (r ranking) pop() (candidate, ranking) {
	last := len(r) - 1
	r[0], r[last] = r[last], r[0]
	rest := r[:last]
	if last > 0 {
		rest.sink(0)
	}
	return r[last], rest
}

func (r ranking) sink(i int) {
	for {
		child := 2*i + 1
		if child >= len(r) {
			return
		}
		if child+1 < len(r) && r[child+1].before(r[child]) {
			child++
		}
		if !r[child].before(r[i]) {
			return
		}
		r[i], r[child] = r[child], r[i]
		i = child
	}
}
