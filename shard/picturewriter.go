package shard

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// pictureWriter writes the pictures of a set, each once.
type pictureWriter struct {
	dir      string
	most     int64 // bytes of a file
	disk     *atomicfile.File
	manifest PictureManifest
	known    map[[sha256.Size]byte]uint32
	entries  []byte
	starts   []byte // of the documents that are complete
	uses     []byte
	pending  []int // tokens of the pictures of the document to come
	used     int64 // uses by the documents that are complete
}

func newPictureWriter(dir string, h Header) *pictureWriter {
	return &pictureWriter{
		dir: dir, most: h.FileBytes, manifest: PictureManifest{ImageToken: h.ImageToken},
		known: map[[sha256.Size]byte]uint32{},
	}
}

// AddPictures gives the document that is added next its pictures, in the order
// of their runs of image tokens, of which Picture.Tokens says the length. The
// document must not end with one, or AddMasked is an error, nor have other image
// tokens. A picture whose bytes the set has already is not stored again. AddPictures keeps
// nothing of p. It panics in a set without a mask or without Header.ImageToken.
func (w *Writer) AddPictures(p []Picture) error {
	if !w.takes(len(p)) {
		return w.err
	}
	if !w.header.Masked || w.header.ImageToken < 1 {
		panic("shard: AddPictures to a set without a mask or without an image token")
	}
	if w.pictures == nil {
		w.pictures = newPictureWriter(w.dir, w.header)
		for range w.docs {
			w.pictures.endDoc()
		}
	}
	for i := range p {
		if w.err = w.pictures.add(&p[i]); w.err != nil {
			w.err = fmt.Errorf("%s: picture %d: %w", w.dir, i, w.err)
			break
		}
	}
	return w.err
}

// add stores a picture if it is new, and notes its use.
func (w *pictureWriter) add(p *Picture) error {
	switch {
	case len(p.Data) == 0 || len(p.Data) > math.MaxInt32:
		return fmt.Errorf("it has %d bytes", len(p.Data))
	case p.Detail > maxDetail:
		return fmt.Errorf("detail %d: there is none above %d", p.Detail, maxDetail)
	case p.Tokens < 1 || p.Tokens > math.MaxInt32:
		return fmt.Errorf("%d tokens cannot stand for it", p.Tokens)
	}
	sum := sha256.Sum256(p.Data)
	number, ok := w.known[sum]
	if !ok {
		number = uint32(len(w.known))
		if err := w.store(p.Data, sum); err != nil {
			return err
		}
		w.known[sum] = number
	}
	le := binary.LittleEndian
	w.uses = le.AppendUint32(w.uses, number)
	w.uses = le.AppendUint32(w.uses, uint32(p.Tokens))
	w.uses = le.AppendUint32(w.uses, uint32(p.Detail))
	w.pending = append(w.pending, p.Tokens)
	return nil
}

// store appends the bytes of a picture to a file.
func (w *pictureWriter) store(data []byte, sum [sha256.Size]byte) error {
	if len(w.known) == math.MaxUint32 {
		return errors.New("a set has no room for more")
	}
	if w.disk != nil && w.disk.Size()+int64(len(data)) > w.most {
		if err := w.finishFile(); err != nil {
			return err
		}
	}
	if w.disk == nil {
		disk, err := atomicfile.Create(filepath.Join(w.dir, pictureFileName(len(w.manifest.Files))))
		if err != nil {
			return err
		}
		w.disk = disk
		if _, err := disk.Write(pictureHeader()); err != nil {
			return err
		}
	}
	le := binary.LittleEndian
	w.entries = append(w.entries, sum[:]...)
	w.entries = le.AppendUint64(w.entries, uint64(w.disk.Size()))
	w.entries = le.AppendUint32(w.entries, uint32(len(data)))
	w.entries = le.AppendUint32(w.entries, uint32(len(w.manifest.Files)))
	_, err := w.disk.Write(data)
	return err
}

// endDoc enters a document with the pictures that were added for it.
func (w *pictureWriter) endDoc() {
	w.starts = binary.LittleEndian.AppendUint64(w.starts, uint64(w.used))
	w.used += int64(len(w.pending))
	w.pending = w.pending[:0]
}

// finishFile puts the current file in place.
func (w *pictureWriter) finishFile() error {
	file, err := commitPictures(w.disk)
	w.disk = nil
	w.manifest.Files = append(w.manifest.Files, file)
	return err
}

// commitPictures puts a file in place and says what the manifest tells of it.
func commitPictures(f *atomicfile.File) (PictureFile, error) {
	size := f.Size()
	sum, err := f.Commit()
	return PictureFile{Name: filepath.Base(f.Path()), Bytes: size, SHA256: sum}, err
}

// finish completes the last file and writes the index.
func (w *pictureWriter) finish() (*PictureManifest, error) {
	if err := w.finishFile(); err != nil {
		return nil, err
	}
	w.manifest.Count, w.manifest.Uses = int64(len(w.known)), w.used
	le := binary.LittleEndian
	b := append(make([]byte, 0, indexHeaderSize), indexMagic...)
	b = le.AppendUint32(b, pictureVersion)
	b = le.AppendUint32(b, uint32(len(w.manifest.Files)))
	for _, n := range []int{len(w.known), int(w.used), len(w.starts) / 8} {
		b = le.AppendUint64(b, uint64(n))
	}
	disk, err := atomicfile.Create(filepath.Join(w.dir, IndexName))
	if err != nil {
		return nil, err
	}
	defer disk.Abort()
	for _, part := range [][]byte{b, w.entries, le.AppendUint64(w.starts, uint64(w.used)), w.uses} {
		if _, err := disk.Write(part); err != nil {
			return nil, err
		}
	}
	sum, err := disk.Sum()
	if err != nil {
		return nil, err
	}
	if _, err := disk.Write(sum[:]); err != nil {
		return nil, err
	}
	w.manifest.Index, err = commitPictures(disk)
	return &w.manifest, err
}

// abort gives the file up that is being written.
func (w *pictureWriter) abort() {
	if w.disk != nil {
		w.disk.Abort()
		w.disk = nil
	}
}
