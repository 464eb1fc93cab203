package words

import (
	"slices"
	"testing"
)

// TestKnown: a list that has cut the pieces before cuts them as a new one does.
func TestKnown(t *testing.T) {
	var used List
	golden := readGolden(t)
	for range 3 {
		for _, g := range golden {
			var fresh List
			text := []byte(g.Text)
			fresh.Split(text)
			used.Split(text)
			if !slices.Equal(fresh.Words, used.Words) {
				t.Fatalf("%q: %v, want %v", g.Text, used.Words, fresh.Words)
			}
		}
	}
	if used.known == nil {
		t.Error("the pieces of the golden texts are too few to be remembered")
	}
}
