package serve

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/polymath-lm/polymath"
)

// TestTogether: the completions of one request wait for each other where the model has
// fewer places than they need, and where it has none at all the request is refused.
func TestTogether(t *testing.T) {
	const n, limit = 40, 3
	for places, want := range map[int32]error{limit: nil, 0: polymath.ErrBusy} {
		var running atomic.Int32
		run := func(_ context.Context, index int) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				defer running.Add(-1)
				if running.Add(1) > places {
					yield(0, polymath.ErrBusy)
					return
				}
				for piece := range 3 {
					if !yield(piece, nil) {
						return
					}
				}
			}
		}
		pieces := make([][]int, n)
		var failure error
		for p := range produce(t.Context(), nil, n, run) {
			if p.err != nil {
				failure = p.err
				continue
			}
			pieces[p.index] = append(pieces[p.index], p.piece)
		}
		if !errors.Is(failure, want) {
			t.Errorf("%d places: %v, want %v", places, failure, want)
		}
		for index := range pieces {
			if want == nil && !slices.Equal(pieces[index], []int{0, 1, 2}) {
				t.Errorf("completion %d has the pieces %v", index, pieces[index])
			}
		}
	}
}
