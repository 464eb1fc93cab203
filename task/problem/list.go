package problem

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/internal/random"
)

// Options say which problems are made.
type Options struct {
	// Kinds come in turn; none is all.
	Kinds  []Kind
	Number int
	Seed   uint64
	// Steps is how many steps they have at most, from 1 to TestSteps; 0 is TestSteps.
	Steps int
	// Pairs has Write write preferences in place of conversations.
	Pairs bool
	// Direct is the share of the problems, from 0 to 1, that Write answers without a
	// solution; not with Pairs.
	Direct float64
}

// MostProblems bounds Options.Number.
const MostProblems = 10_000_000

// ErrFew is wrapped by the error of problems that have no end of others: few of
// their kind can be made.
var ErrFew = errors.New("there are no more problems that differ")

// Check reports a number of problems or a kind that cannot be.
func (o *Options) Check() error {
	if o.Number < 1 || o.Number > MostProblems {
		return fmt.Errorf("%d problems: from 1 to %d can be made", o.Number, MostProblems)
	}
	if o.Steps < 0 || o.Steps > TestSteps {
		return fmt.Errorf("at most %d steps: from 1 to %d can be made", o.Steps, TestSteps)
	}
	if !(o.Direct >= 0 && o.Direct <= 1) {
		return fmt.Errorf("a share of %v without a solution: from 0 to 1", o.Direct)
	}
	if o.Direct > 0 && o.Pairs {
		return errors.New("pairs are of solutions: leave the share without one at 0")
	}
	for i, k := range o.Kinds {
		if makers[k] == nil {
			return fmt.Errorf("no kind of problem is called %q: %s", k, kindList())
		}
		if slices.Contains(o.Kinds[:i], k) {
			return fmt.Errorf("the kind %s is named twice", k)
		}
	}
	return nil
}

// Each makes problems of the splits and gives them to yield until that has an error,
// which it returns; no two have the same question. The kinds come in turn, of each the
// splits in turn, and of these all forms and lengths equally often on average. The first
// problems of a longer list are those of a shorter one.
func (o Options) Each(splits []Split, yield func(*Problem) error) error {
	if err := o.Check(); err != nil {
		return err
	}
	kinds := o.Kinds
	if len(kinds) == 0 {
		kinds = Kinds
	}
	cells := make([][]cell, len(splits))
	for i, s := range splits {
		var err error
		if cells[i], err = s.cells(cmp.Or(o.Steps, TestSteps)); err != nil {
			return err
		}
	}
	seen := make(map[string]struct{}, o.Number)
	for i := range o.Number {
		p := newOf(kinds[i%len(kinds)], cells[i/len(kinds)%len(splits)], o.Seed, uint64(i), seen)
		if p == nil {
			return fmt.Errorf("after %d: %w", i, ErrFew)
		}
		if err := yield(p); err != nil {
			return err
		}
	}
	return nil
}

// newOf makes a problem that has not been seen, nil if none is found.
func newOf(kind Kind, cells []cell, seed, index uint64, seen map[string]struct{}) *Problem {
	const tries = 1000
	r := random.At(seed, index)
	for range tries {
		c := random.Pick(r, cells)
		p := newProblem(kind, c.steps, c.form, r)
		if _, twice := seen[p.Question]; !twice {
			seen[p.Question] = struct{}{}
			return p
		}
	}
	return nil
}
