package decontaminate

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/unicode/norm"
)

// Limits of what a set may hold.
const (
	maxFile  = 1 << 30 // bytes of one file, unpacked
	maxItem  = 16 << 20
	maxItems = 1 << 24
)

var formats = []string{"jsonl", "json", "csv", "tsv", "text"}

var endings = map[string]string{
	".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "tsv", ".txt": "text", ".md": "text",
}

// Loaded is the items of a set, in memory.
type Loaded struct {
	Name string
	// Items are the texts, by number.
	Items []string
}

// LoadSet reads all items of s, in the order of the files' names and of the items
// in them. A pattern that matches no file, a field that no item has, and a set
// without items are errors: that none of them is found in a corpus would say
// nothing.
func LoadSet(s Set) (Loaded, error) {
	if err := s.check(); err != nil {
		return Loaded{}, err
	}
	l := loader{set: &s, have: make([]int, len(s.fields()))}
	files, err := s.match()
	if err != nil {
		return Loaded{}, err
	}
	for _, name := range files {
		if err := l.file(name); err != nil {
			return Loaded{}, fmt.Errorf("evaluation set %q: %s: %w", s.Name, name, err)
		}
	}
	if len(l.items) == 0 {
		return Loaded{}, fmt.Errorf("evaluation set %q: %s holds no items", s.Name, strings.Join(files, ", "))
	}
	for i, field := range s.fields() {
		if l.have[i] == 0 {
			return Loaded{}, fmt.Errorf("evaluation set %q: no item has the field %q: the first has %s", s.Name, field, strings.Join(l.keys, ", "))
		}
	}
	return Loaded{Name: s.Name, Items: l.items}, nil
}

// match lists the files of the set, each once, sorted.
func (s *Set) match() ([]string, error) {
	var files []string
	for _, pattern := range s.Files {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, fmt.Errorf("evaluation set %q: %q is no pattern: %w", s.Name, pattern, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("evaluation set %q: there is no file %s", s.Name, pattern)
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// loader collects the items of one set.
type loader struct {
	set   *Set
	items []string
	have  []int    // how many items have each field
	keys  []string // of the first item
}

// file reads one file, packed or not.
func (l *loader) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer f.Close()
	if strings.ToLower(filepath.Ext(name)) == ".zip" {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return l.archive(f, info.Size())
	}
	return l.unpack(name, f)
}

// archive reads the members of a .zip.
func (l *loader) archive(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	slices.SortFunc(z.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	read := 0
	for _, member := range z.File {
		if ok, err := path.Match(l.set.Members, member.Name); err != nil {
			return fmt.Errorf("members: %q is no pattern: %w", l.set.Members, err)
		} else if member.FileInfo().IsDir() || l.set.Members != "" && !ok || l.set.Members == "" && l.set.format(member.Name) == "" {
			continue
		}
		f, err := member.Open()
		if err != nil {
			return fmt.Errorf("%s: %w", member.Name, err)
		}
		if err = l.unpack(member.Name, f); err != nil {
			return fmt.Errorf("%s: %w", member.Name, err)
		}
		f.Close()
		read++
	}
	if read == 0 {
		return fmt.Errorf("no file in it matches members %q", l.set.Members)
	}
	return nil
}

// unpack reads r, which a name ending in .gz or .zst says is packed.
func (l *loader) unpack(name string, r io.Reader) error {
	switch lower := strings.ToLower(name); {
	case strings.HasSuffix(lower, ".gz"):
		z, err := gzip.NewReader(bufio.NewReader(r))
		if err != nil {
			return err
		}
		r = z
	case strings.HasSuffix(lower, ".zst"):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFile))
		if err != nil {
			return err
		}
		defer z.Close()
		r = z
	}
	format := l.set.format(name)
	if format == "" {
		return fmt.Errorf("the name does not say which format it has: set format to one of %s", strings.Join(formats, ", "))
	}
	return l.read(format, &limited{r: r, left: maxFile})
}

// format is that of a file of the set, or "" if nothing says.
func (s *Set) format(name string) string {
	if s.Format != "" {
		return s.Format
	}
	name = strings.ToLower(name)
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	return endings[path.Ext(filepath.ToSlash(name))]
}

func (l *loader) read(format string, r io.Reader) error {
	switch format {
	case "jsonl":
		return l.jsonLines(r)
	case "json":
		return l.json(r)
	case "csv":
		return l.table(r, ',')
	case "tsv":
		return l.table(r, '\t')
	}
	return l.paragraphs(r)
}

// add takes one item.
func (l *loader) add(text string) error {
	if len(text) > maxItem {
		return fmt.Errorf("item %d has %d bytes, %d are allowed", len(l.items), len(text), maxItem)
	}
	if len(l.items) == maxItems {
		return fmt.Errorf("the set has more than %d items", maxItems)
	}
	l.items = append(l.items, norm.NFC.String(text))
	return nil
}

// limited reads at most left bytes; more are an error.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fmt.Errorf("it has more than %d bytes unpacked", maxFile)
	}
	return n, err
}
