package spelling

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"seed", "seed", 0},
		{"sead", "seed", 1},
		{"seed", "seeds", 1},
		{"sede", "seed", 1}, // a swap
		{"kitten", "sitting", 3},
		{"ca", "abc", 3}, // no edits inside of a swap
	} {
		if got := Distance(c.a, c.b); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := Distance(c.b, c.a); got != c.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", c.b, c.a, got, c.want)
		}
	}
}
