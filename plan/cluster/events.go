package cluster

import (
	"container/heap"
	"math"
)

// Event is what one stage did from Start to End, in seconds from the step's begin.
type Event struct {
	Stage int     `json:"stage"`
	Kind  string  `json:"kind"` // forward, backward, send, reduce, update
	Micro int     `json:"microbatch"`
	Chunk int     `json:"chunk"`
	Start float64 `json:"start"`
	End   float64 `json:"end"`
}

// Kinds of events.
const (
	KindForward  = "forward"
	KindBackward = "backward"
	KindSend     = "send"
	KindReduce   = "reduce"
	KindUpdate   = "update"
)

// pipeline is what the simulation of one replica's step needs to know.
type pipeline struct {
	stages, chunks, micros int
	forward, backward      [][]float64 // [chunk][stage] seconds
	slow                   []float64   // [stage] by what a straggler stretches it, 1 at least
	send                   []float64   // [stage] seconds of a message to the next stage, and of one back over the same border
	reduce                 [][]float64 // [chunk][stage] seconds in which the gradients of a chunk are summed
	overlap                bool        // gradients travel while other chunks still work
	update                 []float64   // [stage] seconds of the optimizer and what follows it
	keep                   bool        // record events
}

// moment is something that happens at a time; seq breaks ties by the order in
// which they were found, so that a simulation is a function of its input.
type moment struct {
	at   float64
	seq  int
	kind int
	unit int // stage
	op   op
}

const (
	computed = iota // a stage finished an op
	arrived         // what an op waits for is at its stage
)

type moments []moment

func (q moments) Len() int { return len(q) }
func (q moments) Less(i, j int) bool {
	if q[i].at != q[j].at {
		return q[i].at < q[j].at
	}
	return q[i].seq < q[j].seq
}
func (q moments) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *moments) Push(x any)   { *q = append(*q, x.(moment)) }
func (q *moments) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

// stage is the state of one device of the replica, which stands for those that
// tensor and context parallelism join to it.
type stage struct {
	list    []op
	next    int
	busy    bool
	here    map[op]bool // whose input has come
	network float64     // when its network is free
	left    []int       // [chunk] backwards to go before its gradients are whole
	worked  float64     // seconds of computing
	done    float64     // when its last reduction ends
	owed    float64     // seconds of reductions that do not overlap, put off
	last    float64     // when its last op ends
}

// simulation runs a pipeline.
type simulation struct {
	p      *pipeline
	stages []stage
	queue  moments
	seq    int
	now    float64
	events []Event
}

// outcome is what a simulated step took.
type outcome struct {
	end       float64   // of the step
	computing []float64 // [stage] seconds of computing
	lastOp    float64   // when the last pass ended
	events    []Event
}

// run simulates the step: a stage works through its list in order, and on nothing
// before its input came; messages of a stage go through its network one after
// another, in the order in which they are ready; gradients of a chunk are summed
// when its last microbatch is through, on the same network.
func (p *pipeline) run() outcome {
	s := &simulation{p: p, stages: make([]stage, p.stages)}
	for i := range s.stages {
		st := &s.stages[i]
		st.list = schedule(i, p.stages, p.chunks, p.micros)
		st.here = map[op]bool{}
		st.left = make([]int, p.chunks)
		for c := range st.left {
			st.left[c] = p.micros
		}
	}
	for m := range p.micros {
		s.stages[0].here[op{micro: m}] = true
	}
	for i := range s.stages {
		s.start(i)
	}
	for len(s.queue) > 0 {
		m := heap.Pop(&s.queue).(moment)
		s.now = m.at
		s.step(m)
	}
	return s.finish()
}

func (s *simulation) at(t float64, kind, unit int, o op) {
	s.seq++
	heap.Push(&s.queue, moment{t, s.seq, kind, unit, o})
}

func (s *simulation) step(m moment) {
	st := &s.stages[m.unit]
	switch m.kind {
	case computed:
		st.busy = false
		st.last = s.now
		s.pass(m.unit, m.op)
		s.start(m.unit)
	case arrived:
		st.here[m.op] = true
		s.start(m.unit)
	}
}

// start begins the next op of a stage if its input is there.
func (s *simulation) start(i int) {
	st := &s.stages[i]
	if st.busy || st.next == len(st.list) {
		return
	}
	o := st.list[st.next]
	if !st.here[o] {
		return
	}
	delete(st.here, o)
	st.next++
	st.busy = true
	d := s.p.forward[o.chunk][i]
	kind := KindForward
	if o.backward {
		d, kind = s.p.backward[o.chunk][i], KindBackward
	}
	d *= s.p.slow[i]
	st.worked += d
	s.record(i, kind, o, s.now, s.now+d)
	s.at(s.now+d, computed, i, o)
}

// pass hands the result of an op to who waits for it.
func (s *simulation) pass(i int, o op) {
	last := s.p.stages - 1
	if !o.backward {
		switch {
		case i < last:
			s.send(i, i+1, i, o)
		case o.chunk < s.p.chunks-1:
			s.send(i, 0, i, op{o.micro, o.chunk + 1, false})
		default: // the loss
			s.stages[i].here[op{o.micro, o.chunk, true}] = true
		}
		return
	}
	switch {
	case i > 0:
		s.send(i, i-1, i-1, o)
	case o.chunk > 0:
		s.send(i, last, last, op{o.micro, o.chunk - 1, true})
	}
	st := &s.stages[i]
	st.left[o.chunk]--
	if st.left[o.chunk] == 0 {
		s.reduce(i, o)
	}
}

// send takes the sender's network.
func (s *simulation) send(from, to, border int, o op) {
	if from == to {
		s.stages[to].here[o] = true
		return
	}
	st := &s.stages[from]
	begin := max(s.now, st.network)
	end := begin + s.p.send[border]
	st.network = end
	s.record(from, KindSend, o, begin, end)
	s.at(end, arrived, to, o)
}

// reduce sums a chunk's gradients over the replicas, at once if that overlaps, and
// else after the stage's last op.
func (s *simulation) reduce(i int, o op) {
	st := &s.stages[i]
	d := s.p.reduce[o.chunk][i]
	if d == 0 {
		return
	}
	begin := max(s.now, st.done)
	if !s.p.overlap && st.next < len(st.list) {
		st.owed += d // after the last op
		return
	}
	d += st.owed
	// Messages slip between the pieces of a reduction and do not wait for it.
	st.done = begin + d
	s.record(i, KindReduce, o, begin, st.done)
}

func (s *simulation) record(i int, kind string, o op, start, end float64) {
	if s.p.keep {
		s.events = append(s.events, Event{i, kind, o.micro, o.chunk, start, end})
	}
}

// finish adds the optimizer, which every stage begins when the gradients of all
// are there: their norm is one number.
func (s *simulation) finish() outcome {
	out := outcome{computing: make([]float64, len(s.stages))}
	ready := 0.0
	for i := range s.stages {
		st := &s.stages[i]
		out.computing[i] = st.worked
		out.lastOp = math.Max(out.lastOp, st.last)
		ready = math.Max(ready, math.Max(st.last, st.done))
	}
	for i := range s.stages {
		end := ready + s.p.update[i]
		s.record(i, KindUpdate, op{}, ready, end)
		out.end = math.Max(out.end, end)
	}
	out.events = s.events
	return out
}
