package model

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/polymath-lm/polymath/internal/par"
)

// resident keeps the weights of a model that does not fit into memory: a part of
// them, and brings in the others when a pass needs them, or before. What it
// brings in has the bits that it would have if it were in memory all the time.
//
// Of matrices that every token needs, a pass goes through all in one order; the
// least recently used of them is the one that is needed next, so none is evicted
// for another: some stay, and the rest goes through a slot or two. Experts share
// their memory as a cache, from which the one goes that was chosen least, lately.
//
// One pass runs at a time. Loaders are goroutines that live while there is
// something to load.
type resident struct {
	plan  residentPlan
	files []*weightFile
	pass  sync.Mutex // held by a pass

	mu      sync.Mutex
	changed *sync.Cond // a unit has been loaded, or could not be
	err     error      // of the pass
	now     int        // order of the product that is due
	passes  float64
	stalled bool    // the pass waits
	queue   []*unit // being loaded
	loaders int
	load    func() // what a loader runs
	checked time.Time
	closed  bool
	stats   WeightsStats

	packed int64 // bytes of memory that were filled

	buffers par.FreeList[rowBuffer]
	own     *rowBuffer // of the pass
	guess   expectation
}

// WeightsStats counts what happened to the weights of a model that are not in
// memory all the time. Zero where all are.
type WeightsStats struct {
	Budget, Held int64  // bytes: what may be taken, and what is
	Hits         uint64 // a product found its weights in memory
	Misses       uint64 // it had to wait for them
	ReadBytes    uint64 // from files
	Stalled      time.Duration
}

// WeightsStats returns what has happened so far. Goroutines may call it at any
// time.
func (m *Model) WeightsStats() WeightsStats {
	r := m.resident
	if r == nil {
		return WeightsStats{}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// LoadWithin is Load for generation, with at most budget bytes of memory for the
// weights: see PlanWeights. What does not fit is read from the file when it is
// needed, which changes the time and not the results. The file stays open. A
// read that fails is an error of the pass that needed it, and a file that is
// written to is an error of every pass from then on. Passes of such a model run
// one after the other. A budget that is too small is an error with the
// arithmetic; one that everything fits into gives what Load gives.
func LoadWithin(path string, budget int64) (*Model, error) {
	w, err := OpenWeights(path)
	if err != nil {
		return nil, err
	}
	m := build(w.cfg)
	r, err := newResident(m, w, budget)
	if err != nil {
		return nil, w.failed(err)
	}
	if r == nil {
		return LoadWeights(w, LoadOptions{})
	}
	m.resident = r
	if err := errors.Join(r.fill(m, w), w.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, errors.Join(err, r.close()))
	}
	runtime.AddCleanup(m, func(r *resident) { _ = r.close() }, r) // nobody is left to tell
	return m, nil
}

// newResident plans for m, of which nothing is in memory yet. It returns nil if
// everything fits.
func newResident(m *Model, w *Weights, budget int64) (*resident, error) {
	files := map[string]*weightFile{}
	plan, err := newResidentPlan(m, w, files)
	if err == nil {
		err = plan.distribute(budget, w.cfg.NumExpertsPerTok)
	}
	open := slices.Collect(maps.Values(files))
	if err != nil || plan.Whole() {
		return nil, errors.Join(err, closeFiles(open))
	}
	r := &resident{plan: *plan, files: open}
	r.changed = sync.NewCond(&r.mu)
	r.load = r.loader
	return r, nil
}

// fill brings in what stays in memory.
func (r *resident) fill(m *Model, w *Weights) error {
	r.own = r.newBuffer()
	r.guess = newExpectation(m)
	for _, page := range r.plan.pages {
		page.resident = r
		page.param.Pager = page
	}
	f := filling{w: w}
	for i, p := range m.params {
		if i < m.decoder && !isVector(p) {
			continue
		}
		if err := f.add(p); err != nil {
			return err
		}
	}
	if err := f.run(); err != nil {
		return err
	}
	if err := m.fillBiases(w); err != nil {
		return err
	}
	r.stats.Budget, r.stats.Held = r.plan.Budget, r.plan.Held
	return r.fillSlots()
}

// fillSlots allocates all slots and fills them: with what is pinned, some of the
// experts, and the first of the rest.
func (r *resident) fillSlots() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stalled = true
	for _, c := range r.plan.classes {
		r.fillClass(c)
	}
	for len(r.queue) > 0 {
		r.changed.Wait()
	}
	r.stalled = false
	for _, c := range r.plan.classes {
		for _, u := range c.units {
			u.wanted = false
		}
	}
	return r.err
}

func (r *resident) fillClass(c *class) {
	for range c.slots {
		c.free = append(c.free, c.newSlot())
	}
	for i, u := range c.units {
		n := len(c.units)
		switch {
		case u.pinned:
			u.packed = c.take()
		case c.expert && (i+1)*c.slots/n > i*c.slots/n:
			u.packed = c.take()
			c.held = append(c.held, u)
		default:
			continue
		}
		u.wanted = true // a read that fails is an error
		r.enqueue(u, false)
	}
	r.readAhead(c)
}

func (r *resident) newBuffer() *rowBuffer { return newRowBuffer(r.plan.raw, r.plan.numbers) }

// begin waits until no other pass runs, and begins one. Each has its end.
func (r *resident) begin() error {
	r.pass.Lock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = nil
	r.passes++
	for _, u := range r.queue { // what fails now was begun for another pass
		u.ahead = true
	}
	for _, c := range r.plan.classes { // a pass that panicked may have left some
		for _, u := range c.held {
			u.wanted, u.busy = false, false
		}
	}
	if time.Since(r.checked) < time.Second {
		return nil
	}
	for _, f := range r.files {
		if err := f.unchanged(); err != nil {
			return err
		}
	}
	r.checked = time.Now()
	return nil
}

// close waits for the loaders and closes the files.
func (r *resident) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue) > 0 {
		r.changed.Wait()
	}
	if r.closed {
		return nil
	}
	r.closed = true
	return closeFiles(r.files)
}

func (r *resident) end() { r.pass.Unlock() }

// failed returns what went wrong in the pass.
func (r *resident) failed() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// fail notes what went wrong, with mu held.
func (r *resident) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}
