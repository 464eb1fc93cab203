package problem

import (
	"fmt"
	"slices"
)

// Split says who may see a problem. It is a function of the problem's form and
// length.
type Split string

// The splits. A form joins a way of asking and a style of telling; training sees each
// of either, but of each only with three of four of the other kind. It sees up to
// TrainSteps steps. Of the test both are new, so that no problem is in both, not even
// in other words.
const (
	Train   Split = "train"
	Test    Split = "test"
	Between Split = "between" // one of the two is new
)

// Splits are all splits.
var Splits = []Split{Train, Test, Between}

// TrainSteps is how many steps the problems of training have at most, and TestSteps
// how many those of the test have that Each makes. Who sees three steps at most learns to
// write three; of six lengths the middle of a text is learned, not only its ends.
const (
	TrainSteps = 6
	TestSteps  = 7
)

const (
	numAsks   = 8
	numStyles = 4
)

// Forms is the number of forms of each kind.
const Forms = numAsks * numStyles

// newForm reports whether training does not see a form.
func newForm(form int) bool { return (form%numAsks+form/numAsks)%numStyles == numStyles-1 }

// Split is who may see the problem.
func (p *Problem) Split() Split { return splitOf(p.Form, p.Steps) }

func splitOf(form, steps int) Split {
	isNew, long := newForm(form), steps > TrainSteps
	switch {
	case isNew && long:
		return Test
	case isNew || long:
		return Between
	}
	return Train
}

// cell is a form and a length.
type cell struct{ form, steps int }

// cells are those of a split, of up to so many steps.
func (s Split) cells(most int) ([]cell, error) {
	var list []cell
	for form := range Forms {
		for steps := 1; steps <= most; steps++ {
			if splitOf(form, steps) == s {
				list = append(list, cell{form, steps})
			}
		}
	}
	if len(list) == 0 {
		if !slices.Contains(Splits, s) {
			return nil, fmt.Errorf("no split is called %q: train, test or between", s)
		}
		return nil, fmt.Errorf("of up to %d steps there are no problems of the split %s", most, s)
	}
	return list, nil
}
