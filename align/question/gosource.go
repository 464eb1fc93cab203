package question

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/corpus/code"
)

// readGo reads the package of a directory: what it exports on linux/amd64 without cgo,
// so that the questions are the same on every machine. Names of files for other
// systems are known all the same. A file that is no Go, a program, and a directory
// with several packages that are no tests are passed over: they are no documentation.
func readGo(c *collector, files []file) error {
	p, err := parseGo(files)
	if err != nil || p == nil {
		return err
	}
	p.add(c)
	return nil
}

// goPackage is what is known of a package.
type goPackage struct {
	name, path string
	doc        *doc.Package
	fset       *token.FileSet
	declared   []string // by any file, as Name and Type.Name
	license    string
}

// parseGo returns nil for a directory that documents nothing.
func parseGo(files []file) (*goPackage, error) {
	p := &goPackage{fset: token.NewFileSet()}
	var built []*ast.File
	for _, f := range files {
		path := unpacked(f.path) // package doc wants the ending
		parsed, err := parser.ParseFile(p.fset, path, f.content, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			continue // examples of what does not compile, templates of code
		}
		test := strings.HasSuffix(path, "_test.go")
		if !test {
			p.declare(parsed)
		}
		if _, made := code.Generated(unpacked(f.name), f.content); made || !goFileMatches(f) {
			continue
		}
		switch name := parsed.Name.Name; {
		case test || name == "documentation":
		case p.name == "":
			p.name, p.license = name, code.FileLicense(f.content)
		case p.name != name:
			return nil, nil
		}
		built = append(built, parsed)
	}
	if p.name == "" || p.name == "main" {
		return nil, nil
	}
	built = ofPackage(p, built)
	p.path = importPath(filepath.Dir(files[0].path), p.name)
	var err error
	if p.doc, err = doc.NewFromFiles(p.fset, built, p.path); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Dir(files[0].path), err)
	}
	return p, nil
}

// ofPackage keeps the files of the package and of its tests.
func ofPackage(p *goPackage, files []*ast.File) (own []*ast.File) {
	for _, f := range files {
		if name := strings.TrimSuffix(f.Name.Name, "_test"); name == p.name {
			own = append(own, f)
		}
	}
	return own
}

// goFileMatches reports whether a file is built on linux/amd64.
func goFileMatches(f file) bool {
	system := build.Default
	system.GOOS, system.GOARCH, system.CgoEnabled = "linux", "amd64", false
	system.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(f.content)), nil }
	ok, err := system.MatchFile(filepath.Dir(f.path), filepath.Base(unpacked(f.path)))
	return ok && err == nil
}

// declare notes the names of a file.
func (p *goPackage) declare(f *ast.File) {
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil && len(d.Recv.List) > 0 {
				name = receiver(d.Recv.List[0].Type) + "." + name
			}
			p.declared = append(p.declared, name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				p.declareSpec(spec)
			}
		}
	}
}

func (p *goPackage) declareSpec(spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range s.Names {
			p.declared = append(p.declared, name.Name)
		}
	case *ast.TypeSpec:
		p.declared = append(p.declared, s.Name.Name)
		var list *ast.FieldList
		switch t := s.Type.(type) {
		case *ast.StructType:
			list = t.Fields
		case *ast.InterfaceType:
			list = t.Methods
		default:
			return
		}
		for _, field := range list.List {
			for _, name := range field.Names {
				p.declared = append(p.declared, s.Name.Name+"."+name.Name)
			}
		}
	}
}

// receiver is the name of the type that has a method.
func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.Ident:
		return t.Name
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.IndexListExpr:
		return receiver(t.X)
	case *ast.ParenExpr:
		return receiver(t.X)
	}
	return ""
}

// importPath is the path below the module that a directory is of, or its own name
// where none is found.
func importPath(dir, name string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return name
	}
	for root := abs; ; root = filepath.Dir(root) {
		if content, err := os.ReadFile(filepath.Join(root, "go.mod")); err == nil {
			return strings.TrimPrefix(moduleOf(content)+below(root, abs), "std/")
		}
		if filepath.Dir(root) == root {
			return name
		}
	}
}

func below(root, dir string) string {
	relative, err := filepath.Rel(root, dir)
	if err != nil || relative == "." {
		return ""
	}
	return "/" + filepath.ToSlash(relative)
}

// moduleOf is the path that a go.mod gives.
func moduleOf(content []byte) string {
	for line := range strings.Lines(string(content)) {
		if rest, ok := strings.CutPrefix(line, "module "); ok {
			return strings.Trim(strings.TrimSpace(rest), `"`)
		}
	}
	return ""
}
