package cluster

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/plan"
)

// SearchOptions bound a search of layouts.
type SearchOptions struct {
	Constants *Constants // nil = Fitted
	// Keep is how many layouts are returned; 0 is 10.
	Keep int
	// Idle is the share of devices that a layout may leave unused.
	Idle float64
	// All also returns layouts that do not fit, after those that do.
	All bool
}

// Found is a layout with what its step takes.
type Found struct {
	Layout Layout `json:"layout"`
	Step   *Step  `json:"step"`
	// Devices is how many it uses.
	Devices int `json:"devices"`
}

// Search tries the layouts of the model's batch on the cluster and returns those
// that fit, the cheapest step first: time by devices used. base gives what is not
// searched: sequence, batch, precision, what overlaps. An error says that nothing
// fits, and how much the best lacks.
//
// Tensor parallelism stays within a domain. Candidates are compared by the sum of
// their stages' times and the bubble's length, and the best then simulated.
func Search(m *plan.Model, c *Cluster, base Layout, o SearchOptions) ([]Found, error) {
	if o.Keep == 0 {
		o.Keep = 10
	}
	s := &searcher{m: m, c: c, o: o, k: o.Constants, nearest: -1}
	if s.k == nil {
		s.k = fitted()
	}
	s.enumerate(base)
	if len(s.list) == 0 {
		return nil, s.nothing(base)
	}
	slices.SortStableFunc(s.list, func(a, b candidate) int { return cmp.Compare(a.cost, b.cost) })
	return s.simulate()
}

// candidate is a layout with an estimate: device-seconds of a step.
type candidate struct {
	layout Layout
	cost   float64
	fits   bool
}

type searcher struct {
	m       *plan.Model
	c       *Cluster
	o       SearchOptions
	k       *Constants
	list    []candidate
	best    map[family]int // of each family the place in list
	nearest float64        // the least memory that a candidate needed, -1 none
	at      Layout
}

// family is what layouts share of which only the best is kept: they differ in
// microbatch, chunks and recomputation.
type family struct{ tensor, pipeline, expert, context, zero int }

func (s *searcher) enumerate(base Layout) {
	s.best = map[family]int{}
	for _, tp := range powers(min(s.c.Domain, s.m.Attention.Heads, 64)) {
		if s.m.Attention.Heads%tp != 0 {
			continue
		}
		for _, cp := range contexts(base.Sequence) {
			for pp := 1; pp <= min(s.m.Layers, s.c.Devices/(tp*cp), 128); pp++ {
				if pp > 16 && s.m.Layers%pp != 0 && pp%8 != 0 {
					continue
				}
				s.data(base, tp, cp, pp)
			}
		}
	}
}

// data finds the largest data parallelism that divides the batch.
func (s *searcher) data(base Layout, tp, cp, pp int) {
	others := tp * cp * pp
	for dp := s.c.Devices / others; dp >= 1; dp-- {
		if float64(dp*others) < (1-s.o.Idle)*float64(s.c.Devices)-0.5 {
			return
		}
		if base.Batch%dp != 0 {
			continue
		}
		l := base
		l.Tensor, l.Context, l.Pipeline, l.Data = tp, cp, pp, dp
		s.inner(l)
		return
	}
}

// inner tries what a division over devices leaves open.
func (s *searcher) inner(l Layout) {
	perReplica := l.Batch / l.Data
	for _, ep := range s.experts(&l) {
		for _, zero := range []int{1, 3} {
			if zero == 3 && l.Pipeline > 1 {
				continue
			}
			for _, mb := range []int{1, 2, 4, 8} {
				if perReplica%mb != 0 {
					continue
				}
				for _, v := range s.chunks(&l, perReplica/mb) {
					for _, r := range []Recompute{RecomputeNone, RecomputeSelective, RecomputeFull} {
						t := l
						t.Expert, t.Zero, t.Microbatch, t.Chunks, t.Recompute = ep, zero, mb, v, r
						s.consider(t)
					}
				}
			}
		}
	}
}

// experts lists expert parallelisms: none, and powers of two that divide.
func (s *searcher) experts(l *Layout) []int {
	if s.m.Experts == nil {
		return []int{1}
	}
	var list []int
	for _, ep := range powers(s.m.Experts.Number) {
		if s.m.Experts.Number%ep == 0 && l.Data*l.Context*l.Tensor%ep == 0 {
			list = append(list, ep)
		}
	}
	return list
}

