package grade

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade/formula"
)

// TestMathData: every accepted answer of 1,000 problems of MATH is found in the ways
// in which models give answers, and is not the answer of the next problem but where
// both are written alike. POLYMATH_DATA names the folder of the data.
func TestMathData(t *testing.T) {
	root := os.Getenv("POLYMATH_DATA")
	if root == "" {
		t.Skip("POLYMATH_DATA is not set")
	}
	f, err := os.Open(filepath.Join(root, "eval_agieval/data/v1/math.jsonl"))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	var golds []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row struct{ Answer string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		golds = append(golds, row.Answer)
	}
	if len(golds) != 1000 {
		t.Fatalf("%d rows", len(golds))
	}
	alike := 0
	for i, gold := range golds {
		for _, answer := range []string{
			gold, "We find $n = 77$.\nSo it is $\\boxed{" + gold + "}$.", "There are 77 ways to see it. The answer is $" + gold + "$.",
			"First, 77.\n\nFinal Answer: The final answer is $" + gold + "$. I hope it is correct.", "**Answer:** \\(" + gold + "\\)",
		} {
			if v := grade(t, &task.Grading{Math: &task.Math{}}, answers(gold), answer); !v.Right {
				t.Errorf("%q: %+v", answer, v)
			}
		}
		if next := golds[(i+1)%len(golds)]; next != gold && formula.Equal(gold, next, 0) {
			alike++
			t.Logf("%q is %q", gold, next)
		}
	}
	if alike > 2 {
		t.Errorf("%d neighbours are equal", alike)
	}
}
