package shard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
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
	tokens   []int32
	docs     int64
	pictures *pictureWriter // nil before the first picture
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
	if err := os.Remove(filepath.Join(dir, IndexName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, name := range []func(int) string{fileName, pictureFileName} {
		for i := 0; ; i++ {
			err := os.Remove(filepath.Join(dir, name(i)))
			if errors.Is(err, fs.ErrNotExist) {
				break
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
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

// AddEncoded is Add of tokens that are encoded already: little-endian, of width
// bytes each, 2 or 4, whatever the set's own width is.
func (w *Writer) AddEncoded(id ID, tokens []byte, width int) error {
	if w.header.Masked || width != 2 && width != 4 || len(tokens)%width != 0 {
		panic("shard: AddEncoded to a set with a mask, or of tokens that are not whole")
	}
	if width != w.header.width() {
		w.tokens = appendDecoded(w.tokens[:0], tokens, width)
		return w.addDoc(id, w.tokens, nil)
	}
	if !w.takes(len(tokens)) {
		return w.err
	}
	if w.err = w.checkEncoded(id, tokens); w.err == nil {
		w.err = w.add(id, tokens, nil)
	}
	return w.err
}

func appendDecoded(dst []int32, tokens []byte, width int) []int32 {
	for i := 0; i < len(tokens); i += width {
		if width == 2 {
			dst = append(dst, int32(binary.LittleEndian.Uint16(tokens[i:])))
		} else {
			dst = append(dst, int32(binary.LittleEndian.Uint32(tokens[i:])))
		}
	}
	return dst
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

// takes reports whether a document of n tokens or bytes is added: not after an
// error, and not an empty one.
func (w *Writer) takes(n int) bool {
	if w.closed {
		panic("shard: Add after Close or Abort")
	}
	return w.err == nil && n > 0
}

func (w *Writer) addDoc(id ID, tokens []int32, learned []bool) error {
	if !w.takes(len(tokens)) {
		return w.err
	}
	if w.header.Masked && (learned[0] || !slices.Contains(learned, true)) {
		w.err = fmt.Errorf("%s: document %x has nothing to be learned, or its first token is, which nothing comes before", w.dir, id)
		return w.err
	}
	for i, t := range tokens {
		if t < 0 || int(t) >= w.header.VocabSize {
			w.err = w.outside(id, t, i)
			return w.err
		}
	}
	if w.err = w.checkPictures(id, tokens, learned); w.err != nil {
		return w.err
	}
	w.buf = appendTokens(w.buf[:0], tokens, w.header.width())
	w.err = w.add(id, w.buf, learned)
	return w.err
}

// checkPictures holds a document against the pictures that were added for it.
func (w *Writer) checkPictures(id ID, tokens []int32, learned []bool) error {
	if w.header.ImageToken < 1 || !w.header.Masked {
		return nil
	}
	var runs []int
	if w.pictures != nil {
		runs = w.pictures.pending
	}
	if err := checkRuns(tokens, w.header.ImageToken, runs); err != nil {
		return fmt.Errorf("%s: document %x: %w", w.dir, id, err)
	}
	for i, t := range tokens {
		if t == w.header.ImageToken && learned[i] {
			return fmt.Errorf("%s: document %x: the image token at position %d is marked as to be learned", w.dir, id, i)
		}
	}
	return nil
}

func (w *Writer) outside(id ID, token int32, at int) error {
	return fmt.Errorf("%s: document %x: token %d at position %d is outside the vocabulary of %d", w.dir, id, token, at, w.header.VocabSize)
}

// checkEncoded reports an error if a token is outside the vocabulary.
func (w *Writer) checkEncoded(id ID, tokens []byte) error {
	size := uint32(w.header.VocabSize)
	if w.header.width() == 2 {
		for i := 0; i+2 <= len(tokens); i += 2 {
			if t := binary.LittleEndian.Uint16(tokens[i:]); uint32(t) >= size {
				return w.outside(id, int32(t), i/2)
			}
		}
		return nil
	}
	for i := 0; i+4 <= len(tokens); i += 4 {
		if t := binary.LittleEndian.Uint32(tokens[i:]); t >= size {
			return w.outside(id, int32(t), i/4)
		}
	}
	return nil
}

// add adds a document that was checked, encoded as files hold it.
func (w *Writer) add(id ID, encoded []byte, learned []bool) error {
	n := len(encoded) / w.header.width()
	if w.file != nil && newLayout(w.header, w.file.tokens+int64(n), w.file.docs()+1).size() > w.header.FileBytes {
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
	w.docs++
	if w.pictures != nil {
		w.pictures.endDoc()
	}
	w.file.mark(learned)
	return w.file.add(id, encoded, n)
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
	case w.pictures != nil && len(w.pictures.pending) > 0:
		panic("shard: Close after AddPictures for a document that was not added")
	}
	if err := w.finishFile(); err != nil {
		return Manifest{}, err
	}
	if w.pictures != nil {
		var err error
		if w.manifest.Pictures, err = w.pictures.finish(); err != nil {
			return Manifest{}, err
		}
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
	if w.pictures != nil {
		w.pictures.abort()
	}
}
