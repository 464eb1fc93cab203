package constraint

import (
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/internal/random"
)

// Options say which items are made.
type Options struct {
	Number int
	Seed   uint64
	// Pairs has Write write preferences in place of conversations.
	Pairs bool
	// Bases are the texts that answers are made of; nil are the package's own.
	Bases []Base
}

// MostItems bounds Options.Number.
const MostItems = 10_000_000

// Check reports a number of items or a base text that cannot be.
func (o *Options) Check() error {
	if o.Number < 1 || o.Number > MostItems {
		return fmt.Errorf("%d requests: from 1 to %d can be made", o.Number, MostItems)
	}
	for i := range o.Bases {
		if err := o.Bases[i].check(); err != nil {
			return fmt.Errorf("base text %d: %w", i+1, err)
		}
	}
	return nil
}

// numbers are how many constraints the items of a split have, in turn.
var numbers = map[Split][]int{Train: {1, 2, 3}, Test: {2, 3}}

// ErrFew is wrapped where items of few texts have no end of others.
var ErrFew = errors.New("there are no more requests that differ")

// Each makes items of the splits in turn, with one to three constraints, and gives them
// to yield until that has an error, which it returns; no two have the same prompt. The
// first items of a longer list are those of a shorter one.
func (o Options) Each(splits []Split, yield func(*Item) error) error {
	if err := o.Check(); err != nil {
		return err
	}
	for _, s := range splits {
		if err := s.check(2); err != nil {
			return err
		}
	}
	seen := make(map[string]struct{}, o.Number)
	for i := range o.Number {
		s := splits[i%len(splits)]
		sizes := numbers[s]
		it, err := o.fresh(s, sizes[i/len(splits)%len(sizes)], uint64(i), seen)
		if err != nil {
			return fmt.Errorf("after %d requests: %w", i, err)
		}
		if err := yield(it); err != nil {
			return err
		}
	}
	return nil
}

// fresh makes an item that has not been seen; with Pairs one that can be broken.
func (o *Options) fresh(s Split, number int, index uint64, seen map[string]struct{}) (*Item, error) {
	const tries = 200
	bases := o.Bases
	if bases == nil {
		bases = ownBases
	}
	r := random.At(o.Seed, index)
	for range tries {
		it := draw(bases, r, number, s)
		if it == nil {
			return nil, ErrNone
		}
		if _, twice := seen[it.Prompt]; !twice {
			seen[it.Prompt] = struct{}{}
			return it, nil
		}
	}
	return nil, ErrFew
}
