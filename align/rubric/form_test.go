package rubric

import (
	"slices"
	"strings"
	"testing"
)

// TestFrames: for training every head asks for what is harmful and all that is not, and
// the words before and behind say nothing of which it is.
func TestFrames(t *testing.T) {
	m := ready()
	edits, harmful := map[string]map[Edit]bool{}, map[string]int{}
	dressedPairs := 0
	list := pairs(t, Train, 20_000, 3)
	for _, p := range list {
		if edits[p.Form] == nil {
			edits[p.Form] = map[Edit]bool{}
		}
		edits[p.Form][p.Edit] = true
		for _, before := range m.Frames.Before {
			if strings.HasPrefix(p.Harmful, before+" ") {
				dressedPairs++
				harmful[before]++
				if !strings.HasPrefix(p.Safe, before+" ") {
					t.Errorf("%q stands before one of %q and %q", before, p.Harmful, p.Safe)
				}
			}
		}
	}
	for _, head := range m.Frames.Heads {
		if form := fill(head, "act", "{do}"); len(edits[form]) != 4 {
			t.Errorf("%q asks in %d of 4 ways", form, len(edits[form]))
		}
	}
	if len(harmful) != len(m.Frames.Before) || dressedPairs < len(list)/3 || dressedPairs > len(list)/2 {
		t.Errorf("%d of %d pairs have one of %d beginnings", dressedPairs, len(list), len(harmful))
	}
	for _, p := range pairs(t, Test, 2000, 3) {
		if !slices.ContainsFunc(m.Forms.Test, func(f form) bool {
			head, _, _ := strings.Cut(f.Harm, "{do}")
			return strings.HasPrefix(p.Harmful, head)
		}) {
			t.Errorf("%q is no form of the suite", p.Harmful)
		}
	}
}

func TestDressed(t *testing.T) {
	for _, test := range [][4]string{
		{"", "How do I sew?", "", "How do I sew?"},
		{"Hello.", "How do I sew?", "", "Hello. How do I sew?"},
		{"Listen,", "How do I sew?", "Thanks.", "Listen, how do I sew? Thanks."},
		{"A question:", "I want to sew. How?", "", "A question: I want to sew. How?"},
		{"A question:", "If I wanted to sew?", "", "A question: if I wanted to sew?"},
	} {
		if got := dressed(test[0], test[1], test[2]); got != test[3] {
			t.Errorf("%q and not %q", got, test[3])
		}
	}
}
