package grade

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/sandbox"
	"github.com/polymath-lm/polymath/task"
)

// fake keeps the program that it is to run, which comes to its end.
type fake struct {
	program sandbox.Program
	outcome sandbox.Outcome
	err     error
}

func (f *fake) Run(_ context.Context, p sandbox.Program) (sandbox.Outcome, error) {
	f.program = p
	f.outcome.Stdout += p.Stdin
	return f.outcome, f.err
}

// text is the program as the task has it.
func (f *fake) text() string {
	if f.program.Language == sandbox.Go {
		return f.program.Files["main.go"]
	}
	return f.program.Files["program.py"]
}

const (
	pythonPrompt = "from typing import List\n\n\ndef helper(x):\n    return x\n\n\ndef total(xs: List[int]) -> int:\n    \"\"\"Adds up.\"\"\"\n"
	goPrompt     = "package main\n\nimport \"fmt\"\n\n// total adds up.\nfunc total(xs []int) int {\n"
)

func codeItem(prompt, test string) *task.Item {
	return &task.Item{ID: "1", Task: "t", Prompt: "Write it: " + prompt, Row: task.Row{"prompt": prompt, "test": test}}
}

// TestProgram: what stands between the prompt and the tests, for answers of many
// shapes.
func TestProgram(t *testing.T) {
	for _, c := range []struct {
		language, prompt, answer, want string
	}{
		{"python", pythonPrompt, "    return sum(xs)\n\n\ndef other():\n    pass\n", pythonPrompt + "    return sum(xs)\n\n\n"},
		{"python", pythonPrompt, "    return sum(xs)\nprint(1)", pythonPrompt + "    return sum(xs)\n"},
		{"python", pythonPrompt, "    return sum([\n1,\n2])\n# end\n", pythonPrompt + "    return sum([\n"}, // as the published stops do
		{"python", pythonPrompt, "    s = '''\ntext\n'''\n    return 0\nx", pythonPrompt + "    s = '''\ntext\n'''\n    return 0\n"},
		{"python", pythonPrompt, "Here:\n```python\nreturn sum(xs)\n```\nDone.", pythonPrompt + "    return sum(xs)\n"},
		{"python", pythonPrompt, "```python\nfor x in xs:\n    pass\nreturn 0\n```", pythonPrompt + "    for x in xs:\n        pass\n    return 0\n"},
		{"python", pythonPrompt, "```\n    return 1\n```", pythonPrompt + "    return 1\n"},
		{"python", pythonPrompt, "```\ny = 1\n    return y\n```", pythonPrompt + "    y = 1\n    return y\n"},
		{"python", pythonPrompt, "```python\ndef total(xs):\n    return 3\n```", pythonPrompt + "\ndef total(xs):\n    return 3\n"},
		{"python", pythonPrompt, "```sh\npip install x\n```\n```py\ndef total(xs):\n    return 3\n```", pythonPrompt + "\ndef total(xs):\n    return 3\n"},
		{"python", pythonPrompt, "```python\ndef total(xs):\n    return 3", pythonPrompt + "\ndef total(xs):\n    return 3\n"}, // cut short
		{"python", pythonPrompt, "```\nfor x in xs:\n        pass\n    return 0\n```", pythonPrompt + "    for x in xs:\n        pass\n    return 0\n"},
		{"python", pythonPrompt, "```\nfor x in xs:\n    return x\n```", pythonPrompt + "    for x in xs:\n        return x\n"},
		{"go", goPrompt, "\treturn len(xs)\n}\n\nfunc main() {}\n", goPrompt + "\treturn len(xs)\n}\n"},
		{"go", goPrompt, "```go\nfunc total(xs []int) int { return 1 }\n```", "package main\n\nimport \"fmt\"\n\n// total adds up.\nfunc total(xs []int) int { return 1 }\n"},
		{"go", goPrompt, "```go\npackage main\n\nfunc total(xs []int) int { return 1 }\n```", "package main\n\nfunc total(xs []int) int { return 1 }\n"},
		{"go", goPrompt, "```go\nimport \"sort\"\n\nfunc total(xs []int) int { return 1 }\n```", "package main\n\nimport \"sort\"\n\nfunc total(xs []int) int { return 1 }\n"},
	} {
		run := &fake{}
		g := &task.Grading{Code: &task.Code{Language: c.language, Program: "{{.prompt}}{{.answer}}TEST {{.test}}", Continues: true, Timeout: 3}}
		v, err := tryGrade(t, g, Options{Sandbox: run}, codeItem(c.prompt, "x < 1"), c.answer)
		if err != nil || !v.Right {
			t.Errorf("%q: %+v, %v", c.answer, v, err)
		}
		if got, want := run.text(), c.want+"TEST x < 1"; got != want {
			t.Errorf("%q makes\n%s\nwant\n%s", c.answer, got, want)
		}
		if run.program.Language != c.language || run.program.Limits.CPU != 3*time.Second || run.program.Limits.Wall != 9*time.Second {
			t.Errorf("%+v", run.program)
		}
	}
}

