package cluster

// op is one piece of work of a stage: a microbatch's forward or backward pass
// through one of its chunks.
type op struct {
	micro, chunk int
	backward     bool
}

// schedule lists what stage s of the layout does, in order. With one chunk it is
// 1F1B: as many forwards as stages follow, then forward and backward in turn, then
// the backwards that are left (arXiv:2104.04473, 2.2.1). With more it interleaves
// them, in groups of as many microbatches as there are stages (2.2.2).
func schedule(stage, stages, chunks, micros int) []op {
	total := micros * chunks
	warm := stages - stage - 1
	if chunks > 1 {
		warm = (stages-stage-1)*2 + (chunks-1)*stages
	}
	warm = min(warm, total)
	list := make([]op, 0, 2*total)
	f, b := 0, 0
	forward := func() {
		list = append(list, nth(f, stages, chunks, false))
		f++
	}
	back := func() {
		list = append(list, nth(b, stages, chunks, true))
		b++
	}
	for range warm {
		forward()
	}
	for f < total {
		forward()
		back()
	}
	for b < total {
		back()
	}
	return list
}

// nth is the nth forward or backward of a stage.
func nth(n, stages, chunks int, backward bool) op {
	if chunks == 1 {
		return op{micro: n, backward: backward}
	}
	round := n / (stages * chunks)
	within := n % (stages * chunks)
	c := within / stages
	if backward {
		c = chunks - 1 - c
	}
	return op{micro: round*stages + within%stages, chunk: c, backward: backward}
}
