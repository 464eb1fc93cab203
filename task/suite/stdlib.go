package suite

import (
	"context"
	"fmt"
	"go/ast"
	"go/build"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/polymath-lm/polymath/internal/goroot"
	"github.com/polymath-lm/polymath/task"
)

// library is what the exam knows of Go's standard library: what it exports on
// linux/amd64 without cgo, so that the questions are the same on every machine
// with the same version of Go.
type library struct {
	packages  []*libraryPackage // by path
	functions []function        // of all packages
	aliases   map[string]string // "os.FileMode" to "fs.FileMode"
	named     map[string]int    // how many packages have a name: rand is that of three
}

type libraryPackage struct {
	path, name string
	doc        *doc.Package
	// names are all package-level names on any system, so that nothing is
	// said not to exist that does elsewhere.
	names     map[string]bool
	functions []function // by name
	// renamed are the names of packages by the other names under which files import them.
	renamed map[string]string
}

var readLibrary = sync.OnceValues(func() (*library, error) {
	root, err := goroot.Find(context.Background())
	if err != nil {
		return nil, fmt.Errorf("%w: the examination on Go's standard library is made of its sources: %w", task.ErrNoData, err)
	}
	return parseLibrary(filepath.Join(root, "src"))
})

// parseLibrary reads all public packages below src.
func parseLibrary(src string) (*library, error) {
	var dirs []string
	err := filepath.WalkDir(src, func(file string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		switch name := d.Name(); name {
		case "internal", "vendor", "testdata", "cmd", "builtin", "unsafe":
			return filepath.SkipDir
		default:
			if name[0] == '_' || name[0] == '.' {
				return filepath.SkipDir
			}
		}
		dirs = append(dirs, file)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("the standard library of Go: %w", err)
	}
	lib := &library{aliases: map[string]string{}, named: map[string]int{}}
	found := make([]*libraryPackage, len(dirs))
	faults := make([]error, len(dirs))
	var wait sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, dir := range dirs {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			relative, err := filepath.Rel(src, dir)
			if err == nil {
				found[i], err = parsePackage(dir, filepath.ToSlash(relative))
			}
			faults[i] = err
		})
	}
	wait.Wait()
	for i, p := range found {
		if faults[i] != nil {
			return nil, fmt.Errorf("the standard library of Go: %w", faults[i])
		}
		if p != nil {
			lib.packages = append(lib.packages, p)
			lib.addAliases(p)
			lib.named[p.name]++
		}
	}
	for _, p := range lib.packages {
		p.functions = lib.functionsOf(p)
		lib.functions = append(lib.functions, p.functions...)
	}
	if len(lib.packages) == 0 {
		return nil, fmt.Errorf("the standard library of Go: there is no package below %s", src)
	}
	return lib, nil
}

// parsePackage returns nil for a directory that holds no package for linux/amd64.
func parsePackage(dir, importPath string) (*libraryPackage, error) {
	fset := token.NewFileSet()
	system := build.Default
	system.GOOS, system.GOARCH, system.CgoEnabled = "linux", "amd64", false
	built, err := system.ImportDir(dir, 0)
	if err != nil {
		if _, none := err.(*build.NoGoError); none {
			return nil, nil
		}
		return nil, err
	}
	if built.Name == "main" {
		return nil, nil
	}
	all, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	p := &libraryPackage{path: importPath, name: built.Name, names: map[string]bool{}, renamed: map[string]string{}}
	var files []*ast.File
	for _, name := range all {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.addNames(file)
		if slices.Contains(built.GoFiles, filepath.Base(name)) {
			files = append(files, file)
		}
	}
	p.doc, err = doc.NewFromFiles(fset, files, importPath)
	return p, err
}

// addNames notes the package-level names of a file, and names of imports.
func (p *libraryPackage) addNames(file *ast.File) {
	for _, spec := range file.Imports {
		if spec.Name != nil {
			p.renamed[spec.Name.Name] = path.Base(strings.Trim(spec.Path.Value, `"`))
		}
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				p.names[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					p.names[s.Name.Name] = true
				case *ast.ValueSpec:
					for _, name := range s.Names {
						p.names[name.Name] = true
					}
				}
			}
		}
	}
}

func (l *library) addAliases(p *libraryPackage) {
	for _, t := range p.doc.Types {
		for _, spec := range t.Decl.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok && s.Assign.IsValid() {
				l.aliases[p.name+"."+s.Name.Name] = typeText(s.Type, p)
			}
		}
	}
}

// function is an exported function that does not belong to a type and has no type
// parameters.
type function struct {
	in        *libraryPackage
	name, doc string
	// arguments and results are types without names, such as "(int, error)", with
	// aliases replaced; "" where the package alone can name one of them, or where the
	// name of a package is that of several.
	arguments, results string
}

// functionsOf lists those of a package, when all aliases are known: also the ones that documentation lists under
// the type they return.
func (l *library) functionsOf(p *libraryPackage) []function {
	declared := slices.Clone(p.doc.Funcs)
	for _, t := range p.doc.Types {
		declared = append(declared, t.Funcs...)
	}
	var list []function
	for _, f := range declared {
		if f.Decl.Type.TypeParams != nil {
			continue
		}
		list = append(list, function{
			in: p, name: f.Name, doc: firstSentence(f),
			arguments: l.fields(f.Decl.Type.Params, p), results: l.fields(f.Decl.Type.Results, p),
		})
	}
	slices.SortFunc(list, func(a, b function) int { return strings.Compare(a.name, b.name) })
	return list
}

// firstSentence is what the documentation says of the function, without its name
// in front; "" where it does not begin with it.
func firstSentence(f *doc.Func) string {
	text := new(doc.Package).Synopsis(f.Doc)
	rest, ok := strings.CutPrefix(text, f.Name+" ")
	if !ok || !strings.HasSuffix(rest, ".") || len(rest) < 20 || strings.Contains(rest, f.Name) {
		return ""
	}
	return rest
}

// fields are the types of parameters or results, in parentheses.
func (l *library) fields(list *ast.FieldList, p *libraryPackage) string {
	var types []string
	if list != nil {
		for _, field := range list.List {
			text := l.plain(typeText(field.Type, p))
			if text == "" || p.hides(text) || l.vague(text) {
				return ""
			}
			for range max(len(field.Names), 1) {
				types = append(types, text)
			}
		}
	}
	return "(" + strings.Join(types, ", ") + ")"
}
