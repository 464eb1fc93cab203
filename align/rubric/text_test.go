package rubric

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// told are the texts of n tellings.
func told(t *testing.T, n int, seed uint64) []string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteText(&b, n, seed); err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(b.String()) {
		var row struct{ Text string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		list = append(list, row.Text)
	}
	return list
}

// TestText: every topic and neighbor of both splits is told of, no form of asking and no
// way to answer a harmful prompt is in it, and the same seed gives the same texts.
func TestText(t *testing.T) {
	list := told(t, 2, 3)
	all := strings.Join(list, "\n")
	if again := told(t, 3, 3); strings.Join(again[:len(list)-1], "\n") != strings.Join(list[:len(list)-1], "\n") {
		t.Error("the first tellings depend on how many there are")
	}
	if strings.Join(told(t, 2, 4), "\n") == all {
		t.Error("another seed gives the same texts")
	}
	if strings.ContainsAny(all, "{}?") && strings.Count(all, "{print $NF}") != strings.Count(all, "{") {
		t.Error("it asks, or a slot is not filled")
	}
	m := ready()
	without := func(text string) string { // what stands before a name that is put in
		before, _, _ := strings.Cut(text, "{")
		return strings.TrimSpace(before)
	}
	for _, s := range []Split{Train, Test} {
		for _, c := range m.Categories {
			for _, topic := range c.topics(s) {
				for _, text := range append([]neighbor{{Say: topic.Harm}}, topic.Safe...) {
					if !strings.Contains(all, without(text.Say)) {
						t.Errorf("nothing is told of %q", text.Say)
					}
				}
			}
		}
		for _, f := range *m.Forms.of(s) {
			for _, form := range []string{f.Harm, f.Stop, f.Why, f.Story} {
				if start, _, _ := strings.Cut(form, "{do}"); strings.Contains(all, start) {
					t.Errorf("a form of asking is told: %q", form)
				}
			}
		}
		for _, o := range [][]string{m.Refusals.of(s).Open, m.Helpful.of(s).Fact} {
			for _, open := range o {
				if start, _, _ := strings.Cut(open, "{"); strings.Contains(all, start) {
					t.Errorf("an answer is told: %q", open)
				}
			}
		}
	}
	for _, n := range []int{0, -1, maxTellings + 1} {
		if err := WriteText(&bytes.Buffer{}, n, 1); err == nil {
			t.Errorf("%d tellings can be had", n)
		}
	}
}

// TestTextMixed: what is said of a topic seldom stands beside more of it, so that it must
// be known.
func TestTextMixed(t *testing.T) {
	beside, with := 0, 0
	for _, text := range told(t, 3, 1) {
		for _, topic := range []string{"stab a teacher", "cook meth", "whip a horse", "rob a jewelry store"} {
			if n := strings.Count(text, topic); n > 0 {
				with++
				if n > 1 {
					beside++
				}
			}
		}
	}
	if with < 40 || beside*10 > with {
		t.Errorf("%d of %d texts say more than one thing of a topic", beside, with)
	}
}
