package question

import (
	"crypto/sha256"
	"slices"

	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/shard"
)

// selection is the entries of one side of a split, and what is made of them so far.
type selection struct {
	set     *Set
	options Options
	entries []*Entry // in the order of compare
	order   []int    // of the entries, drawn
	turns   map[Way]int
	with    []int // those with a passage, in drawn order
	prompts []rubric.Prompt
	seen    map[[sha256.Size]byte]bool
}

// side is the one that a subject is on.
func (o *Options) side(base string) Split {
	sum := sha256.Sum256([]byte(base))
	if shard.HeldOut(shard.ID(sum[:]), o.HeldOut) {
		return Test
	}
	return Train
}

// choose takes the entries of a side. What training answers with the same words is not
// asked in the test.
func (s *Set) choose(o Options) *selection {
	c := &selection{set: s, options: o, turns: map[Way]int{}, seen: map[[sha256.Size]byte]bool{}}
	learned := map[string]bool{}
	for i := range s.entries {
		if e := &s.entries[i]; o.Split == Test && len(e.Text) >= telling && o.side(e.base()) == Train {
			learned[e.Text] = true
		}
	}
	for i := range s.entries {
		e := &s.entries[i]
		if o.side(e.base()) == o.Split && !learned[e.Text] && (o.Asks == nil || slices.Contains(o.Asks, e.Ask)) {
			c.entries = append(c.entries, e)
		}
	}
	for i := range c.entries {
		c.order = append(c.order, i)
	}
	random.Shuffle(random.At(o.Seed, 0), c.order)
	for _, i := range c.order {
		if c.entries[i].Passage != "" {
			c.with = append(c.with, i)
		}
	}
	return c
}

// telling is the length from which an answer says what it answers.
const telling = 20
