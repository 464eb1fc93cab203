package secrets

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLanes: lanes find what one walk from the beginning finds, wherever keys lie.
func TestLanes(t *testing.T) {
	var o Options
	o.SetDefaults()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	words := slices.Concat(generic, services, []string{" ", "\n", "a", "xyz", "key", "=", "AKIA", "ghp_"})
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var text []byte
		for n := random.IntN(3000); len(text) < n; {
			text = append(text, words[random.IntN(len(words))]...)
		}
		w := &worker{Scanner: s, text: text}
		state := w.lane(0, 0, 0, len(text))
		want := slices.Clone(w.hits[0])
		middle := random.IntN(len(text) + 1)
		end := w.walk(0, 0, middle)
		got := slices.Concat(w.hits[:]...)
		end = w.walk(end, middle, len(text))
		got = append(got, slices.Concat(w.hits[:]...)...)
		if !slices.Equal(got, want) || end != state {
			t.Fatalf("%d hits and state %d, want %d and %d, of %q", len(got), end, len(want), state, text)
		}
	}
}
