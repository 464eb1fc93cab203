package cli

import (
	"fmt"
	"slices"
	"testing"
)

// TestDrawLines: which lines are kept of too many does not depend on their order.
func TestDrawLines(t *testing.T) {
	var all []string
	for i := range 100 {
		all = append(all, fmt.Sprintf("line %d", i), fmt.Sprintf("line %d", i/2))
	}
	kept := func(most int) ([]string, bool) {
		l := drawLines{most: most, seen: map[string]bool{}}
		for _, line := range all {
			l.add(line)
		}
		return l.list(), l.more
	}
	few, cut := kept(20)
	whole, more := kept(100)
	slices.Reverse(all)
	if again, _ := kept(20); !slices.Equal(few, again) || len(few) != 20 || !cut {
		t.Errorf("%q, and in another order %q", few, again)
	}
	if len(whole) != 100 || more {
		t.Errorf("%d of 100 lines, more %v", len(whole), more)
	}
}