func TestCodeOutcomes(t *testing.T) {
	g := &task.Grading{Code: &task.Code{Language: "python", Program: "{{.answer}}", Timeout: 3}}
	for _, c := range []struct {
		outcome sandbox.Outcome
		why     string
	}{
		{sandbox.Outcome{ExitCode: 1, Stderr: "Traceback (most recent call last):\n  File \"main.py\"\n    assert f(1) == 2\nAssertionError\n"}, "exit code 1: AssertionError: assert f(1) == 2"},
		{sandbox.Outcome{ExitCode: 2, Stderr: "panic: index out of range\n\ngoroutine 1 [running]:\nmain.f()\n\texit status 2"}, "exit code 2: panic: index out of range"},
		{sandbox.Outcome{ExitCode: -1, TimedOut: true, Reason: sandbox.ReasonWall}, "ended for its wall time"},
		{sandbox.Outcome{ExitCode: 1, Reason: sandbox.ReasonBuild, Stderr: "main.go:3: x declared and not used\n"}, "does not compile: main.go:3: x declared and not used"},
		{sandbox.Outcome{ExitCode: -1, Signal: "SIGSEGV"}, "ended by SIGSEGV"},
		{sandbox.Outcome{ExitCode: 3}, "exit code 3"},
		{sandbox.Outcome{ExitCode: 1, Stdout: "\x1b[31m\xff" + strings.Repeat("é", 500)}, "exit code 1: \u241b[31m\uFFFD" + strings.Repeat("é", 146) + " ..."},
	} {
		v, err := tryGrade(t, g, Options{Sandbox: &fake{outcome: c.outcome}}, codeItem("", ""), "x = 1")
		if err != nil || v.Right || v.Score != 0 || v.Why != c.why {
			t.Errorf("%+v: %+v, %v", c.outcome, v, err)
		}
	}
	if v, err := tryGrade(t, g, Options{Sandbox: &fake{}}, codeItem("", ""), " \n"); err != nil || v.Right || v.Why != "no code" {
		t.Errorf("%+v, %v", v, err)
	}
	broken := errors.New("no space on the machine")
	if v, err := tryGrade(t, g, Options{Sandbox: &fake{err: broken}}, codeItem("", ""), "x"); !errors.Is(err, broken) || v.Why != "" {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := tryGrade(t, g, Options{}, codeItem("", ""), "x"); !errors.Is(err, ErrNoSandbox) {
		t.Errorf("%v", err)
	}
}

// local runs Python without isolation: the test's own programs only.
type local struct{ dir string }

// localTime is for a program that stops its other half, where the machine lets it.
const localTime = 20 * time.Second

func (l local) Run(ctx context.Context, p sandbox.Program) (sandbox.Outcome, error) {
	for name, text := range p.Files {
		if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o600); err != nil {
			return sandbox.Outcome{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, localTime)
	defer cancel()
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(ctx, "python3", p.Main)
	if p.Language == sandbox.Go {
		cmd = exec.CommandContext(ctx, "go", "run", "a.go", "main.go")
	}
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = l.dir, strings.NewReader(p.Stdin), &stdout, &stderr
	cmd.WaitDelay = time.Second // its children may hold the pipes
	err := cmd.Run()
	var exit *exec.ExitError
	outcome := sandbox.Outcome{Stdout: stdout.String(), Stderr: stderr.String()}
	if errors.As(err, &exit) {
		outcome.ExitCode, err = exit.ExitCode(), nil
	}
	return outcome, err
}

// TestCodeRuns: right code in every shape in which models write it passes, wrong
// code does not.
func TestCodeRuns(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3")
	}
	g := &task.Grading{Code: &task.Code{Language: "python", Program: "{{.prompt}}{{.answer}}\n{{.test}}\n", Continues: true, Timeout: 10}}
	item := codeItem(pythonPrompt, "assert total([1, 2]) == 3")
	run := Options{Sandbox: local{t.TempDir()}}
	for answer, right := range map[string]bool{
		"    return sum(xs)\n\nassert False":                                               true,
		"    t = 0\n    for x in xs:\n        t += x\n    return t\n":                      true,
		"```python\nt = 0\nfor x in xs:\n    t += x\nreturn t\n```":                        true,
		"```python\nt = 0\n    for x in xs:\n        t += x\n    return t\n```":            true,
		"```python\n" + pythonPrompt + "    return helper(sum(xs))\n```":                   true,
		"Sure!\n\n```python\ndef total(xs: List[int]):\n    return helper(sum(xs))\n```\n": true,
		"    return 4\n": false,
		"return sum(xs)": false, // outside of the function, as it stands
	} {
		v, err := tryGrade(t, g, run, item, answer)
		if err != nil || v.Right != right {
			t.Errorf("%q: %+v, %v", answer, v, err)
		}
	}
}

func FuzzSource(f *testing.F) {
	f.Add("```python\nreturn 1\n```", pythonPrompt, true)
	f.Add("\treturn 1\n}\n", goPrompt, false)
	f.Add("~~~\n'''\n", "func (", false)
	f.Fuzz(func(t *testing.T, answer, prompt string, python bool) {
		s := source{language: map[bool]string{true: "python", false: "go"}[python], prompt: prompt}
		start := time.Now()
		s.read(answer, true)
		if len(s.code) > 5*len(answer)+100 || len(s.prompt) > len(prompt) || time.Since(start) > time.Second {
			t.Errorf("%d bytes become %d", len(answer), len(s.code))
		}
	})
}
