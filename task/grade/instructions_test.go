package grade

import (
	"reflect"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

func TestInstructions(t *testing.T) {
	const constraints = `[{"kind":"lower"},{"kind":"words","relation":"at most","number":3},{"kind":"include","words":["bee"]}]`
	shares := func(prompts, strict, loose int) []task.Share {
		return []task.Share{
			{Name: PromptsLoose, Part: prompts, Whole: 1}, {Name: InstructionsStrict, Part: strict, Whole: 3}, {Name: InstructionsLoose, Part: loose, Whole: 3},
		}
	}
	for _, c := range []struct {
		answer string
		right  bool
		score  float64
		shares []task.Share
		why    string
	}{
		{"a bee flies", true, 1, shares(1, 3, 3), ""},
		{"Sure, here it is:\na bee flies", false, 1.0 / 3, shares(1, 1, 3), `lower: 'S' is in it; words: there are 7, not at most 3`},
		{"A bee flies", false, 2.0 / 3, shares(0, 2, 2), `lower: 'A' is in it`},
		{"no", false, 2.0 / 3, shares(0, 2, 2), `include: "bee" is missing`},
		{"", false, 0, shares(0, 0, 0), "lower: the answer is empty; words: the answer is empty; include: the answer is empty"},
	} {
		item := &task.Item{Prompt: "Write.", Row: task.Row{"c": constraints}}
		v := grade(t, &task.Grading{Instructions: &task.Instructions{Constraints: "{{.c}}"}}, item, c.answer)
		if v.Right != c.right || v.Score != c.score || v.Why != c.why || !reflect.DeepEqual(v.Shares, c.shares) {
			t.Errorf("%q: %+v", c.answer, v)
		}
	}
}

// TestInstructionsRefuses: constraints that cannot be read are an error, not a verdict.
func TestInstructionsRefuses(t *testing.T) {
	k := &task.Task{Name: "t", Grader: &task.Grading{Instructions: &task.Instructions{Constraints: "{{.c}}"}}}
	g, err := New(k, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for c, want := range map[string]string{"[]": "0 constraints", `[{"kind":"x"}]`: "no such kind"} {
		if _, err := g.Grade(t.Context(), &task.Item{ID: "i", Row: task.Row{"c": c}}, "a"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", c, err)
		}
	}
	for text, want := range map[string]string{"": "needs the template", "{{": "constraints"} {
		k := &task.Task{Name: "t", Grader: &task.Grading{Instructions: &task.Instructions{Constraints: text}}}
		if _, err := New(k, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
