package grade

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

func TestCharacters(t *testing.T) {
	for _, c := range []struct {
		options      task.Characters
		answer       string
		gold         []string
		edits, whole int
	}{
		{task.Characters{}, "kitten", []string{"sitting"}, 3, 7},
		{task.Characters{}, " sitting\n", []string{"sitting"}, 0, 7},
		{task.Characters{}, "", []string{"sitting"}, 7, 7},
		{task.Characters{}, "aäb", []string{"äb"}, 1, 2},
		{task.Characters{}, "a\u0308b", []string{"äb"}, 0, 2},
		{task.Characters{}, "Ab", []string{"ab"}, 1, 2},
		{task.Characters{Normal: task.Normal{Case: true}}, "Ab", []string{"ab"}, 0, 2},
		{task.Characters{}, "ab", []string{"xyz", "abc"}, 1, 3},
		{task.Characters{}, "abcdef", []string{"c", "xyz"}, 6, 3}, // 5 of 1 is more
		{task.Characters{Extract: task.Extract{Line: true}}, "ab\nmore", []string{"ab"}, 0, 2},
		{task.Characters{Extract: task.Extract{Pattern: `"(.*)"`}}, "none", []string{"ab"}, 2, 2},
		{task.Characters{}, strings.Repeat("x", 100_000), []string{"ab"}, 100_000, 2},
	} {
		v := grade(t, &task.Grading{Characters: &c.options}, answers(c.gold...), c.answer)
		want := []task.Share{{Name: CharacterErrors, Part: c.edits, Whole: c.whole, Lower: true}}
		score := max(0, 1-float64(c.edits)/float64(c.whole))
		if !reflect.DeepEqual(v.Shares, want) || v.Right != (c.edits == 0) || v.Score != score {
			t.Errorf("%.40q of %q: %+v, want %+v", c.answer, c.gold, v, want)
		}
	}
}

// TestEdits compares with the definition: the least that one step from every beginning
// comes to.
func TestEdits(t *testing.T) {
	var slow func(a, b []rune) int
	slow = func(a, b []rune) int {
		if len(a) == 0 || len(b) == 0 {
			return len(a) + len(b)
		}
		cost := 1
		if a[0] == b[0] {
			cost = 0
		}
		return min(cost+slow(a[1:], b[1:]), 1+slow(a[1:], b), 1+slow(a, b[1:]))
	}
	random := rand.New(rand.NewPCG(1, 1))
	word := func() []rune {
		w := make([]rune, random.IntN(7))
		for i := range w {
			w[i] = rune('a' + random.IntN(3))
		}
		return w
	}
	for range 300 {
		a, b := word(), word()
		if got, want := edits(a, b), slow(a, b); got != want || edits(b, a) != want {
			t.Errorf("%q and %q: %d, want %d", string(a), string(b), got, want)
		}
	}
}

func TestScene(t *testing.T) {
	facts := map[string]any{"kind": "scene", "size": 128, "objects": []any{
		map[string]any{"shape": "circle", "color": "red", "size": "small", "box": []any{5, 10, 21, 26}},
		map[string]any{"shape": "square", "color": "blue", "size": "large", "box": []any{85, 5, 123, 43}},
	}}
	item := &task.Item{ID: "1", Row: task.Row{"facts": facts}}
	g := &task.Grading{Scene: &task.Scene{Shown: "{{json .facts}}", Facts: 0.85, Objects: 0.7}}
	for _, c := range []struct {
		answer                  string
		yes, stated, named, all int
		score                   float64
		right                   bool
	}{
		{"A red circle and a blue square.", 2, 2, 2, 2, 1, true},
		{"A red circle.", 1, 1, 1, 2, 2. / 3, false},
		{"A red circle, a blue square and a star.", 2, 3, 2, 2, 0.8, false},
		{"", 0, 1, 0, 2, 0, false},
		{"I am not sure.", 0, 1, 0, 2, 0, false},
	} {
		v := grade(t, g, item, c.answer)
		want := []task.Share{{Name: FactsTrue, Part: c.yes, Whole: c.stated}, {Name: ObjectsNamed, Part: c.named, Whole: c.all}}
		if !reflect.DeepEqual(v.Shares, want) || v.Right != c.right || distance(v.Score-c.score) > 1e-12 {
			t.Errorf("%q: %+v, want %+v, score %v", c.answer, v, want, c.score)
		}
	}
	if _, err := tryGrade(t, g, Options{}, &task.Item{ID: "1", Row: task.Row{"facts": "no"}}, "x"); err == nil {
		t.Error("facts that are none are graded by")
	}
}

func distance(x float64) float64 { return max(x, -x) }
