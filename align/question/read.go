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
	// As says what tables and JSON are read as, Key is the column that names the rows of
	// a table; "": the first whose texts differ.
	As  As
	Key string
	// Limits bound what is taken.
	Limits Limits
	// Observe, if not nil, is called after each file with how many of all are read.
	Observe func(done, all int)
}

// maxFile is the size of the largest file that is read.
const maxFile = 64 << 20

// ErrNothing is wrapped by the error that sources have nothing to ask about.
var ErrNothing = errors.New("there is nothing to ask about")

// reader reads the files of one kind: those of a directory together, or one by one.
type reader struct {
	endings  []string
	together bool
	read     func(c *collector, files []file) error
}

// readers are those of all kinds.
var readers = []reader{
	{[]string{".go"}, true, readGo},
	{[]string{".md", ".markdown"}, false, one(readMarkdown)},
	{[]string{".html", ".htm", ".xhtml"}, false, one(readHTML)},
	{[]string{".csv", ".tsv", ".jsonl", ".ndjson", ".parquet"}, false, one(readData)},
	{[]string{".index", ".dict", ".dz"}, true, readDictd},
	{[]string{jsonEnding}, false, one(readData)},
}

// jsonEnding is that of files of all sorts, which are read only where Sources.As says
// what they are.
const jsonEnding = ".json"

// one reads a file by itself.
func one(read func(*collector, file) error) func(*collector, []file) error {
	return func(c *collector, files []file) error { return read(c, files[0]) }
}

// file is one file that was read.
type file struct {
	path, name string // as source.File has them
	content    []byte
}

// Read reads the sources, of which it holds one file at a time, of Go a directory:
//
//	.go                                doc comments, declarations, examples
//	.md .markdown .html .htm .xhtml    headings with their text, tables, lists of definitions
//	.csv .tsv .jsonl .ndjson .parquet  dictionaries, where columns are called term and
//	                                   definition or alike, and else tables
//	.json                              the same, if Sources.As says which
//	.index with .dict or .dict.dz      dictionaries as dictd has them
//
// All may be packed (.gz, .zst). Files with other endings, generated ones and such as
// come from elsewhere (vendor, node_modules) are passed over. An error names the file,
// and the line where there is one. Where no file says anything it wraps ErrNothing.
func Read(ctx context.Context, s Sources) (*Set, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	listed, err := source.List(ctx, s.Paths, source.Options{Exclude: s.Exclude})
	if err != nil {
		return nil, err
	}
	c, err := newCollector(&s)
	if err != nil {
		return nil, err
	}
	wanted := groups(listed, s.As)
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
		return nil, fmt.Errorf("%w in %s: of %d files none of a known kind says anything%s",
			ErrNothing, strings.Join(s.Paths, ", "), done, set.reasons())
	}
	return set, nil
}

// Check reports the first impossible value.
func (s *Sources) Check() error {
	if s.As != AsFound && s.As != AsDictionary && s.As != AsTable {
		return fmt.Errorf("files cannot be read as %q: as %s or %s", s.As, AsDictionary, AsTable)
	}
	return s.Limits.Check()
}

// group is files that one reader reads together.
type group struct {
	reader *reader
	files  []source.File
}

// groups parts files by what is read together, in the order of their names.
func groups(files []source.File, as As) []group {
	var list []group
	index := map[string]int{}
	for _, f := range files {
		r := readerOf(f.Path)
		if r < 0 || code.Vendored(f.Name) || as == AsFound && readers[r].endings[0] == jsonEnding {
			continue
		}
		key := f.Path
		if readers[r].together {
			key = fmt.Sprintf("%s\x00%d", path.Dir(slashed(f.Path)), r)
		}
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
