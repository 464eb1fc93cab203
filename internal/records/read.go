package records

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// Read calls each for the rows of a file, in order: those of the members of a
// .zip by the members' names. What is no regular file, such as a pipe, is an
// error. It ends at the first error, its own or of each, and says in which line
// or item that was; the file's name is for the caller to add.
func Read(name string, o Options, each func(Row) error) error {
	f, err := atomicfile.OpenRegular(name)
	if err != nil {
		return errors.Unwrap(err)
	}
	defer f.Close()
	r := reader{options: o, file: name, each: each}
	if strings.ToLower(filepath.Ext(name)) == ".zip" {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return r.archive(f, info.Size())
	}
	return r.unpack(name, f)
}

// ReadFrom is Read of what source holds, the bytes of a file of that name, which is no
// .zip.
func ReadFrom(name string, source io.Reader, o Options, each func(Row) error) error {
	r := reader{options: o, file: name, each: each}
	return r.unpack(name, source)
}

// reader reads one file.
type reader struct {
	options      Options
	file, member string
	number       int // of the next row
	each         func(Row) error
}

// archive reads the members of a .zip.
func (r *reader) archive(source io.ReaderAt, size int64) error {
	z, err := zip.NewReader(source, size)
	if err != nil {
		return err
	}
	slices.SortFunc(z.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	pattern, read := r.options.Members, 0
	for _, member := range z.File {
		if ok, err := path.Match(pattern, member.Name); err != nil {
			return fmt.Errorf("members: %q is no pattern: %w", pattern, err)
		} else if member.FileInfo().IsDir() || pattern != "" && !ok || pattern == "" && r.options.format(member.Name) == "" {
			continue
		}
		r.member, r.number = member.Name, 0
		if err := r.open(member); err != nil {
			return fmt.Errorf("%s: %w", member.Name, err)
		}
		read++
	}
	if read == 0 {
		return fmt.Errorf("no file in it matches members %q", pattern)
	}
	return nil
}

func (r *reader) open(member *zip.File) error {
	f, err := member.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	return r.unpack(member.Name, f)
}

// unpack reads source, which a name ending in .gz or .zst says is packed.
func (r *reader) unpack(name string, source io.Reader) error {
	source, done, err := Unpack(name, source)
	if err != nil {
		return err
	}
	defer done()
	format := r.options.format(name)
	if format == "" {
		return fmt.Errorf("the name does not say which format it has: set format to one of %s", strings.Join(Formats, ", "))
	}
	return r.read(format, source)
}

// Unpack returns what source holds, the bytes of a file of that name: unpacked
// where the name says that it is packed. More than MaxFile bytes are an error of
// reading. The caller calls done at the end.
func Unpack(name string, source io.Reader) (unpacked io.Reader, done func(), err error) {
	done = func() {}
	switch lower := strings.ToLower(name); {
	case strings.HasSuffix(lower, ".gz"):
		if source, err = gzip.NewReader(bufio.NewReader(source)); err != nil {
			return nil, nil, err
		}
	case strings.HasSuffix(lower, ".zst"):
		z, err := zstd.NewReader(source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxFile))
		if err != nil {
			return nil, nil, err
		}
		source, done = z, z.Close
	}
	return &limited{r: source, left: MaxFile}, done, nil
}

// IsPacked reports whether a name says that a file is packed.
func IsPacked(name string) bool { return unpacked(name) != name }

func (r *reader) read(format string, source io.Reader) error {
	switch format {
	case "jsonl":
		return r.jsonLines(source)
	case "json":
		return r.json(source)
	case "entries":
		return r.entries(source)
	case "csv":
		return r.table(source, ',')
	case "tsv":
		return r.table(source, '\t')
	case "text":
		return r.paragraphs(source)
	case "whole":
		return r.whole(source)
	}
	return fmt.Errorf("there is no format %q: it is one of %s", format, strings.Join(Formats, ", "))
}

// row passes one row on.
func (r *reader) row(row Row) error {
	row.File, row.Member, row.Number = r.file, r.member, r.number
	r.number++
	if err := r.each(row); err != nil {
		return fmt.Errorf("%s: %w", row.Place(), err)
	}
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
		return 0, fmt.Errorf("it has more than %d bytes unpacked", MaxFile)
	}
	return n, err
}
