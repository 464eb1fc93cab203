package model

import (
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// coolPasses is how many passes it takes until a use counts half.
const coolPasses = 16

// touch counts a use of an expert. heat is the logarithm of the uses, each with
// a weight that doubles every coolPasses passes, so that it need not be cooled.
func (r *resident) touch(u *unit) {
	use := r.passes / coolPasses
	u.heat = max(u.heat, use) + math.Log2(1+math.Exp2(-math.Abs(u.heat-use)))
}

// admit gives an absent unit memory and has it loaded, and reports whether there
// was memory for it. A guess takes none from another guess.
func (r *resident) admit(u *unit, guess bool) bool {
	c := u.class
	if len(c.free) == 0 && !c.evict(guess, u) {
		return false
	}
	u.packed = c.take()
	c.held = append(c.held, u)
	u.guessed = guess
	r.enqueue(u, guess)
	return true
}

// take returns the memory of a free slot.
func (c *class) take() *kernel.Packed {
	last := len(c.free) - 1
	w := c.free[last]
	c.free = c.free[:last]
	return w
}

// evict frees the memory of a unit for another one.
func (c *class) evict(guess bool, other *unit) bool {
	best := -1
	for i, u := range c.held {
		if u.wanted || u.busy || u.state != ready || guess && u.guessed {
			continue
		}
		if best < 0 || c.worse(u, c.held[best], other) {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	u := c.held[best]
	last := len(c.held) - 1
	c.held[best] = c.held[last]
	c.held[last] = nil
	c.held = c.held[:last]
	c.release(u)
	return true
}

// release takes the memory of a unit.
func (c *class) release(u *unit) {
	c.free = append(c.free, u.packed)
	u.packed, u.state, u.guessed = nil, absent, false
}

// worse reports whether u is less worth keeping than v.
func (c *class) worse(u, v, other *unit) bool {
	if u.guessed != v.guessed {
		return v.guessed
	}
	if c.expert {
		return u.heat < v.heat
	}
	n := len(c.ring) // the later it is needed after other, the worse
	return (u.index-other.index+n)%n > (v.index-other.index+n)%n
}

// readAhead loads the next units of a class that every token needs, as far as
// there is memory.
func (r *resident) readAhead(c *class) {
	for len(c.ring) > 0 {
		u := c.ring[c.next]
		if u.guessed || u.state == absent && !r.admit(u, true) {
			return
		}
		u.guessed = true
		c.next = (c.next + 1) % len(c.ring)
	}
}
