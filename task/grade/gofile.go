package grade

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// goImports are the import paths of a Go source that may end anywhere behind them.
func goImports(source string) []string {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.ImportsOnly)
	if err != nil {
		return nil
	}
	var paths []string
	for _, spec := range file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil && spec.Name == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// goFile is a Go source that is changed.
type goFile struct {
	text string
	file *ast.File
	cuts [][2]token.Pos
}

// settleGo makes a program of an answer that is a whole file and of the tests behind
// it. An example's function main goes, for the tests have their own, with imports
// that nothing else uses. What is used of the imports that the answer's prompt had
// is imported, since the tests may need it. Text that is not Go stays as it is.
func settleGo(text string, promptImports []string) string {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return text
	}
	g := &goFile{text: text, file: file}
	before := g.used()
	g.dropMains()
	after := g.used()
	imported := map[string]bool{}
	for _, d := range file.Decls {
		if group, ok := d.(*ast.GenDecl); ok && group.Tok == token.IMPORT {
			g.dropImports(group, func(name string) bool { return before[name] && !after[name] }, imported)
		}
	}
	var missing strings.Builder
	for _, p := range promptImports {
		if name := packageName(p); after[name] && !imported[name] {
			missing.WriteString("\nimport " + strconv.Quote(p) + "\n")
		}
	}
	return g.cut(missing.String())
}

// dropMains cuts all functions main but the last.
func (g *goFile) dropMains() {
	last := true
	for i, d := range slices.Backward(g.file.Decls) {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || f.Name.Name != "main" {
			continue
		}
		if !last {
			g.cuts = append(g.cuts, [2]token.Pos{f.Pos(), f.End()})
			g.file.Decls = slices.Delete(g.file.Decls, i, i+1)
		}
		last = false
	}
}

// used are the names of which something is used with a dot.
func (g *goFile) used() map[string]bool {
	names := map[string]bool{}
	ast.Inspect(g.file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				names[x.Name] = true
			}
		}
		return true
	})
	return names
}

// dropImports cuts those of a group of which useless says so, and lists the others.
func (g *goFile) dropImports(group *ast.GenDecl, useless func(name string) bool, imported map[string]bool) {
	for _, spec := range group.Specs {
		one := spec.(*ast.ImportSpec)
		p, err := strconv.Unquote(one.Path.Value)
		if err != nil {
			continue
		}
		name := packageName(p)
		if one.Name != nil {
			name = one.Name.Name
		}
		switch {
		case !useless(name):
			imported[name] = true
		case group.Lparen.IsValid():
			g.cuts = append(g.cuts, [2]token.Pos{one.Pos(), one.End()})
		default:
			g.cuts = append(g.cuts, [2]token.Pos{group.Pos(), group.End()})
		}
	}
}

// cut returns the text without what was cut, with insert behind the package clause.
func (g *goFile) cut(insert string) string {
	slices.SortFunc(g.cuts, func(a, b [2]token.Pos) int { return int(b[0] - a[0]) })
	text, start := g.text, g.file.FileStart
	for _, c := range g.cuts {
		rest := text[c[1]-start:]
		if after, ok := strings.CutPrefix(strings.TrimLeft(rest, " \t"), ";"); ok {
			rest = after
		}
		text = text[:c[0]-start] + rest
	}
	end := g.file.Name.End() - start
	if insert != "" {
		insert = ";" + insert // a comment may follow in the line
	}
	return text[:end] + insert + text[end:]
}

var version = regexp.MustCompile(`^v[0-9]+$`)

// packageName is that of a package of the standard library.
func packageName(p string) string {
	if version.MatchString(path.Base(p)) {
		p = path.Dir(p)
	}
	return path.Base(p)
}
