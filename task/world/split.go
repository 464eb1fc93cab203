package world

import (
	"fmt"
	"slices"
)

// Split says who may see a question: it is a function of the name that it asks for and
// of its form. A form joins an opening and a wording; training sees each of either, but
// of each only with three of four of the other kind, and in given texts only some of the
// ways to tell a fact. Of the test names and forms are new. Of rollouts the forms are
// those of training and the names are new, so that what a model is rewarded for is what
// it knows and not what it was shown.
type Split string

// The splits.
const (
	Train   Split = "train"
	Rollout Split = "rollout"
	Test    Split = "test"
)

// Splits are all splits.
var Splits = []Split{Train, Rollout, Test}

func (s Split) check() error {
	if !slices.Contains(Splits, s) {
		return fmt.Errorf("no split is called %q: train, rollout or test", s)
	}
	return nil
}

const (
	numOpenings = 4
	numWordings = 4
)

// newForm reports whether training does not see a form of asking.
func newForm(opening, wording int) bool { return (opening+wording)%4 == 3 }

// form is an opening and a wording.
type form struct{ opening, wording int }

// forms are those of a split.
func (s Split) forms() []form {
	var list []form
	for o := range numOpenings {
		for w := range numWordings {
			if newForm(o, w) == (s == Test) {
				list = append(list, form{o, w})
			}
		}
	}
	return list
}

// numTrainTold is how many of an attribute's ways to be told are those of texts that
// are given in training; the rest are those of the test.
const numTrainTold = 3

// told are the ways to tell an attribute in texts that are given.
func (s Split) told(a *attribute) []string {
	if s == Test {
		return a.told[numTrainTold:]
	}
	return a.told[:numTrainTold]
}
