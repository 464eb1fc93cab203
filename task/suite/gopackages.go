package suite

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/internal/goroot"
	"github.com/polymath-lm/polymath/task"
)

// leastPackage is the size of a package that makes a text, in bytes.
const leastPackage = 64 << 10

// Of go_files, in bytes: files that a window of 2,048 tokens holds.
const leastFile, mostFile = 1 << 10, 5 << 10

func init() { Generators["go_packages"], Generators["go_files"] = goPackages, goShort }

// goPackages makes long texts of what everybody with Go has: each is a package of the
// toolchain's library, its files one after another, each below its name; tests, and
// what a program wrote, are left out. The largest packages come first. Rows have id and
// text; the seed changes nothing.
func goPackages(n int, _ uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	root, files, err := libraryFiles()
	if err != nil {
		return nil, err
	}
	packages := map[string][]byte{}
	slices.Sort(files)
	for _, file := range files {
		source, err := ownSource(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return nil, err
		}
		if source != nil {
			dir := path.Dir(file)
			packages[dir] = fmt.Appendf(packages[dir], "// %s\n\n%s\n", file, source)
		}
	}
	return packageRows(packages, n), nil
}

// goShort makes short texts: files of the library, in an order by the seed.
func goShort(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	root, files, err := libraryFiles()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b string) int {
		return cmp.Or(cmp.Compare(nameHash(a, seed), nameHash(b, seed)), strings.Compare(a, b))
	})
	var rows []task.Row
	for _, file := range files {
		if len(rows) == n {
			break
		}
		source, err := ownSource(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return nil, err
		}
		if len(source) >= leastFile && len(source) <= mostFile {
			rows = append(rows, task.Row{"id": file, "cluster": path.Dir(file), "text": string(source)})
		}
	}
	return rows, nil
}

// libraryFiles are the root of the toolchain and the files of its library below it.
func libraryFiles() (root string, files []string, err error) {
	if root, err = goroot.Find(context.Background()); err != nil {
		return "", nil, fmt.Errorf("%w: the texts are made of the Go toolchain's sources: %w", task.ErrNoData, err)
	}
	files, err = goFiles(filepath.Join(root, "src"), "src")
	return root, files, err
}

// ownSource is a file that people wrote; nil for another.
func ownSource(file string) ([]byte, error) {
	if strings.HasSuffix(file, "_test.go") {
		return nil, nil
	}
	info, err := os.Stat(file)
	if err != nil || info.Size() > maxSource {
		return nil, err
	}
	source, err := os.ReadFile(file)
	if err != nil || !utf8.Valid(source) || bytes.Contains(source, []byte("\n// Code generated ")) || bytes.HasPrefix(source, []byte("// Code generated ")) {
		return nil, err
	}
	return source, nil
}

// packageRows are the n largest packages.
func packageRows(packages map[string][]byte, n int) []task.Row {
	var names []string
	for name, text := range packages {
		if len(text) >= leastPackage {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(packages[b]), len(packages[a])), strings.Compare(a, b))
	})
	var rows []task.Row
	for _, name := range names[:min(n, len(names))] {
		rows = append(rows, task.Row{"id": name, "text": string(packages[name])})
	}
	return rows
}
