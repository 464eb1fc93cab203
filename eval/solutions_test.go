package eval

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/sandbox"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
	"github.com/polymath-lm/polymath/task/suite"
)

// TestSolutions: the data's own solutions pass in every shape in which models write
// them, and what ends the program before its tests passes in none.
func TestSolutions(t *testing.T) {
	data := os.Getenv("POLYMATH_DATA")
	if data == "" {
		t.Skip("POLYMATH_DATA is not set")
	}
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Skip(err)
	}
	for _, name := range []string{"humaneval", "humaneval_return", "mbpp"} {
		tasks, err := suite.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		k := tasks[0]
		items, err := k.Load(task.LoadOptions{DataDir: data, Shots: -1, Limit: 8})
		if err != nil {
			t.Error(err)
			continue
		}
		g, err := grade.New(k, grade.Options{Sandbox: box})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range items {
			wg.Go(func() {
				item := &items[i]
				solution, _ := item.Row["canonical_solution"].(string)
				prompt := item.Prompt
				for answer, right := range map[string]bool{
					solution:                           true,
					solution + "\n\nprint('more')\n":   true,
					"```python\n" + solution + "\n```": true,
					"Here:\n```python\n" + prompt + "\n" + solution + "\n```\nIt adds.": true,
					"    import sys; sys.exit(0)":                                       false,
					"    import os; os._exit(0)":                                        false,
					"```python\n" + prompt + "\n    pass\nprint('ok')\nquit()\n```":     false,
				} {
					if name == "humaneval_return" && strings.HasPrefix(answer, "Here") {
						continue // the prompt is most of the function
					}
					v, err := g.Grade(t.Context(), item, answer)
					if err != nil || v.Right != right {
						t.Errorf("%s %s: %q: %+v, %v", name, item.ID, answer, v, err)
					}
				}
			})
		}
		wg.Wait()
	}
}
