package train

import (
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestSwaps: a picture has the place of another one of its size, whole, also where each
// pass has one alone.
func TestSwaps(t *testing.T) {
	var s swaps
	pass := func(want bool, names ...tensor.BF16) []tensor.BF16 {
		t.Helper()
		var list []sight
		for _, name := range names { // picture 20 has two views, 10 and 11 have one
			n := int(name / 10)
			list = append(list, sight{tokens: n, patches: slices.Repeat([]tensor.BF16{name}, n)})
		}
		if got := s.apply(list); got != want {
			t.Errorf("%v: swapped is %v", names, got)
		}
		var shown []tensor.BF16
		for _, p := range list {
			shown = append(shown, p.patches...)
		}
		return shown
	}
	if got := pass(false, 20, 10); !slices.Equal(got, []tensor.BF16{20, 20, 10}) || s.any {
		t.Errorf("no others: %v", got)
	}
	if got := pass(true, 11); !slices.Equal(got, []tensor.BF16{10}) || !s.any {
		t.Errorf("one in a pass: %v", got)
	}
	if got := pass(true, 12, 13, 21); !slices.Equal(got, []tensor.BF16{11, 12, 20, 20}) {
		t.Errorf("several: %v", got)
	}
	s = swaps{}
	if got := pass(true, 10, 20, 11, 12); !slices.Equal(got, []tensor.BF16{12, 20, 20, 10, 11}) {
		t.Errorf("the first pass: %v", got)
	}
	s = swaps{}
	if got := pass(false, 10, 10); !slices.Equal(got, []tensor.BF16{10, 10}) || s.any {
		t.Errorf("one picture twice is two: %v", got)
	}
	if got := pass(true, 10, 11, 11, 11); !slices.Equal(got, []tensor.BF16{11, 10, 10, 10}) {
		t.Errorf("pictures that come again: %v", got)
	}
	if got := pass(true, 11, 10); !slices.Equal(got, []tensor.BF16{10, 11}) {
		t.Errorf("again in another pass: %v", got)
	}
	if pass(false) != nil {
		t.Error("no pictures")
	}
}
