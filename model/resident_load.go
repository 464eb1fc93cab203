package model

import "slices"

// enqueue has a unit loaded that has memory. ahead says that no product waits
// for it yet.
func (r *resident) enqueue(u *unit, ahead bool) {
	u.ahead, u.failed = ahead, nil
	u.state, u.given, u.left = loading, 0, u.class.n
	r.queue = append(r.queue, u)
	r.hire()
}

// hire starts loaders: one beside a pass that computes, and as many as there are
// threads for one that waits.
func (r *resident) hire() {
	limit := 1
	if r.stalled {
		limit = loaderLimit()
	}
	for ; r.loaders < limit && r.next() != nil; r.loaders++ {
		go r.load()
	}
}

// next returns the unit of which rows should be loaded next: one that a product
// waits for, or that which will be needed first.
func (r *resident) next() *unit {
	var best *unit
	n := len(r.plan.pages)
	for _, u := range r.queue {
		if u.given == u.class.n {
			continue
		}
		if best == nil || u.wanted && !best.wanted ||
			u.wanted == best.wanted && (u.order-r.now+n)%n < (best.order-r.now+n)%n {
			best = u
		}
	}
	return best
}

// loader loads rows of what is in the queue until there is nothing more to do.
func (r *resident) loader() {
	b := r.buffers.Get()
	if b.raw == nil {
		*b = *r.newBuffer()
	}
	r.mu.Lock()
	for r.stalled || r.loaders == 1 {
		u := r.next()
		if u == nil {
			break
		}
		row := u.given
		n := min(u.chunkRows(), u.class.n-row)
		u.given += n
		r.mu.Unlock()
		read, err := u.load(b, row, n)
		r.mu.Lock()
		r.stats.ReadBytes += uint64(read)
		r.loaded(u, n, err)
	}
	r.loaders--
	r.mu.Unlock()
	r.buffers.Put(b)
}

// loaded enters that n rows of u were loaded, or could not be.
func (r *resident) loaded(u *unit, n int, err error) {
	u.left -= n
	r.packed += u.class.bytes * int64(n) / int64(u.class.n)
	if err != nil {
		u.left -= u.class.n - u.given
		u.given = u.class.n
		u.failed = err
	}
	if u.left > 0 {
		return
	}
	i := slices.Index(r.queue, u)
	r.queue = slices.Delete(r.queue, i, i+1)
	u.state = ready
	if u.failed != nil {
		u.state = absent
		if u.wanted && !u.ahead { // else it is read once more
			r.fail(u.failed)
		}
		if !u.pinned {
			u.class.held = slices.DeleteFunc(u.class.held, func(v *unit) bool { return v == u })
			u.class.release(u)
		}
	}
	r.changed.Broadcast()
}
