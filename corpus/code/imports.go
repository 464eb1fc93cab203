package code

import (
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// mostImports bounds the import statements of a file that are looked at.
const mostImports = 1000

var moduleLine = regexp.MustCompile(`(?m)^module[ \t]+"?([^\s"]+)`)

// moduleOf is the module that a go.mod file names.
func moduleOf(content []byte) string {
	if m := moduleLine.FindSubmatch(content); m != nil {
		return string(m[1])
	}
	return ""
}

func isGoTest(name string) bool { return strings.HasSuffix(name, "_test.go") }

// goNeeds are the files of the packages that a file of Go imports; a test needs those of
// its own package too.
func (s *sorter) goNeeds(f *Source) []int {
	var list []int
	if isGoTest(f.Path) {
		list = append(list, s.dirs[path.Dir(f.Path)]...)
	}
	parsed, _ := parser.ParseFile(token.NewFileSet(), f.Path, f.Content, parser.ImportsOnly)
	if parsed == nil { // what is no Go needs nothing
		return list
	}
	for _, spec := range parsed.Imports[:min(len(parsed.Imports), mostImports)] {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if dir, ok := s.goDir(name); ok && dir != path.Dir(f.Path) {
			list = append(list, s.dirs[dir]...)
		}
	}
	return list
}

// goDir is the directory of a package, in the module with the longest name that it can
// be of. The standard library's module is called std, and its packages have no prefix.
func (s *sorter) goDir(name string) (dir string, ok bool) {
	longest := -1
	for module, root := range s.module {
		below, found := name, module == "std"
		if !found {
			below, found = strings.CutPrefix(name+"/", module+"/")
		}
		length := len(module)
		if module == "std" {
			length = 0
		}
		if found && length > longest {
			longest, dir, ok = length, path.Join(root, below), true
		}
	}
	return dir, ok
}

var pythonImport = regexp.MustCompile(`(?m)^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+\(?([\w \t,]*)|import[ \t]+([\w.]+(?:[ \t]+as[ \t]+\w+)?(?:[ \t]*,[ \t]*[\w.]+)*))`)

// pythonImports are the files that modules may be, each with what may be in its place.
func pythonImports(f *Source) [][]string {
	var list [][]string
	dir := path.Dir(f.Path)
	roots := []string{"", "src", "lib", dir}
	add := func(roots []string, module string) {
		below := strings.ReplaceAll(module, ".", "/")
		var candidates []string
		for _, root := range roots {
			for _, end := range []string{".py", "/__init__.py"} {
				candidates = append(candidates, path.Join(root, below)+end)
			}
		}
		list = append(list, candidates)
	}
	for _, m := range pythonImport.FindAllSubmatch(f.Content, mostImports) {
		if len(m[3]) > 0 {
			for _, name := range strings.Split(string(m[3]), ",") {
				name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
				add(roots, name)
			}
			continue
		}
		module, from := string(m[1]), roots
		if dots := len(module) - len(strings.TrimLeft(module, ".")); dots > 0 {
			from = []string{path.Join(dir, strings.Repeat("../", dots-1))}
			module = module[dots:]
		}
		if module != "" {
			add(from, module)
		}
		for _, name := range strings.Split(string(m[2]), ",") {
			name, _, _ = strings.Cut(strings.TrimSpace(name), " ")
			if name != "" {
				add(from, strings.TrimPrefix(module+"."+name, "."))
			}
		}
	}
	return list
}

var scriptImport = regexp.MustCompile(`(?:\bfrom|\bimport|\brequire[ \t]*\(|\bimport[ \t]*\()[ \t]*["'](\.[^"'\n]*)["']`)

// scriptImports are the files that a file of JavaScript or TypeScript may name; those of
// libraries are none of its repository's.
func scriptImports(f *Source) [][]string {
	var list [][]string
	for _, m := range scriptImport.FindAllSubmatch(f.Content, mostImports) {
		name := path.Join(path.Dir(f.Path), string(m[1]))
		bare := strings.TrimSuffix(name, ".js") // TypeScript names what it becomes
		candidates := []string{name}
		for _, end := range []string{".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".svelte", ".vue", "/index.ts", "/index.tsx", "/index.js"} {
			candidates = append(candidates, name+end, bare+end)
		}
		list = append(list, candidates)
	}
	return list
}

var include = regexp.MustCompile(`(?m)^[ \t]*#[ \t]*(?:include|import)[ \t]*["<]([^">\n]+)[">]`)

// includes are the headers that a file of C names.
func includes(f *Source) [][]string {
	var list [][]string
	for _, m := range include.FindAllSubmatch(f.Content, mostImports) {
		name := string(m[1])
		list = append(list, []string{path.Join(path.Dir(f.Path), name), name, path.Join("include", name), path.Join("src", name)})
	}
	return list
}
