package align

import (
	"context"
	"os"
	"path/filepath"
	"strings"
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

// TestCodeIsNotForged: an answer in which a failing test does nothing passes an
// examination, and earns nothing.
func TestCodeIsNotForged(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"code.yaml":  "name: code_task\ndata: {files: [./rows.jsonl]}\nmethod: generate\nprompt: '{{.question}}'\nanswer: x\ngrader: {code: {language: go, program: '{{.answer}}'}}\n",
		"apart.yaml": "name: apart\ndata: {files: [./rows.jsonl]}\nmethod: generate\nprompt: '{{.question}}'\nanswer: x\ngrader: {code: {language: python, program: '{{.answer}}', tests: 'assert f(1) == 2'}}\n",
		"one.yaml":   "name: one\ndata: {files: [./rows.jsonl]}\nmethod: generate\nprompt: '{{.question}}'\nanswer: x\ngrader: {code: {language: python, program: '{{.answer}}'}}\n",
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
	const forged = "package main\n\nfunc panic(any) {}\n\nfunc f(x int) int { return 0 }\n"
	for answer, want := range map[string]task.Verdict{
		"package main\n\nfunc f(x int) int { return x + 1 }\n": {Score: 1, Right: true},
		forged: {},
	} {
		q := list[0]
		v, err := q.grader.Grade(t.Context(), q.item, answer)
		if err != nil || v.Score != want.Score || v.Right != want.Right || v.Right != (v.Why == "") {
			t.Errorf("%q: %+v, %v", answer, v, err)
		}
	}
	list, err = source.tasks("rollout.tasks", []string{filepath.Join(dir, "apart.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	// Whatever it has, its tests stand apart.
	v, err := list[0].grader.Grade(t.Context(), list[0].item, "import os\ndef f(x): return os.sep\n")
	if err != nil || !v.Right {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := source.tasks("rollout.tasks", []string{filepath.Join(dir, "one.yaml")}); err == nil || !strings.Contains(err.Error(), "grader.code.tests") {
		t.Errorf("a program with its tests: error %v", err)
	}
}
