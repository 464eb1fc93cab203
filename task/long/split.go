package long

import (
	"fmt"
	"strconv"

	"github.com/polymath-lm/polymath/internal/random"
)

// Split says who may see a question. A statement and a question have four wordings each,
// of which training sees every one, but of the sixteen pairs twelve; names of two parts
// and numbers are parted likewise. Those of the test are new to training.
type Split string

// The splits.
const (
	Train Split = "train"
	Test  Split = "test"
)

// Splits are all splits.
var Splits = []Split{Train, Test}

func (s Split) check() error {
	if s != Train && s != Test {
		return fmt.Errorf("no split is called %q: train or test", s)
	}
	return nil
}

const numWordings = 4

// has reports whether what has a number is of the split.
func (s Split) has(n int) bool { return (n%numWordings == numWordings-1) == (s == Test) }

// wording returns one of the ways of asking that go with a way of stating.
func (s Split) wording(r *random.Source, statement int) int {
	for {
		if ask := r.Below(numWordings); s.has(statement + ask) {
			return ask
		}
	}
}

// number returns a number of five digits that has not been used.
func (s Split) number(r *random.Source, used map[string]bool) string {
	for {
		text := strconv.Itoa(r.Between(10000, 99999))
		sum := 0
		for _, digit := range text {
			sum += int(digit - '0')
		}
		if s.has(sum) && !used[text] {
			used[text] = true
			return text
		}
	}
}

// pair returns a name of two parts that has not been used, and the numbers of the parts.
func (s Split) pair(r *random.Source, first, second []string, used map[string]bool) (name string, i, j int) {
	for {
		i, j = r.Below(len(first)), r.Below(len(second))
		name = first[i] + " " + second[j]
		if s.has(i+j) && !used[name] {
			used[name] = true
			return name, i, j
		}
	}
}
