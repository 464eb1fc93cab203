package sandbox

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

var shared struct {
	sync.Once
	*Sandbox
	err   error
	cache string
}

func TestMain(m *testing.M) {
	status := m.Run()
	if shared.cache != "" {
		os.RemoveAll(shared.cache)
	}
	os.Exit(status)
}

// openShared returns the tests' sandbox. Only a machine without bubblewrap skips.
func openShared(t testing.TB) *Sandbox {
	t.Helper()
	if _, err := exec.LookPath("bwrap"); err != nil {
		t.Skip("bubblewrap is not installed")
	}
	shared.Do(func() {
		if shared.cache, shared.err = os.MkdirTemp("", "polymath-sandbox-"); shared.err == nil {
			shared.Sandbox, shared.err = New(Options{Parallel: 4, Cache: shared.cache, Limits: Limits{Wall: 20 * time.Second}})
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.Sandbox
}

// python runs a program of one file.
func python(t testing.TB, source string, l Limits) Outcome {
	t.Helper()
	return runOne(t, Program{Language: Python, Main: "main.py", Files: map[string]string{"main.py": source}, Limits: l})
}

// golangs runs the body of a main function with its imports.
func golangs(t testing.TB, imports, source string, l Limits) Outcome {
	t.Helper()
	var b strings.Builder
	b.WriteString("package main\n")
	for name := range strings.FieldsSeq(imports) {
		b.WriteString("import \"" + name + "\"\n")
	}
	b.WriteString(source)
	return runOne(t, Program{Language: Go, Files: map[string]string{"main.go": b.String()}, Limits: l})
}

func runOne(t testing.TB, p Program) Outcome {
	t.Helper()
	s := openShared(t)
	out, err := s.Run(t.Context(), p)
	if err != nil && (p.Language == Python && s.noPython != nil || p.Language == Go && s.noGo != nil) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	out.Stderr = fromDetector.ReplaceAllString(out.Stderr, "")
	return out
}

// fromDetector is what the race detector's runtime says in the stage, which
// has no /proc, when the tests run under it.
var fromDetector = regexp.MustCompile(`(?m)^==1==WARNING: reading executable name failed.*\n`)

func wantOK(t testing.TB, out Outcome, stdout string) {
	t.Helper()
	if !out.OK() || out.Stdout != stdout {
		t.Errorf("want %q, got %+v", stdout, out)
	}
}

func TestPython(t *testing.T) {
	out := runOne(t, Program{
		Language: Python, Main: "main.py", Stdin: "1 2 3\n",
		Files: map[string]string{
			"main.py":      "import sys\nfrom lib.add import add\nprint(add(map(int, input().split())))\nprint('to stderr', file=sys.stderr)",
			"lib/add.py":   "add = sum",
			"data/raw.bin": "\xff\x00",
		},
	})
	wantOK(t, out, "6\n")
	if out.Stderr != "to stderr\n" || out.Wall <= 0 || out.CPU <= 0 {
		t.Errorf("got %+v", out)
	}
}

func TestPythonFilesAreBytes(t *testing.T) {
	out := runOne(t, Program{Language: Python, Main: "main.py", Files: map[string]string{
		"main.py": "import sys; sys.stdout.buffer.write(open('raw', 'rb').read())", "raw": "\xff\x00\xfe",
	}})
	wantOK(t, out, "\xff\x00\xfe")
}

func TestPythonStandardLibrary(t *testing.T) {
	wantOK(t, python(t, `
import asyncio, collections, concurrent.futures, csv, ctypes, datetime, decimal, fractions, functools, hashlib, heapq
import itertools, json, math, multiprocessing, os, pickle, random, re, shutil, sqlite3, statistics, string, subprocess, sys
import tempfile, threading, time, typing, unittest, zlib
async def two(): await asyncio.sleep(0.001); return 2
assert asyncio.run(two()) == 2
with concurrent.futures.ThreadPoolExecutor(4) as pool: assert sum(pool.map(len, ["a", "bb"])) == 3
with tempfile.TemporaryDirectory() as d:
    open(d + "/a", "w").write("x" * 1000); shutil.copy2(d + "/a", d + "/b"); os.rename(d + "/b", "b")
assert os.path.getsize("b") == 1000
assert subprocess.run([sys.executable, "-c", "print(5)"], capture_output=True).stdout == b"5\n"
def child(q): q.put(3)
if __name__ == "__main__":
    q = multiprocessing.get_context("fork").Queue(); p = multiprocessing.get_context("fork").Process(target=child, args=(q,)); p.start(); assert q.get() == 3; p.join()
    assert sqlite3.connect(":memory:").execute("select 1+1").fetchone() == (2,)
    print(hash("a") != 0, "ä", os.environ.get("HOME"))
`, Limits{}), "True ä /tmp/work\n")
}

// TestPythonIsDeterministic: the order of a set of words is the same each time.
func TestPythonIsDeterministic(t *testing.T) {
	first := python(t, "print(list({str(i) for i in range(50)}))", Limits{})
	wantOK(t, python(t, "print(list({str(i) for i in range(50)}))", Limits{}), first.Stdout)
}

func TestGo(t *testing.T) {
	out := runOne(t, Program{
		Language: Go, Main: "main.go", Stdin: "1 2 3",
		Files: map[string]string{
			"main.go": "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tvar a, b, c int\n\tfmt.Scan(&a, &b, &c)\n\tfmt.Println(add(a, b, c))\n}\n",
			"add.go":  "package main\n\nfunc add[T int | float64](n ...T) (sum T) {\n\tfor _, v := range n {\n\t\tsum += v\n\t}\n\treturn sum\n}\n",
		},
	})
	wantOK(t, out, "6\n")
}

func TestGoStandardLibrary(t *testing.T) {
	wantOK(t, golangs(t, "fmt encoding/json reflect sort math/big regexp net/http/httptest crypto/sha256 time sync text/template os",
		`func main() {
	var m map[string]int
	json.Unmarshal([]byte("{\"a\":1}"), &m)
	sort.Ints([]int{2, 1})
	var w sync.WaitGroup
	w.Go(func() { time.Sleep(time.Millisecond) })
	w.Wait()
	template.Must(template.New("").Parse("{{.}} ")).Execute(os.Stdout, 1)
	fmt.Println(reflect.DeepEqual(m, map[string]int{"a": 1}), big.NewInt(7), regexp.MustCompile("a+").FindString("baa"), httptest.NewRecorder().Code, sha256.Sum256(nil)[0])
}`, Limits{}), "1 true 7 aa 200 227\n")
}

func TestGoThatDoesNotCompile(t *testing.T) {
	for source, want := range map[string]string{
		"func main() { undefined() }":    "main.go:2:15: undefined: undefined",
		"func main() {":                  "main.go:2:14: syntax error",
		"func other() {}":                "function main is undeclared",
		"import \"x/y\"\nfunc main() {}": "could not import x/y",
		"import \"C\"\nfunc main() {}":   "C",
	} {
		out := golangs(t, "", source, Limits{})
		if out.Reason != ReasonBuild || out.OK() || out.TimedOut || !strings.Contains(out.Stderr, want) {
			t.Errorf("%s: want a build's error with %q, got %+v", source, want, out)
		}
	}
}

func TestHowProgramsEnd(t *testing.T) {
	for _, c := range []struct {
		source, signal string
		exit           int
	}{
		{"", "", 0},
		{"import sys; sys.exit(3)", "", 3},
		{"raise ValueError", "", 1},
		{"import os; os._exit(200)", "", 200},
		{"import os; os._exit(137)", "", 137}, // not taken for SIGKILL
		{"import os; os.kill(os.getpid(), 9)", "SIGKILL", -1},
		{"import os; os.kill(os.getpid(), 15)", "SIGTERM", -1},
		{"import os; os.abort()", "SIGABRT", -1},
		{"import ctypes; ctypes.string_at(0)", "SIGSEGV", -1},
	} {
		out := python(t, c.source, Limits{})
		if out.ExitCode != c.exit || out.Signal != c.signal || out.Reason != "" || out.OK() != (c.source == "") {
			t.Errorf("%s: got %+v", c.source, out)
		}
	}
	out := golangs(t, "", "func main() { var p *int; *p = 1 }", Limits{})
	if out.ExitCode != 2 || !strings.Contains(out.Stderr, "nil pointer dereference") {
		t.Errorf("got %+v", out)
	}
}

func TestMalformedPrograms(t *testing.T) {
	s := &Sandbox{system{limits: defaults}}
	ok := map[string]string{"main.py": ""}
	for _, c := range []struct {
		program Program
		want    string
	}{
		{Program{Language: "perl", Files: ok, Main: "main.py"}, `language "perl"`},
		{Program{Language: Python}, "0 files"},
		{Program{Language: Python, Files: ok}, `main file ""`},
		{Program{Language: Python, Files: ok, Main: "other.py"}, `main file "other.py"`},
		{Program{Language: Python, Files: map[string]string{"a": "", "a/b": ""}, Main: "a"}, "is a file and the directory"},
		{Program{Language: Python, Files: map[string]string{"a": strings.Repeat("x", maxProgramBytes+1)}, Main: "a"}, "bytes: at most"},
		{Program{Language: Go, Files: map[string]string{"main.py": ""}}, ".go files"},
		{Program{Language: Go, Files: map[string]string{"a/main.go": ""}}, "one directory"},
		{Program{Language: Go, Files: map[string]string{"-V.go": ""}}, "hyphen"},
		{Program{Language: Python, Files: ok, Main: "main.py", Limits: Limits{Memory: -1}}, "Limits.Memory"},
		{Program{Language: Python, Files: ok, Main: "main.py", Limits: Limits{Wall: 1}}, "Limits.Wall"},
	} {
		if _, err := s.Run(t.Context(), c.program); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want an error with %q, got %v", c.want, err)
		}
	}
}

func TestCancel(t *testing.T) {
	s := openShared(t)
	cause := errors.New("the cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(300*time.Millisecond, func() { cancel(cause) })
	begin := time.Now()
	_, err := s.Run(ctx, Program{Language: Python, Main: "a", Files: map[string]string{"a": "import time; time.sleep(100)"}})
	if s.noPython == nil && !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	wantNothingLeft(t)
	if _, err := s.Run(ctx, Program{Language: Python, Main: "a", Files: map[string]string{"a": ""}}); s.noPython == nil && !errors.Is(err, cause) {
		t.Errorf("canceled before: got %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	openShared(t)
	var wait sync.WaitGroup
	for i := range 12 {
		wait.Go(func() {
			source := "print(" + strings.Repeat("1+", i) + "1)"
			wantOK(t, python(t, source, Limits{}), []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}[i]+"\n")
		})
	}
	wait.Wait()
	wantNothingLeft(t)
}

func TestCheck(t *testing.T) {
	r := Check()
	if _, err := exec.LookPath("bwrap"); err != nil {
		if r.Missing == nil || r.Layers[0].Have || r.Layers[0].Remedy == "" {
			t.Errorf("without bubblewrap: %+v", r)
		}
		t.Skip("bubblewrap is not installed")
	}
	if r.Missing != nil {
		t.Fatal(r.Missing)
	}
	for _, l := range append(r.Layers, r.Languages...) {
		t.Logf("%v %s: %s", l.Have, l.Name, l.Detail)
	}
}

func TestSelfTest(t *testing.T) {
	s := openShared(t)
	results, err := s.SelfTest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != len(trials)*len(s.Languages()) {
		t.Errorf("%d results", len(results))
	}
	for _, r := range results {
		if !r.Have {
			t.Errorf("%s %s", r.Name, r.Detail)
		}
	}
	for _, trial := range trials { // it can fail
		if trial.held(Outcome{Stdout: "/etc/passwd"}) {
			t.Errorf("%q takes any outcome", trial.name)
		}
	}
}
