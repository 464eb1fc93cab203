package shard

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
)

const defaultFileBytes = 1 << 30

// Writer writes a set of shards, document by document. It must not be used by
// several goroutines at a time.
type Writer struct {
	dir      string
	header   Header
	manifest Manifest
	file     *fileWriter // nil between files
	err      error       // the first failure; every later call returns it
	closed   bool
	buf      []byte
}

// NewWriter begins a set in dir, which is made if it is not there. A directory
// that already holds a set is refused; the files of one that was never
// finished are removed. Callers say `defer w.Abort()` at once, which does
// nothing after Close.
func NewWriter(dir string, h Header) (*Writer, error) {
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if h.FileBytes == 0 {
		h.FileBytes = defaultFileBytes
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, ManifestName)); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fmt.Errorf("%s holds token shards already: remove it or name another directory", dir)
		}
		return nil, err
	}
	if err := removeUnfinished(dir); err != nil {
		return nil, err
	}
	return &Writer{dir: dir, header: h, manifest: newManifest(h)}, nil
}

// removeUnfinished removes what a writer left that never reached Close.
func removeUnfinished(dir string) error {
	if err := atomicfile.RemoveLeftovers(dir); err != nil {
		return err
	}
	for i := 0; ; i++ {
		err := os.Remove(filepath.Join(dir, fileName(i)))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func fileName(i int) string { return fmt.Sprintf("tokens-%05d.shard", i) }

// Add appends a document, without the end-of-text token that reading adds. A
// document without tokens is left out. A token outside the vocabulary is an
// error that names the document. Add keeps nothing of tokens.
func (w *Writer) Add(id ID, tokens []int32) error {
	if w.header.Masked {
		panic("shard: Add to a set with a mask")
	}
	return w.addDoc(id, tokens, nil)
}

// BeginStage makes the documents that are added from now on another stage of the
// set, see Manifest. It panics in a set with a mask, or if documents were added
// before the first stage.
func (w *Writer) BeginStage(name string) {
	if w.header.Masked || w.manifest.Stages == nil && (w.file != nil || len(w.manifest.Files) > 0) {
		panic("shard: BeginStage in a set with a mask, or after documents that are in none")
	}
	w.manifest.Stages = append(w.manifest.Stages, Stage{Name: name})
}

// AddMasked appends a document to a set with a mask: all its tokens, and which
// of them are to be learned. It panics if those are not as many, or in a set
// without a mask. A document of less than two tokens, or without any after the
// first to be learned, is an error that names it.
func (w *Writer) AddMasked(id ID, tokens []int32, learned []bool) error {
	if !w.header.Masked || len(learned) != len(tokens) {
		panic("shard: AddMasked to a set without a mask, or with a mask of another length")
	}
	return w.addDoc(id, tokens, learned)
}

func (w *Writer) addDoc(id ID, tokens []int32, learned []bool) error {
	if w.closed {
		panic("shard: Add after Close or Abort")
	}
	if w.err != nil || len(tokens) == 0 {
		return w.err
	}
	if err := w.add(id, tokens, learned); err != nil {
		w.err = err
	}
	return w.err
}

func (w *Writer) add(id ID, tokens []int32, learned []bool) error {
	if w.header.Masked && (learned[0] || !slices.Contains(learned, true)) {
		return fmt.Errorf("%s: document %x has nothing to be learned, or its first token is, which nothing comes before", w.dir, id)
	}
	for i, t := range tokens {
		if t < 0 || int(t) >= w.header.VocabSize {
			return fmt.Errorf("%s: document %x: token %d at position %d is outside the vocabulary of %d", w.dir, id, t, i, w.header.VocabSize)
		}
	}
	width := int64(w.header.width())
	if w.file != nil && newLayout(w.header, w.file.tokens+int64(len(tokens)), w.file.docs()+1).size() > w.header.FileBytes {
		if err := w.finishFile(); err != nil {
			return err
		}
	}
	if w.file == nil {
		file, err := newFileWriter(filepath.Join(w.dir, fileName(len(w.manifest.Files))), w.header)
		if err != nil {
			return err
		}
		w.file = file
	}
	if n := len(w.manifest.Stages); n > 0 {
		w.manifest.Stages[n-1].Docs++
	}
	w.buf = appendTokens(w.buf[:0], tokens, int(width))
	w.file.mark(learned)
	return w.file.add(id, w.buf, len(tokens))
}

func appendTokens(b []byte, tokens []int32, width int) []byte {
	for _, t := range tokens {
		if width == 2 {
			b = binary.LittleEndian.AppendUint16(b, uint16(t))
		} else {
			b = binary.LittleEndian.AppendUint32(b, uint32(t))
		}
	}
	return b
}

// finishFile puts the current file in place and enters it in the manifest.
func (w *Writer) finishFile() error {
	entry, err := w.file.finish()
	w.file = nil
	if err != nil {
		return err
	}
	w.manifest.add(entry)
	return nil
}

// Close finishes the last file and writes the manifest. A set without
// documents is an error.
func (w *Writer) Close() (Manifest, error) {
	if w.closed {
		panic("shard: Close after Close or Abort")
	}
	defer w.Abort()
	switch {
	case w.err != nil:
		return Manifest{}, w.err
	case w.file == nil:
		return Manifest{}, fmt.Errorf("%s: no document was added", w.dir)
	}
	if err := w.finishFile(); err != nil {
		return Manifest{}, err
	}
	if err := w.manifest.write(filepath.Join(w.dir, ManifestName)); err != nil {
		return Manifest{}, err
	}
	return w.manifest, nil
}

// Abort gives the set up. Files that were finished stay until the next
// NewWriter in the directory; without a manifest nothing reads them. Abort
// does nothing after Close or another Abort.
func (w *Writer) Abort() {
	w.closed = true
	if w.file != nil {
		w.file.disk.Abort()
		w.file = nil
	}
}

// fileWriter writes one shard file.
type fileWriter struct {
	disk   *atomicfile.File
	hash   hash.Hash
	header Header
	tokens int64
	mask   []uint64 // that of the tokens; nil without one
	starts []byte   // the offsets part, growing
	ids    []byte
	name   string
}

func newFileWriter(path string, h Header) (*fileWriter, error) {
	disk, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	f := &fileWriter{disk: disk, hash: sha256.New(), header: h, name: filepath.Base(path)}
	if err := f.write(h.encode()); err != nil {
		disk.Abort()
		return nil, err
	}
	return f, nil
}

func (f *fileWriter) docs() int64 { return int64(len(f.ids) / 16) }

func (f *fileWriter) write(b []byte) error {
	f.hash.Write(b)
	_, err := f.disk.Write(b)
	return err
}

// mark appends to the mask, before add.
func (f *fileWriter) mark(learned []bool) {
	for i, l := range learned {
		t := uint64(f.tokens) + uint64(i)
		if t/64 == uint64(len(f.mask)) {
			f.mask = append(f.mask, 0)
		}
		if l {
			f.mask[t/64] |= 1 << (t % 64)
		}
	}
}

// add appends a document of n tokens, already encoded.
func (f *fileWriter) add(id ID, encoded []byte, n int) error {
	f.starts = binary.LittleEndian.AppendUint64(f.starts, uint64(f.tokens))
	f.ids = append(f.ids, id[:]...)
	f.tokens += int64(n)
	return f.write(encoded)
}

// finish writes what follows the tokens and puts the file in place.
func (f *fileWriter) finish() (FileEntry, error) {
	defer f.disk.Abort()
	l := newLayout(f.header, f.tokens, f.docs())
	trailer := binary.LittleEndian.AppendUint64(nil, uint64(f.tokens))
	trailer = binary.LittleEndian.AppendUint64(trailer, uint64(f.docs()))
	for _, part := range [][]byte{
		make([]byte, l.mask-headerSize-f.tokens*int64(f.header.width())),
		tensor.Bytes(f.mask),
		binary.LittleEndian.AppendUint64(f.starts, uint64(f.tokens)),
		f.ids,
		trailer,
	} {
		if err := f.write(part); err != nil {
			return FileEntry{}, err
		}
	}
	if _, err := f.disk.Write(f.hash.Sum(nil)); err != nil {
		return FileEntry{}, err
	}
	sum, err := f.disk.Commit()
	trained := f.tokens + f.docs()*f.header.trained(0)
	return FileEntry{Name: f.name, Bytes: l.size(), Tokens: trained, Docs: f.docs(), SHA256: sum}, err
}
