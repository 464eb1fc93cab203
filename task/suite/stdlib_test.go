package suite

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/goroot"
)

// TestStdlibAnswers asks Go's type checker: of the choices, the right one is true
// and the others are not.
func TestStdlibAnswers(t *testing.T) {
	root, err := goroot.Find(t.Context())
	if err != nil {
		t.Skip(err)
	}
	lib, err := parseLibrary(filepath.Join(root, "src"))
	if err != nil {
		t.Fatal(err)
	}
	before := build.Default
	build.Default.GOROOT, build.Default.GOOS, build.Default.GOARCH, build.Default.CgoEnabled = root, "linux", "amd64", false
	t.Cleanup(func() { build.Default = before })
	check := &checker{fset: token.NewFileSet(), lib: lib}
	check.imports = importer.ForCompiler(check.fset, "source", nil)

	number := 180 // type-checking the whole library takes a minute
	if os.Getenv("POLYMATH_DATA") != "" {
		number = 1800
	}
	rows, err := lib.exam(number, 5)
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	for _, row := range rows {
		question, section := text(t, row, "question"), text(t, row, "section")
		choices, gold := choicesOf(t, row)
		for i, choice := range choices {
			var holds bool
			switch section {
			case "package of a function":
				name := regexp.MustCompile(`the function (\w+)\?$`).FindStringSubmatch(question)[1]
				holds = check.isFunction(t, choice, name)
			case "function of a package":
				path := regexp.MustCompile(`does package (\S+) of`).FindStringSubmatch(question)[1]
				holds = check.isFunction(t, path, choice)
			case "results of a function", "arguments of a function":
				m := regexp.MustCompile(`(results|arguments) of (\w+)\.(\w+)\?$`).FindStringSubmatch(question)
				holds = check.hasTypes(t, row["cluster"].(string), m[3], m[1], choice)
			case "purpose of a function", "function for a purpose":
				continue // see TestPurposes
			default:
				t.Fatalf("section %q", section)
			}
			asked[section]++
			if holds != (i == gold) {
				t.Errorf("%s: %s: holds is %v", question, choice, holds)
			}
		}
	}
	for _, section := range []string{"package of a function", "function of a package", "results of a function", "arguments of a function"} {
		if asked[section] < number/2 {
			t.Errorf("only %d choices of %q were looked at", asked[section], section)
		}
	}
}

type checker struct {
	fset    *token.FileSet
	imports types.Importer
	lib     *library
}

func (c *checker) isFunction(t *testing.T, path, name string) bool {
	t.Helper()
	p, err := c.imports.Import(path)
	if err != nil {
		t.Fatal(err)
	}
	_, ok := p.Scope().Lookup(name).(*types.Func)
	return ok
}

// hasTypes reads a choice such as "([]byte, error)" as Go, with the packages that
// it names imported, and compares types.
func (c *checker) hasTypes(t *testing.T, path, name, what, choice string) bool {
	t.Helper()
	p, err := c.imports.Import(path)
	if err != nil {
		t.Fatal(err)
	}
	f, ok := p.Scope().Lookup(name).(*types.Func)
	if !ok {
		t.Fatalf("%s.%s is no function", path, name)
	}
	signature := f.Signature()
	tuple := signature.Results()
	if what == "arguments" {
		tuple = signature.Params()
	}
	source := "package x\n"
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`(\w+)\.\w+`).FindAllStringSubmatch(choice, -1) {
		if seen[m[1]] {
			continue
		}
		seen[m[1]] = true
		source += fmt.Sprintf("import %q\n", c.pathOf(t, p, m[1]))
	}
	source += "func f" + choice + " {}\n"
	file, err := parser.ParseFile(c.fset, "x.go", source, 0)
	if err != nil {
		t.Fatalf("%s\n%v", source, err)
	}
	config := types.Config{Importer: c.imports}
	checked, err := config.Check("x", c.fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatalf("%s\n%v", source, err)
	}
	params := checked.Scope().Lookup("f").(*types.Func).Signature()
	if what == "arguments" && params.Variadic() != signature.Variadic() {
		return false
	}
	return types.Identical(types.NewSignatureType(nil, nil, nil, params.Params(), nil, params.Variadic()),
		types.NewSignatureType(nil, nil, nil, tuple, nil, params.Variadic()))
}

// pathOf is the package that p means by a name: itself, what it imports, or the
// only one of that name.
func (c *checker) pathOf(t *testing.T, p *types.Package, name string) string {
	t.Helper()
	if p.Name() == name {
		return p.Path()
	}
	for _, i := range p.Imports() {
		if i.Name() == name {
			return i.Path()
		}
	}
	for _, l := range c.lib.packages {
		if l.name == name {
			return l.path
		}
	}
	t.Fatalf("%s: no package is called %s", p.Path(), name)
	return ""
}

