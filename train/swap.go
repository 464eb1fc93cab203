package train

import (
	"slices"

	"github.com/polymath-lm/polymath/tensor"
)

// swaps gives pictures the places of others, from pass to pass of a measurement.
type swaps struct {
	met map[int]*lastMet // by the tokens that pictures take
	any bool             // whether any picture had the place of another
}

// lastMet has the patches of the last picture, and of the one before that was another:
// a picture that comes again and again is not put in its own place.
type lastMet struct{ last, other []tensor.BF16 }

// apply puts in the place of each picture of a pass the last other one that takes as many
// tokens, or, of those for which none came before, the last of the pass. It tells whether
// any was put in the place of another.
func (s *swaps) apply(list []sight) (changed bool) {
	var alone []int
	for i := range list {
		place := list[i].patches
		own := slices.Clone(place)
		if before := s.otherThan(list[i].tokens, own); before != nil {
			copy(place, before)
			changed = true
		} else {
			alone = append(alone, i)
		}
		s.meet(list[i].tokens, own)
	}
	for _, i := range alone {
		if later := s.otherThan(list[i].tokens, list[i].patches); later != nil {
			copy(list[i].patches, later)
			changed = true
		}
	}
	s.any = s.any || changed
	return changed
}

// otherThan returns the last picture of n tokens that is not this one, nil where there
// was none.
func (s *swaps) otherThan(n int, own []tensor.BF16) []tensor.BF16 {
	m := s.met[n]
	switch {
	case m == nil:
		return nil
	case slices.Equal(m.last, own):
		return m.other
	}
	return m.last
}

func (s *swaps) meet(n int, own []tensor.BF16) {
	if s.met == nil {
		s.met = map[int]*lastMet{}
	}
	m := s.met[n]
	switch {
	case m == nil:
		s.met[n] = &lastMet{last: own}
	case !slices.Equal(m.last, own):
		m.last, m.other = own, m.last
	}
}
