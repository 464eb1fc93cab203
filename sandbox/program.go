package sandbox

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// What a Program may hold: far more than any item of an examination.
const (
	maxProgramFiles = 256
	maxProgramBytes = 16 << 20
	maxNameBytes    = 255
	maxNameDepth    = 8
)

// check names what is wrong with a program: its files are written with these
// names, so no name may lead out of the directory.
func (p *Program) check() error {
	if p.Language != Python && p.Language != Go {
		return fmt.Errorf("sandbox: language %q: want %q or %q", p.Language, Python, Go)
	}
	if len(p.Files) == 0 || len(p.Files) > maxProgramFiles {
		return fmt.Errorf("sandbox: a program of %d files: want 1 to %d", len(p.Files), maxProgramFiles)
	}
	size := len(p.Stdin)
	for _, name := range slices.Sorted(maps.Keys(p.Files)) {
		if err := checkName(name); err != nil {
			return err
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := p.Files[dir]; ok {
				return fmt.Errorf("sandbox: %q is a file and the directory of %q", dir, name)
			}
		}
		if p.Language == Go && (path.Dir(name) != "." || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go")) {
			return fmt.Errorf("sandbox: file %q: a Go program is .go files of one package main, in one directory", name)
		}
		size += len(p.Files[name])
	}
	if size > maxProgramBytes {
		return fmt.Errorf("sandbox: a program of %d bytes: at most %d", size, maxProgramBytes)
	}
	if _, ok := p.Files[p.Main]; !ok && (p.Main != "" || p.Language == Python) {
		return fmt.Errorf("sandbox: main file %q is not among the program's files", p.Main)
	}
	return nil
}

func checkName(name string) error {
	switch {
	case name == "" || len(name) > maxNameBytes:
		return fmt.Errorf("sandbox: a file name of %d bytes: want 1 to %d", len(name), maxNameBytes)
	case name != path.Clean(name) || path.IsAbs(name) || name == "." || name == ".." || strings.HasPrefix(name, "../"):
		return fmt.Errorf("sandbox: file name %q: want a relative name inside the program's directory, such as main.py", name)
	case strings.ContainsAny(name, "\x00\n\\") || strings.HasPrefix(name, "-"):
		return fmt.Errorf("sandbox: file name %q: no NUL, line break, backslash or leading hyphen", name)
	case strings.Count(name, "/") >= maxNameDepth:
		return fmt.Errorf("sandbox: file name %q: at most %d directories deep", name, maxNameDepth)
	}
	return nil
}