func (s *searcher) chunks(l *Layout, micros int) []int {
	if l.Pipeline == 1 || micros%l.Pipeline != 0 {
		return []int{1}
	}
	return divisorsUpTo(s.m.Layers/l.Pipeline, 8)
}

func (s *searcher) consider(l Layout) {
	if l.Check(s.m) != nil {
		return
	}
	c := *s.c
	c.Devices = l.Devices()
	w := &worker{m: s.m, c: &c, l: &l, k: s.k, t: l.tokensHere()}
	pieces := w.chunks()
	need := w.memory(pieces)
	if s.nearest < 0 || need.Sum() < s.nearest {
		s.nearest, s.at = need.Sum(), l
	}
	fits := need.Fits()
	if !fits && !s.o.All {
		return
	}
	cand := candidate{l, w.estimate(pieces) * float64(c.Devices), fits}
	f := family{l.Tensor, l.Pipeline, l.Expert, l.Context, l.Zero}
	if at, ok := s.best[f]; !ok {
		s.best[f] = len(s.list)
		s.list = append(s.list, cand)
	} else if old := s.list[at]; cand.fits && !old.fits || cand.fits == old.fits && cand.cost < old.cost {
		s.list[at] = cand
	}
}

// estimate is the length of a step in closed form: the slowest stage for all
// microbatches, the bubble, and the exchange of gradients.
func (w *worker) estimate(pieces [][]chunk) float64 {
	slow, reduce, update := 0.0, 0.0, 0.0
	for s := range w.l.Pipeline {
		t, r, u := 0.0, 0.0, 0.0
		for _, row := range pieces {
			t += row[s].forward.Sum() + row[s].backward.Sum()
			r += w.reduction(&row[s])
			u += w.update(&row[s])
		}
		slow, reduce, update = max(slow, t), max(reduce, r), max(update, u)
	}
	bubble := slow * float64(w.l.Pipeline-1) / float64(w.l.Chunks)
	if w.l.ZeroBubble {
		bubble /= 3
	}
	if w.l.OverlapData {
		reduce *= w.k.Exposed
	}
	return slow*float64(w.l.Microbatches()) + bubble + reduce + update
}

// simulate runs the best candidates and sorts them by what they took.
func (s *searcher) simulate() ([]Found, error) {
	const more = 3 // candidates for each that is asked for: estimates err by a little
	var found []Found
	for _, cand := range s.list[:min(len(s.list), s.o.Keep*more+8)] {
		c := *s.c
		c.Devices = cand.layout.Devices()
		step, err := Simulate(s.m, &c, cand.layout, Options{Constants: s.k})
		if err != nil {
			continue // too many passes to simulate
		}
		found = append(found, Found{cand.layout, step, c.Devices})
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s on %s: the layouts that fit have more passes in a step than can be simulated; make the batch smaller", s.m.Name, s.c)
	}
	slices.SortStableFunc(found, func(a, b Found) int {
		if x, y := a.Step.Memory.Fits(), b.Step.Memory.Fits(); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Step.Seconds*float64(a.Devices), b.Step.Seconds*float64(b.Devices))
	})
	return found[:min(len(found), s.o.Keep)], nil
}

// nothing says why no layout was found.
func (s *searcher) nothing(base Layout) error {
	if s.nearest < 0 {
		return fmt.Errorf("%s on %s: no layout divides the %d devices and the batch of %d sequences; change one of them", s.m.Name, s.c, s.c.Devices, base.Batch)
	}
	return fmt.Errorf("%s on %s: no layout fits: the smallest, %s, needs %.1f GB of the %.1f GB of a device; take more devices or shorter sequences",
		s.m.Name, s.c, &s.at, s.nearest/1e9, s.c.Memory/1e9)
}

// powers lists the powers of two up to n, 1 first.
func powers(n int) []int {
	var list []int
	for p := 1; p <= n; p *= 2 {
		list = append(list, p)
	}
	return list
}

// contexts lists context parallelisms worth trying for a length.
func contexts(sequence int) []int {
	list := []int{1}
	for cp := 2; cp <= 16 && sequence/cp >= 4096; cp *= 2 {
		if sequence%cp == 0 {
			list = append(list, cp)
		}
	}
	return list
}
