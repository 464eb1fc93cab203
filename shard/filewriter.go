package shard

import (
	"encoding/binary"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
)

// fileWriter writes one shard file.
type fileWriter struct {
	disk   *atomicfile.File
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
	f := &fileWriter{disk: disk, header: h, name: filepath.Base(path)}
	if err := f.write(h.encode()); err != nil {
		disk.Abort()
		return nil, err
	}
	return f, nil
}

func (f *fileWriter) docs() int64 { return int64(len(f.ids) / 16) }

func (f *fileWriter) write(b []byte) error {
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
	before, err := f.disk.Sum()
	if err != nil {
		return FileEntry{}, err
	}
	if err := f.write(before[:]); err != nil {
		return FileEntry{}, err
	}
	sum, err := f.disk.Commit()
	trained := f.tokens + f.docs()*f.header.trained(0)
	return FileEntry{Name: f.name, Bytes: l.size(), Tokens: trained, Docs: f.docs(), SHA256: sum}, err
}