// TestPurposes looks for the text in the comments of the sources.
func TestPurposes(t *testing.T) {
	root, err := goroot.Find(t.Context())
	if err != nil {
		t.Skip(err)
	}
	rows, err := goStdlib(900, 5)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{} // of a package, on one line
	read := func(path string) string {
		if comments[path] == "" {
			names, err := filepath.Glob(filepath.Join(root, "src", filepath.FromSlash(path), "*.go"))
			if err != nil {
				t.Fatal(err)
			}
			var all strings.Builder
			for _, name := range names {
				source, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				for line := range strings.Lines(string(source)) {
					if c, ok := strings.CutPrefix(strings.TrimSpace(line), "//"); ok {
						all.WriteString(strings.ReplaceAll(c, "\t", " "))
					} else {
						all.WriteString("\n" + line)
					}
				}
			}
			comments[path] = plainComment(all.String())
		}
		return comments[path]
	}
	looked := 0
	for _, row := range rows {
		choices, gold := choicesOf(t, row)
		question, path := text(t, row, "question"), text(t, row, "cluster")
		says := func(name, purpose string) bool {
			return strings.Contains(read(path), plainComment(" "+name+" "+strings.TrimSuffix(purpose, ".")))
		}
		for i, choice := range choices {
			var holds bool
			switch row["section"] {
			case "purpose of a function":
				holds = says(regexp.MustCompile(`of function (\w+)`).FindStringSubmatch(question)[1], choice)
			case "function for a purpose":
				_, purpose, _ := strings.Cut(question, " does the documentation say that it ")
				holds = says(choice, strings.TrimSuffix(purpose, "?"))
			default:
				continue
			}
			looked++
			if holds != (i == gold) {
				t.Errorf("%s: %s: holds is %v", question, choice, holds)
			}
		}
	}
	if looked < 800 {
		t.Errorf("only %d choices were looked at", looked)
	}
}

// plainComment leaves out what go/doc changes in a sentence.
func plainComment(s string) string {
	s = strings.NewReplacer("``", "“", "''", "”", "[", "", "]", "").Replace(s)
	return regexp.MustCompile(" +").ReplaceAllString(s, " ")
}

// TestParseLibrary reads a library of three packages.
func TestParseLibrary(t *testing.T) {
	src := t.TempDir()
	for name, content := range map[string]string{
		"alpha/a.go": "// Package alpha is first.\npackage alpha\n\nimport b \"zeta\"\n\ntype Alias = b.Thing\n\ntype secret int\n\n" +
			"// Make makes a thing of the bytes that it gets.\nfunc Make(p []byte, n, m int) (b.Thing, error) { return b.Thing{}, nil }\n\n" +
			"func Same(a Alias) any { return a }\nfunc Hidden() secret { return 0 }\nfunc small() {}\nfunc Generic[T any](t T) T { return t }\n",
		"alpha/a_test.go":       "package alpha\n\nfunc TestOnly() {}\n",
		"alpha/a_windows.go":    "package alpha\n\nfunc OnlyWindows() {}\n",
		"zeta/z.go":             "package zeta\n\ntype Thing struct{}\n",
		"internal/i/i.go":       "package i\n\nfunc Inside() {}\n",
		"cmd/c/c.go":            "package main\n",
		"tool/t.go":             "package main\n\nfunc Tool() {}\n",
		"alpha/testdata/bad.go": "package",
	} {
		file := filepath.Join(src, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	lib, err := parseLibrary(src)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, p := range lib.packages {
		paths = append(paths, p.path)
	}
	if !slices.Equal(paths, []string{"alpha", "zeta"}) {
		t.Fatalf("packages %v", paths)
	}
	alpha := lib.packages[0]
	if !alpha.names["OnlyWindows"] || alpha.names["TestOnly"] || !alpha.names["small"] {
		t.Errorf("names %v", alpha.names)
	}
	got := fmt.Sprint(alpha.functions)
	want := fmt.Sprint([]function{
		{in: alpha, name: "Hidden", arguments: "()"},
		{in: alpha, name: "Make", doc: "makes a thing of the bytes that it gets.", arguments: "([]uint8, int, int)", results: "(zeta.Thing, error)"},
		{in: alpha, name: "Same", arguments: "(zeta.Thing)", results: "(interface{})"},
	})
	if got != want {
		t.Errorf("functions\n%s\nwant\n%s", got, want)
	}
	if _, err := lib.exam(10, 1); err == nil || !strings.Contains(err.Error(), "no question") {
		t.Errorf("an examination of three functions: %v", err)
	}
	if _, err := parseLibrary(filepath.Join(src, "alpha", "testdata")); err == nil {
		t.Error("a broken file is read")
	}
	if _, err := parseLibrary(filepath.Join(src, "none")); err == nil {
		t.Error("a directory that is not there is read")
	}
}
