package grade

import (
	"context"
	"go/parser"
	"go/token"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/sandbox"
	"github.com/polymath-lm/polymath/task"
)

// TestProof: a program that ends itself before its tests, whatever it prints, does
// not pass; what one that passes prints, reads or defines does not matter.
func TestProof(t *testing.T) {
	python := &task.Grading{Code: &task.Code{Language: "python", Program: "{{.answer}}\n{{.test}}\n", Timeout: 10}}
	item := codeItem("", "assert total([1, 2]) == 3")
	right := "def total(xs):\n    return sum(xs)\n"
	try(t, "python3", python, item, map[string]bool{
		right: true,
		right + "print(end='no line break')\nimport sys; sys.stdout = None":                                      true,
		right + "start = secret = space = 3":                                                                     true,
		"from __future__ import annotations\n" + right:                                                           true,
		right + "assert __name__ == '__main__' and not [n for n in globals() if n in ('start', 'secret')]":       true,
		right + "import dataclasses, pickle\n@dataclasses.dataclass\nclass C:\n    x: 'int'\npickle.dumps(C(1))": true,
		"import sys; sys.exit(0)": false,
		"raise SystemExit":        false,
		"quit()":                  false,
		"import os; os._exit(0)":  false,
		"def total(xs):\n    import os; os._exit(0)":                           false,
		"def total(xs):\n    print('ok', flush=True); exit(0)":                 false,
		"import os; os.execv('/bin/true', ['true'])":                           false,
		"for f in 'main.py', 'program.py':\n    print(open(f).read())\nexit()": false,
		"import sys; print(sys.stdin.read()); exit()":                          false,
		"import atexit, os; atexit.register(os._exit, 0)\n":                    false,
		right + "import atexit, os; atexit.register(os._exit, 1)\n":            false,
		"import sys; sys.excepthook = lambda *a: __import__('os')._exit(0)":    false,
	})
	golang := &task.Grading{Code: &task.Code{Language: "go", Program: "package main\n\n{{.answer}}\n{{.test}}\n", Timeout: 60}}
	item = codeItem("", "func main() { if total([]int{1, 2}) != 3 { panic(\"wrong\") } }")
	head := "import \"os\"\n"
	try(t, "go", golang, item, map[string]bool{
		"func total(xs []int) int { return xs[0] + xs[1] }":                                                                                               true,
		"type io int\nfunc os() {}\nfunc total(xs []int) int { print(1); return 3 }":                                                                      true,
		"func total(xs []int) int { return 4 }":                                                                                                           false,
		head + "func total(xs []int) int { os.Exit(0); return 0 }":                                                                                        false,
		head + "func init() { os.Exit(0) }\nfunc total(xs []int) int { return 0 }":                                                                        false,
		head + "var _ = func() int { os.Exit(0); return 0 }()\nfunc total(xs []int) int { return 0 }":                                                     false,
		"import (\n\"io\"\n\"os\"\n)\nvar _ = func() int { io.Copy(os.Stdout, os.Stdin); os.Exit(0); return 0 }()\nfunc total(xs []int) int { return 0 }": false,
	})
}

// try runs answers, in the sandbox where there is one.
func try(t *testing.T, command string, g *task.Grading, item *task.Item, answers map[string]bool) {
	t.Helper()
	if _, err := exec.LookPath(command); err != nil {
		t.Logf("no %s", command)
		return
	}
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Log(err)
	}
	for answer, right := range answers {
		var run Runner = local{t.TempDir()} // of its own, as answers write files
		if box != nil {
			run = box
		}
		v, err := tryGrade(t, g, Options{Sandbox: run}, item, answer)
		if err != nil || v.Right != right || v.Right != (v.Why == "") {
			t.Errorf("%q: %+v, %v", answer, v, err)
		}
	}
}

// forger answers with all that it is given.
type forger struct{ secrets []string }

func (f *forger) Run(_ context.Context, p sandbox.Program) (sandbox.Outcome, error) {
	f.secrets = append(f.secrets, p.Stdin)
	var all strings.Builder
	for _, text := range p.Files {
		all.WriteString(text)
	}
	return sandbox.Outcome{Stdout: all.String() + f.secrets[0]}, nil
}

// TestSecret: the secret is in no file, and that of one run is of no use in another.
func TestSecret(t *testing.T) {
	f := &forger{}
	for i, language := range []string{"python", "python", "go", "go"} {
		g := &task.Grading{Code: &task.Code{Language: language, Program: "{{.answer}}", Timeout: 1}}
		v, err := tryGrade(t, g, Options{Sandbox: f}, codeItem("", ""), "package main\nfunc main() {}")
		if want := i == 0; err != nil || v.Right != want {
			t.Errorf("run %d: %+v, %v", i, v, err)
		}
	}
}

func FuzzRenameMain(f *testing.F) {
	f.Add("package main\nfunc main() {}\nfunc (m) main() {}")
	f.Add("package main\nfunc main() {}\nfunc main() {}\n//line x.go:9\n")
	f.Add("\xef\xbb\xbfpackage main\nfunc\tmain\n() {}")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "other") {
			return
		}
		if got := renameMain(text, "other"); got != text && strings.Replace(got, "other", "main", 1) != text {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}

// TestGoFile: chat models write whole files, with examples, and do not know what the
// tests import.
func TestGoFile(t *testing.T) {
	const prompt = "package main\n\nimport (\n\t\"encoding/json\"\n\t\"sort\"\n\t\"math/rand/v2\"\n)\n\n// total adds up.\nfunc total(xs []int) int {\n"
	const test = "func main() {\n\tif b, _ := json.Marshal(total([]int{1, 2})); string(b) != \"3\" { panic(rand.IntN(2)) }\n}\n"
	g := &task.Grading{Code: &task.Code{Language: "go", Program: "{{.prompt}}{{.answer}}\n{{.test}}\n", Continues: true, Timeout: 60}}
	const body = "func total(xs []int) int {\n\tn := 0\n\tfor _, x := range xs { n += x }\n\treturn n\n}\n"
	fence := func(code string) string { return "Here:\n```go\n" + code + "```\nDone." }
	try(t, "go", g, codeItem(prompt, test), map[string]bool{
		fence("package main\n\n" + body): true,
		fence("package main // mine\n\nimport \"fmt\"\n\n" + body + "\nfunc main() { fmt.Println(total(nil)) }\n"):                                         true,
		fence("package main\n\nimport (\n\t\"fmt\"\n\t\"encoding/json\"\n)\n\n// main shows it.\nfunc main() { fmt.Println(json.Valid(nil)) }\n\n" + body): true,
		fence("package main\n\nimport \"fmt\"\n\n" + body):                                                                                                 false, // does not compile, whatever the tests are
		fence("package main\n\nfunc total(xs []int) int { return 4 }\n\nfunc main() { total(nil) }\n"):                                                     false,
		fence("package other\n\n" + body): false,
	})
	if got := settleGo("no Go", []string{"fmt"}); got != "no Go" {
		t.Error(got)
	}
}

func FuzzSettleGo(f *testing.F) {
	f.Add("package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(sort.Ints) }\nfunc main() {}", "sort")
	f.Add("package main;import(\"a\";b \"c\")\nfunc main() { a.X() };func main() {}", "c")
	f.Fuzz(func(t *testing.T, text, path string) {
		settled := settleGo(text, []string{path})
		if _, err := parser.ParseFile(token.NewFileSet(), "", settled, parser.ImportsOnly); err != nil && settled != text && goImports(strings.Replace("package main;import PATH", "PATH", strconv.Quote(path), 1)) != nil {
			t.Errorf("%q: %v", settled, err)
		}
	})
}
