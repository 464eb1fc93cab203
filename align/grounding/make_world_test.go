package grounding

import (
	"errors"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/task/world"
)

// TestWorlds: the world itself says that the labels are right, and some statements are in
// other words than the text.
func TestWorlds(t *testing.T) {
	var all, again []Example
	keep := func(list *[]Example) func(Example) error {
		return func(e Example) error { *list = append(*list, e); return nil }
	}
	if err := Worlds(300, 4, keep(&all)); err != nil {
		t.Fatal(err)
	}
	if err := Worlds(300, 4, keep(&again)); err != nil || !slices.Equal(all, again) {
		t.Errorf("other examples the second time, %v", err)
	}
	inWords := 0
	for _, e := range all {
		if !world.Supported(e.Passage, e.Supported) || world.Supported(e.Passage, e.Unsupported) {
			t.Fatalf("%+v", e)
		}
		if contains(e.Passage, e.Supported) {
			inWords++
		}
	}
	if len(all) < 100 || inWords > len(all)/2 {
		t.Errorf("%d examples, %d in the words of the text", len(all), inWords)
	}
	end := errors.New("enough")
	if err := Worlds(300, 4, func(Example) error { return end }); !errors.Is(err, end) {
		t.Errorf("the error is lost: %v", err)
	}
}
