package grade

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// goReaches are packages by which a Go program reaches into its own memory or out of
// itself. Those below them count too.
var goReaches = []string{"unsafe", "C", "runtime", "syscall", "plugin", "debug", "os/exec", "os/signal"}

// Forges says in a few words by what Go code that a model wrote could pass tests that
// it should not; "" where it has nothing of the kind. Code and tests are one program, so
// code may define what the tests go by: another panic, another true. A policy that is
// paid for passing finds such things, so what is trained on is held to this;
// examinations are not, for few of their answers cheat and some that do not have one of
// these words. Tests of Python that stand apart need no such thing.
//
// It looks at the declarations of code that is a file, or a part of one. Code that goes
// on inside of a function declares nothing outside of it. It knows a list of tricks and
// proves nothing.
func Forges(code string) string {
	file := parseGo(code)
	if file == nil {
		return ""
	}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err == nil && slices.ContainsFunc(goReaches, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") }) {
			return "imports " + path
		}
	}
	for _, name := range declared(file) {
		if types.Universe.Lookup(name) != nil {
			return "declares " + name
		}
	}
	return ""
}

// parseGo is nil for what is no declarations.
func parseGo(code string) *ast.File {
	for _, before := range []string{"", "package main\n"} {
		if file, err := parser.ParseFile(token.NewFileSet(), "", before+code, parser.SkipObjectResolution); err == nil {
			return file
		}
	}
	return nil
}

// declared are the names of a file's declarations and imports.
func declared(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				names = append(names, specified(spec)...)
			}
		}
	}
	return names
}

func specified(spec ast.Spec) (names []string) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		names = append(names, s.Name.Name)
	case *ast.ImportSpec:
		if s.Name != nil {
			names = append(names, s.Name.Name)
		}
	case *ast.ValueSpec:
		for _, n := range s.Names {
			names = append(names, n.Name)
		}
	}
	return names
}
