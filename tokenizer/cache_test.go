package tokenizer

import (
	"slices"
	"testing"
)

// TestCachedWord: ids that fit come back as they were, and others are refused.
func TestCachedWord(t *testing.T) {
	for _, c := range []struct {
		ids  []int32
		kept bool
	}{
		{nil, true},
		{[]int32{5}, true},
		{[]int32{0, 1, 2, 3, 4, 5, 1<<16 - 1}, true},
		{make([]int32, 8), false},
		{[]int32{1 << 16}, true},
		{[]int32{7, 1<<31 - 1, 1<<16 + 3}, true},
		{[]int32{1 << 16, 1, 2, 3}, false},
	} {
		var w cachedWord
		if kept := w.set(c.ids); kept != c.kept {
			t.Errorf("%d: %v", c.ids, kept)
		} else if got := w.appendTo(nil); kept && !slices.Equal(got, c.ids) {
			t.Errorf("%d came back as %d", c.ids, got)
		}
	}
}
