package suite

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/goroot"
	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/task"
)

const (
	clozeBytes = 1200    // of the lines before, at most
	clozeLines = 8       // before, at least
	maxSource  = 1 << 20 // of a file
)

// goCloze makes questions of code: which of four lines of a Go file follows after
// the lines shown. Lines are of the toolchain's library and, as what the quick
// start never reads, of its test programs, where they are installed. The wrong
// lines are of the same file: in one section any, in the other such as are
// indented alike and about as long. The cluster is the file.
func goCloze(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	root, err := goroot.Find(context.Background())
	if err != nil {
		return nil, fmt.Errorf("%w: the questions of code are made of the Go toolchain's sources: %w", task.ErrNoData, err)
	}
	sources, err := goFiles(filepath.Join(root, "src"), "src")
	if err != nil {
		return nil, err
	}
	tests, err := goFiles(filepath.Join(root, "test"), "test")
	if err != nil {
		return nil, err
	}
	return clozeRows(root, [][]string{sources, tests}, n, seed)
}

// goFiles lists the Go files below a directory, as paths with slashes below its
// parent; none if there is no such directory.
func goFiles(dir, prefix string) ([]string, error) {
	if _, err := os.Stat(dir); err != nil {
		return nil, nil
	}
	var list []string
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "vendor" || d.Name() == "testdata" || d.Name() == "cmd") {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() && strings.HasSuffix(file, ".go") {
			relative, err := filepath.Rel(dir, file)
			if err != nil {
				return err
			}
			list = append(list, prefix+"/"+filepath.ToSlash(relative))
		}
		return nil
	})
	return list, err
}

// clozeRows takes files of the places in turn, each once, in an order that depends
// on their names alone, so that a new file changes no other question.
func clozeRows(root string, places [][]string, n int, seed uint64) ([]task.Row, error) {
	for _, files := range places {
		slices.SortFunc(files, func(a, b string) int {
			x, y := nameHash(a, seed), nameHash(b, seed)
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return strings.Compare(a, b)
		})
	}
	var rows []task.Row
	for more := true; more && len(rows) < n; {
		more = false
		for i := range places {
			for len(places[i]) > 0 && len(rows) < n {
				name := places[i][0]
				places[i] = places[i][1:]
				row, err := clozeOf(root, name, seed)
				if err != nil {
					return nil, err
				}
				if row != nil {
					rows, more = append(rows, row), true
					break
				}
			}
		}
	}
	return rows, nil
}

func nameHash(name string, seed uint64) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	return random.New(h.Sum64() ^ seed).Uint64()
}

// clozeOf makes a question of a file, or nil if it has no place for one.
func clozeOf(root, name string, seed uint64) (task.Row, error) {
	info, err := os.Stat(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	if info.Size() > maxSource {
		return nil, nil
	}
	source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	if bytes.Contains(source, []byte("DO NOT EDIT")) || bytes.ContainsRune(source, '\r') {
		return nil, nil // tables of a program; a line must be what it looks like
	}
	r := random.New(nameHash(name, seed^0x636c6f7a65)) // another stream than the order's
	q, at := lineQuestion(r, linesOf(string(source)), clozeBytes)
	if at < 0 {
		return nil, nil
	}
	place, _, _ := strings.Cut(name, "/")
	q.section = map[string]string{"src": "library", "test": "test programs"}[place] + ", " + q.section
	q.cluster = name
	return q.row(r), nil
}

func linesOf(text string) []string { return strings.Split(strings.TrimRight(text, "\n"), "\n") }

// lineQuestion asks which line comes next at a place that r chooses, after at most
// shown bytes of the lines before it. The section says how alike the choices are. at
// is the number of the line, -1 if no place was found.
func lineQuestion(r *random.Source, lines []string, shown int) (q question, at int) {
	alike := r.Coin()
	for range 40 {
		at := r.Below(len(lines))
		if at < clozeLines || !telling(lines[at]) || !telling(lines[at-1]) || len(lines[at-1]) >= shown {
			continue
		}
		wrong := wrongLines(r, lines, at, alike)
		if wrong == nil {
			continue
		}
		return question{
			section: map[bool]string{true: "lines alike", false: "any lines"}[alike],
			text:    strings.Join(before(lines, at, shown), "\n"),
			choices: append([]string{lines[at]}, wrong...),
		}, at
	}
	return question{}, -1
}

// before returns the whole lines before one that fit into so many bytes.
func before(lines []string, at, shown int) []string {
	from, size := at, 0
	for from > 0 && size+len(lines[from-1]) < shown {
		from--
		size += len(lines[from]) + 1
	}
	for lines[from] == "" {
		from++
	}
	return lines[from:at]
}

// telling reports whether a line is code that is worth asking for: no comment, and
// more than brackets.
func telling(line string) bool {
	text := strings.TrimSpace(line)
	letters := 0
	for _, c := range text {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			letters++
		}
	}
	return letters >= 6 && len(text) <= 120 && !strings.HasPrefix(text, "//") && !strings.HasPrefix(text, "*") &&
		!strings.Contains(text, "/*") && text == strings.TrimSpace(strings.ToValidUTF8(text, "")) && line == strings.TrimRight(line, " \t")
}

// wrongLines returns three lines of the file that do not follow there: none of
// them comes anywhere after the line before, whatever the indentation.
func wrongLines(r *random.Source, lines []string, at int, alike bool) []string {
	right, follows := strings.TrimSpace(lines[at]), map[string]bool{}
	for i := 1; i < len(lines); i++ {
		if strings.TrimSpace(lines[i-1]) == strings.TrimSpace(lines[at-1]) {
			follows[strings.TrimSpace(lines[i])] = true
		}
	}
	var wrong []string
	for range 200 {
		line := random.Pick(r, lines)
		text := strings.TrimSpace(line)
		if !telling(line) || follows[text] || slices.ContainsFunc(wrong, func(w string) bool { return strings.TrimSpace(w) == text }) {
			continue
		}
		if alike && (indent(line) != indent(lines[at]) || len(text) > 2*len(right) || len(right) > 2*len(text)) {
			continue
		}
		if wrong = append(wrong, line); len(wrong) == 3 {
			return wrong
		}
	}
	return nil
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, "\t ")) }
