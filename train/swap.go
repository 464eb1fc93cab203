package train

import (
	"slices"

	"github.com/polymath-lm/polymath/tensor"
)

// swaps gives pictures the places of others, from pass to pass of a measurement.
type swaps struct {
	last map[int][]tensor.BF16 // patches of the last picture of so many tokens
	any  bool                  // whether any picture had the place of another
}

// apply puts in the place of each picture of a pass the one before it that takes as many
// tokens, and in that of the first of all the last of the pass. It tells whether that
// is another one for any.
func (s *swaps) apply(list []sight) (changed bool) {
	if s.last == nil {
		s.last = map[int][]tensor.BF16{}
	}
	first := map[int]int{}
	for i := range list {
		place, n := list[i].patches, list[i].tokens
		own := slices.Clone(place)
		if before, ok := s.last[n]; ok {
			copy(place, before)
			changed = true
		} else {
			first[n] = i
		}
		s.last[n] = own
	}
	for n, i := range first {
		copy(list[i].patches, s.last[n])
	}
	s.any = s.any || changed
	return changed
}
