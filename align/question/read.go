package question

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/corpus/code"
	"github.com/polymath-lm/polymath/corpus/source"
	"github.com/polymath-lm/polymath/internal/records"
)

// Sources say what is read.
type Sources struct {
	// Paths are files, directories and patterns, as corpora have them. What a file is
	// says the ending of its name: see Read.
	Paths []string
	// Exclude are patterns of names below a place that are passed over.
	Exclude []string
	// Limits bound what is taken.
	Limits Limits
	// Observe, if not nil, is called after each file with how many of all are read.
	Observe func(done, all int)
}

// maxFile is the size of the largest file that is read.
const maxFile = 64 << 20

// ErrNothing is wrapped by the error that sources have nothing to ask about.
var ErrNothing = errors.New("there is nothing to ask about")

// reader reads the files of one kind, of one directory each time.
type reader struct {
	endings []string
	read    func(c *collector, files []file) error
}

// readers are those of all kinds.
var readers = []reader{
	{[]string{".go"}, readGo},
}

// file is one file that was read.
type file struct {
	path, name string // as source.File has them
	content    []byte
}

// Read reads the sources, a directory at a time: .go files with their doc comments.
// Files with other endings, generated ones and such as come from elsewhere (vendor,
// node_modules) are passed over. An error names the file, and the line where there is
// one. Where no file says anything it wraps ErrNothing.
func Read(ctx context.Context, s Sources) (*Set, error) {
	if err := s.Limits.Check(); err != nil {
		return nil, err
	}
	listed, err := source.List(ctx, s.Paths, source.Options{Exclude: s.Exclude})
	if err != nil {
		return nil, err
	}
	c, err := newCollector(s.Limits)
	if err != nil {
		return nil, err
	}
	wanted := groups(listed)
	all, done := 0, 0
	for _, g := range wanted {
		all += len(g.files)
	}
	for _, g := range wanted {
		files, err := readAll(ctx, g.files)
		if err != nil {
			return nil, err
		}
		if err := g.reader.read(c, files); err != nil {
			return nil, err
		}
		if done += len(g.files); s.Observe != nil {
			s.Observe(done, all)
		}
	}
	set := c.done()
	if set.files = done; len(set.entries) == 0 {
		return nil, fmt.Errorf("%w in %s: %d files were read, and no file of a known kind says anything (left out: %v)",
			ErrNothing, strings.Join(s.Paths, ", "), done, set.left)
	}
	return set, nil
}

// group is the files of one directory that one reader reads.
type group struct {
	reader *reader
	files  []source.File
}

// groups parts files by directory and reader, in the order of the directories.
func groups(files []source.File) []group {
	var list []group
	index := map[string]int{}
	for _, f := range files {
		r := readerOf(f.Path)
		if r < 0 || code.Vendored(f.Name) {
			continue
		}
		key := fmt.Sprintf("%s\x00%d", path.Dir(slashed(f.Path)), r)
		i, ok := index[key]
		if !ok {
			i = len(list)
			index[key], list = i, append(list, group{reader: &readers[r]})
		}
		list[i].files = append(list[i].files, f)
	}
	return list
}

func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }

// readerOf is the number of the reader of a file, -1 if nothing reads it.
func readerOf(name string) int {
	ending := strings.ToLower(path.Ext(slashed(unpacked(name))))
	return slices.IndexFunc(readers, func(r reader) bool { return slices.Contains(r.endings, ending) })
}

// unpacked is the name of a file without the ending that says it is packed.
func unpacked(name string) string {
	if records.IsPacked(name) {
		return name[:strings.LastIndexByte(name, '.')]
	}
	return name
}

func readAll(ctx context.Context, listed []source.File) ([]file, error) {
	files := make([]file, 0, len(listed))
	for _, f := range listed {
		content, err := readOne(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
		shown, name := f.Shown()
		files = append(files, file{path: shown, name: name, content: content})
	}
	return files, nil
}

func readOne(ctx context.Context, f source.File) ([]byte, error) {
	if f.Size > maxFile {
		return nil, fmt.Errorf("it has %d bytes, and %d are allowed: cut it, or exclude it", f.Size, maxFile)
	}
	stored, err := source.Open(ctx, f, 0)
	if err != nil {
		return nil, err
	}
	defer stored.Close()
	r, done, err := records.Unpack(f.Path, stored)
	if err != nil {
		return nil, err
	}
	defer done()
	content, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = fmt.Errorf("it has more than %d bytes: cut it, or exclude it", maxFile)
	}
	return content, err
}

// keep leaves out files that programs wrote.
func keep(files []file) []file {
	return slices.DeleteFunc(files, func(f file) bool {
		_, made := code.Generated(f.name, f.content)
		return made
	})
}
