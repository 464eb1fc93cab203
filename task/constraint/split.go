package constraint

import (
	"fmt"
	"slices"
)

// Split says who may see a set of constraints. It is a function of their kinds.
type Split string

// The splits. Of the pairs of kinds that go together one in six is new: training sees no
// set that has a new pair in it, and each set of the test has one. So no combination of
// kinds is in both, nor is one of the test a part of one of training. Of the forms of
// each kind, and of the requests, training does not see the last.
const (
	Train Split = "train"
	Test  Split = "test"
)

// Splits are all splits.
var Splits = []Split{Train, Test}

// MostDrawn bounds the number of constraints that Draw puts together.
const MostDrawn = 5

// SplitOf is who may see constraints of these kinds, in any order. One alone is of
// training.
func SplitOf(list []Constraint) Split {
	for i := range list {
		for j := range i {
			if newPair(list[i].Kind, list[j].Kind) {
				return Test
			}
		}
	}
	return Train
}

// newPair reports whether a pair of kinds is new in the test: FNV-1a of both names.
func newPair(a, b Kind) bool {
	pair := []Kind{a, b}
	slices.Sort(pair)
	h := uint64(0xcbf29ce484222325)
	for _, r := range []byte(string(pair[0]) + "+" + string(pair[1])) {
		h = (h ^ uint64(r)) * 0x100000001b3
	}
	return (h^h>>32)%6 == 0
}

// forms is how many forms a split sees of so many.
func (s Split) forms(n int) int {
	if s == Train {
		return n - 1
	}
	return n
}

func (s Split) check(number int) error {
	if !slices.Contains(Splits, s) {
		return fmt.Errorf("no split is called %q: train or test", s)
	}
	least := 1
	if s == Test {
		least = 2
	}
	if number < least || number > MostDrawn {
		return fmt.Errorf("%d constraints of the split %s: from %d to %d can be drawn", number, s, least, MostDrawn)
	}
	return nil
}
