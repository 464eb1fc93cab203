package question

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Split says what questions are for. Forms and subjects of one are never those of the
// other.
type Split string

// The sides of the split.
const (
	Train Split = "train"
	Test  Split = "test"
)

// Way says how something is asked.
type Way string

// The ways.
const (
	Memory  Way = "memory"  // the question alone
	Given   Way = "given"   // a text and a question that it answers
	Missing Way = "missing" // a question on what is in no source
	Absent  Way = "absent"  // a text and a question that it does not answer
	Refuse  Way = "refuse"  // a prompt to refuse, its harmless neighbor, or a question for advice
)

// Ways are all of them.
var Ways = []Way{Memory, Given, Missing, Absent, Refuse}

// Options say what is made.
type Options struct {
	// Split is the side; default: Train.
	Split Split
	// Number is how many are made at most: there are fewer where the sources give no
	// more.
	Number int
	// Seed is what all follows from.
	Seed uint64
	// HeldOut is the share of subjects that are those of Test, from 0 to 1.
	HeldOut float64
	// Shares are how much of all is asked in each way, by weight; a way that is not
	// named has none. nil: DefaultShares.
	Shares map[Way]float64
	// Asks are the questions that are asked; nil: all.
	Asks []Ask
}

// DefaultShares are those of nobody's choice.
func DefaultShares() map[Way]float64 {
	return map[Way]float64{Memory: 0.4, Given: 0.3, Missing: 0.1, Absent: 0.1, Refuse: 0.1}
}

// DefaultOptions make 10,000 for training.
func DefaultOptions() Options {
	return Options{Split: Train, Number: 10_000, Seed: 1, HeldOut: 0.1, Shares: DefaultShares()}
}

// maxNumber bounds what is made at once.
const maxNumber = 10_000_000

// Check reports the first impossible value.
func (o *Options) Check() error {
	switch {
	case o.Split != Train && o.Split != Test:
		return fmt.Errorf("questions are split into train and test, not %q", o.Split)
	case o.Number < 1 || o.Number > maxNumber:
		return fmt.Errorf("the number %d: it is from 1 to %d", o.Number, maxNumber)
	case math.IsNaN(o.HeldOut) || o.HeldOut < 0 || o.HeldOut > 1:
		return fmt.Errorf("the share held out %g: it is from 0 to 1", o.HeldOut)
	}
	sum := 0.0
	for way, share := range o.Shares {
		if !slices.Contains(Ways, way) {
			return fmt.Errorf("there is no way %q to ask: the ways are %s", way, listed(Ways))
		}
		if math.IsNaN(share) || share < 0 || share > 1e6 {
			return fmt.Errorf("the share of %s is %g: it is 0 or more", way, share)
		}
		sum += share
	}
	if o.Shares != nil && sum == 0 {
		return errors.New("all shares are 0")
	}
	for _, ask := range o.Asks {
		if !slices.Contains(Asks, ask) {
			return fmt.Errorf("there is no question %q: they are %s", ask, listed(Asks))
		}
	}
	return nil
}

// listed names all of them with commas between.
func listed[T ~string](all []T) string {
	names := make([]string, len(all))
	for i, name := range all {
		names[i] = string(name)
	}
	return strings.Join(names, ", ")
}
