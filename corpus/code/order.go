package code

import (
	"path"
	"slices"
	"strings"
)

// Source is a file of a repository, for InOrder.
type Source struct {
	Path     string // below the root, with slashes
	Language string // as Language says
	Content  []byte
}

// InOrder returns the numbers of the files in an order in which what a file is built on
// stands before it, as far as that goes round in no circle: for Go the packages that it
// imports, for Python, JavaScript, TypeScript, C and C++ the files that it names; tests
// come behind what they test. What nothing orders is in the order of paths, with files
// about a directory, such as README, before the others of it. The order is a function of
// the files alone.
func InOrder(files []Source) []int {
	s := newSorter(files)
	for _, i := range s.byPath {
		s.visit(i)
	}
	return s.order
}

// sorter puts files into an order, depth first.
type sorter struct {
	files  []Source
	byPath []int
	at     map[string]int   // number of a file, by its path
	dirs   map[string][]int // numbers of the Go files of a directory that are no tests
	module map[string]string
	seen   []bool
	order  []int
}

func newSorter(files []Source) *sorter {
	s := &sorter{
		files: files, at: map[string]int{}, dirs: map[string][]int{}, module: map[string]string{}, seen: make([]bool, len(files)),
	}
	for i := range files {
		s.byPath = append(s.byPath, i)
		s.at[files[i].Path] = i
	}
	slices.SortStableFunc(s.byPath, func(a, b int) int { return comparePaths(files[a].Path, files[b].Path) })
	for _, i := range s.byPath {
		switch f := &files[i]; {
		case path.Base(f.Path) == "go.mod":
			if name := moduleOf(f.Content); name != "" {
				s.module[name] = path.Dir(f.Path)
			}
		case f.Language == "Go" && !isGoTest(f.Path):
			s.dirs[path.Dir(f.Path)] = append(s.dirs[path.Dir(f.Path)], i)
		}
	}
	return s
}

// comparePaths compares directory by directory; in each the files come before the
// directories, and those about it first.
func comparePaths(a, b string) int {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	for i := 0; i < len(x) && i < len(y); i++ {
		lastX, lastY := i == len(x)-1, i == len(y)-1
		switch {
		case lastX != lastY:
			if lastX {
				return -1
			}
			return 1
		case lastX && about(x[i]) != about(y[i]):
			return about(x[i]) - about(y[i])
		case x[i] != y[i]:
			return strings.Compare(x[i], y[i])
		}
	}
	return 0
}

// about is less for files that say what the others are.
func about(name string) int {
	upper := strings.ToUpper(name)
	switch {
	case strings.HasPrefix(upper, "README"):
		return 0
	case name == "go.mod" || name == "package.json" || name == "pyproject.toml" || name == "setup.py" || name == "doc.go" || name == "__init__.py":
		return 1
	}
	return 2
}

// visit puts what a file needs into the order, and then itself. Files that need one
// another are in the order in which they are come upon; the depth of the recursion is no
// more than the number of files.
func (s *sorter) visit(i int) {
	if s.seen[i] {
		return
	}
	s.seen[i] = true
	for _, k := range s.needs(i) {
		s.visit(k)
	}
	s.order = append(s.order, i)
}

// needs are the files that one is built on.
func (s *sorter) needs(i int) []int {
	f := &s.files[i]
	switch f.Language {
	case "Go":
		return s.goNeeds(f)
	case "Python":
		return s.find(pythonImports(f))
	case "JavaScript", "TypeScript", "JSX", "TSX":
		return s.find(scriptImports(f))
	case "C", "C++", "Objective-C":
		return s.find(includes(f))
	}
	return nil
}

// find are the files that are there: of each list of candidates the first.
func (s *sorter) find(wanted [][]string) []int {
	var list []int
	for _, candidates := range wanted {
		for _, name := range candidates {
			if i, ok := s.at[path.Clean(name)]; ok {
				list = append(list, i)
				break
			}
		}
	}
	return list
}
