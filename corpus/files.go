package corpus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/polymath-lm/polymath/corpus/code"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/source"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// openSource is a source whose files are known and whose steps are ready.
type openSource struct {
	index int
	spec  *Source
	files []source.File
	// out is the directory of the build.
	out string
	// named is the pipeline for all documents, or nil; byFormat are the others.
	named    *pipeline
	byFormat map[string]*pipeline
	// full is set when the source's sample is complete: what comes later is not
	// collected.
	full atomic.Bool
}

func (s *openSource) pipeline(format document.Format) *pipeline {
	if s.named != nil {
		return s.named
	}
	return s.byFormat[pipelineOf(format)]
}

// listSources finds the files of all sources, and tells what it passes over.
func listSources(ctx context.Context, r *Recipe, notice func(text string)) ([][]source.File, error) {
	lists := make([][]source.File, len(r.Sources))
	for i := range r.Sources {
		s := &r.Sources[i]
		o := s.listing()
		if s.Mixed {
			o.Closed = func(path string) { notice(path + " is left out: it may not be read") }
		}
		if err := s.checkOut(r.Out); err != nil {
			return nil, recipe.Below(fmt.Sprintf("sources[%d]", i), err)
		}
		o.Without = s.written(r.Out)
		files, err := source.List(ctx, s.patterns(), o)
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, recipe.Bad(fmt.Sprintf("sources[%d].path", i), "source %s: %v", s.Name, err)
		}
		if s.Sample > 0 {
			byHash(files)
		}
		lists[i] = files
	}
	return lists, nil
}

// byHash puts files into the order in which a sample takes them.
func byHash(files []source.File) {
	keys := make(map[string][sha256.Size]byte, len(files))
	for _, f := range files {
		keys[f.Name] = sha256.Sum256([]byte(f.Name))
	}
	slices.SortFunc(files, func(a, b source.File) int {
		x, y := keys[a.Name], keys[b.Name]
		return bytes.Compare(x[:], y[:])
	})
}

// listed is the file that keeps the names of a source's files, so that a build
// that goes on notices others.
func listedPath(dir string, index int) string {
	return filepath.Join(dir, fmt.Sprintf("files-%03d.txt", index))
}

// keepList stores the names of a source's files at the first call, and compares
// them later.
func keepList(dir string, s *openSource) error {
	names := make([]string, len(s.files))
	for i, f := range s.files {
		_, name := f.Shown()
		names[i] = fmt.Sprintf("%q", name)
	}
	path := listedPath(dir, s.index)
	old, err := atomicfile.ReadSmall(path, 1<<30)
	if errors.Is(err, fs.ErrNotExist) {
		_, err := atomicfile.WriteBytes(path, []byte(strings.Join(names, "\n")))
		return err
	}
	if err != nil {
		return err
	}
	return sameList(s.spec.Name, strings.Split(string(old), "\n"), names)
}

func sameList(name string, old, now []string) error {
	was := make(map[string]bool, len(old))
	for _, n := range old {
		was[n] = true
	}
	for _, n := range now {
		if !was[n] {
			return fmt.Errorf("source %s has the file %s, which was not there when the build began; take it out, or build with --fresh", name, n)
		}
		delete(was, n)
	}
	for _, n := range old {
		if was[n] {
			return fmt.Errorf("source %s has no file %s, which was there when the build began; put it back, or build with --fresh", name, n)
		}
	}
	return nil
}

// newInput describes a file before it is read. A file on this machine is read
// once for its hash, unless it holds more than is wanted of the whole source.
func (s *openSource) newInput(ctx context.Context, index int) (*InputFile, error) {
	f := s.files[index]
	path, name := f.Shown()
	in := &InputFile{Index: index, Name: name, Path: path, Size: f.Size, Tag: f.Tag, Time: f.Time}
	if f.Tree {
		tag, err := code.TreeTag(ctx, f.Path, s.reading().Tree)
		in.Tag = tag
		return in, err
	}
	if isRemote(f.Path) || s.spec.Sample > 0 && f.Size > int64(s.spec.Sample) {
		return in, nil
	}
	sum, err := hashFile(ctx, f.Path)
	in.SHA256 = sum
	return in, err
}

// hashFile is atomicfile.Hash that ends with ctx: input files may be very long.
func hashFile(ctx context.Context, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum, part := sha256.New(), make([]byte, 1<<16)
	for ctx.Err() == nil {
		n, err := file.Read(part)
		sum.Write(part[:n])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", context.Cause(ctx)
}

func isRemote(path string) bool { return strings.Contains(path, "://") }

// sameAs reports an error if the file is not the one that was read before the
// build was stopped.
func (in *InputFile) sameAs(old *InputFile) error {
	if in.Name != old.Name || in.Size != old.Size || in.Tag != old.Tag || in.SHA256 != old.SHA256 {
		return fmt.Errorf("%s was changed since the build read it; put the old file back, or build with --fresh", in.Path)
	}
	return nil
}

// unchanged checks a file that was read to its end, by its size and time; where
// only the time differs, by its hash.
func (in *InputFile) unchanged(ctx context.Context, s *openSource) error {
	f := s.files[in.Index]
	path, name := f.Shown()
	now := &InputFile{Name: name, Path: path, Size: f.Size, Tag: f.Tag, SHA256: in.SHA256}
	if f.Tree {
		tag, err := code.TreeTag(ctx, f.Path, s.reading().Tree)
		if err != nil {
			return err
		}
		now.Tag = tag
	}
	if in.SHA256 != "" && !f.Time.Equal(in.Time) {
		sum, err := hashFile(ctx, f.Path)
		if err != nil {
			return err
		}
		now.SHA256 = sum
	}
	return now.sameAs(in)
}

// contents is the hash over the ids of a file's documents.
type contents struct{ hash.Hash }

func newContents() contents { return contents{sha256.New()} }

func (c contents) String() string { return hex.EncodeToString(c.Sum(nil)) }

// state is what restore goes on from.
func (c contents) state() (string, error) {
	b, err := c.Hash.(encoding.BinaryMarshaler).MarshalBinary()
	return base64.StdEncoding.EncodeToString(b), err
}

func restoreContents(state string) (contents, error) {
	c := newContents()
	b, err := base64.StdEncoding.DecodeString(state)
	if err == nil {
		err = c.Hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(b)
	}
	return c, err
}
