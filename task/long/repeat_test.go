package long

import (
	"strings"
	"testing"
)

// TestRepeat reads the lists: all lines of a text are one, at least twice, within the
// length, without the test's numbers, and other documents have other lists.
func TestRepeat(t *testing.T) {
	seen := map[string]bool{}
	for _, longest := range []int{leastTraining, 4096} {
		w := Writing{Seed: 3, Shortest: leastTraining, Longest: longest, Kinds: []Kind{Repeat}}
		for i := range 50 {
			text, err := w.Document(i)
			if err != nil {
				t.Fatal(err)
			}
			if n := (len(text) + 3) / 4; n > longest {
				t.Fatalf("document %d has %d tokens of %d", i, n, longest)
			}
			lines := strings.Split(text, "\n")
			for _, line := range lines {
				if line != lines[0] {
					t.Fatalf("document %d says %q and then %q", i, lines[0], line)
				}
			}
			for _, word := range strings.Fields(lines[0]) {
				sum := 0
				for _, c := range word {
					sum += int(c - '0')
				}
				if word[0] <= '9' && !Train.has(sum) {
					t.Fatalf("document %d has %s, which is the test's", i, word)
				}
			}
			if len(lines) < 2 || len(strings.Fields(lines[0])) < 2 || seen[text] {
				t.Fatalf("document %d repeats nothing, or another: %q", i, text)
			}
			seen[text] = true
		}
	}
}

// TestRepeatIsTaught: no examination asks for it, and documents of all kinds have none.
func TestRepeatIsTaught(t *testing.T) {
	if _, err := Make(1, Options{Kind: Repeat, Tokens: 1000, Depths: []float64{0.5}}); err == nil {
		t.Error("a question of a kind that asks nothing")
	}
	w := Writing{Seed: 3, Shortest: 1024, Longest: 1024}
	for i := range 30 {
		text, err := w.Document(i)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, "Question:") {
			t.Fatalf("document %d asks nothing", i)
		}
	}
}
