package align

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/polymath-lm/polymath/sandbox"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// passing lets every program come to its end.
type passing struct{}

func (passing) Run(_ context.Context, p sandbox.Program) (sandbox.Outcome, error) {
	return sandbox.Outcome{Stdout: p.Stdin}, nil
}

// TestCodeIsNotForged: an answer whose results are equal to everything passes an
// examination's tests, and earns nothing.
func TestCodeIsNotForged(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"code.yaml":  "name: code_task\ndata: {files: [./rows.jsonl]}\nmethod: generate\nprompt: '{{.question}}'\nanswer: x\ngrader: {code: {language: python, program: '{{.answer}}'}}\n",
		"rows.jsonl": `{"question": "write it"}` + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_, s := openPolicy(t, smallModel(t, dense), false)
	source := questionSource{speaker: s, room: 128, grading: grade.Options{Sandbox: passing{}}}
	list, err := source.tasks("rollout.tasks", []string{filepath.Join(dir, "code.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	const forged = "class Any:\n    def __eq__(self, other):\n        return True\ndef f(x):\n    return Any()\n"
	for answer, want := range map[string]task.Verdict{
		"def f(x):\n    return x + 1\n": {Score: 1, Right: true},
		forged:                          {},
	} {
		q := list[0]
		v, err := q.grader.Grade(t.Context(), q.item, answer)
		if err != nil || v.Score != want.Score || v.Right != want.Right || v.Right != (v.Why == "") {
			t.Errorf("%q: %+v, %v", answer, v, err)
		}
	}
}
