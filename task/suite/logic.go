package suite

import (
	"github.com/polymath-lm/polymath/task"

	"github.com/polymath-lm/polymath/internal/random"
)

// puzzles are the kinds of the logic exam, each a section. A puzzle has one
// solution, which its maker finds by trying all.
var puzzles = []struct {
	section string
	make    func(r *random.Source) question
}{
	{"order", orderPuzzle},
	{"truth tellers", truthPuzzle},
	{"syllogism", syllogism},
	{"sequence", sequencePuzzle},
	{"parity", parityPuzzle},
	{"negation", negationPuzzle},
}

// logic makes puzzles of all kinds in turn. A cluster is a kind with its template
// and size, so that what a model has of a template is not counted as if it had
// learned it anew for each item.
func logic(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	r := random.New(seed)
	rows := make([]task.Row, 0, n)
	seen := map[string]bool{}
	for len(rows) < n {
		for _, kind := range puzzles {
			if len(rows) == n {
				break
			}
			q := kind.make(r)
			for try := 0; seen[q.text] && try < 100; try++ {
				q = kind.make(r)
			}
			if seen[q.text] {
				continue // this kind is nearly used up
			}
			seen[q.text] = true
			q.section = kind.section
			q.cluster = kind.section + "/" + q.cluster
			rows = append(rows, q.row(r))
		}
	}
	return rows, nil
}
