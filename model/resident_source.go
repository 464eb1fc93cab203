package model

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// weightFile is an open file of weights that is read in pieces. Reading, where a
// mapping would be touched, makes a file that is cut or fails while it is in use
// an error and not a signal that ends the program, and what is read counts as
// the system's memory and not as the program's.
type weightFile struct {
	path     string
	content  io.ReaderAt
	closer   io.Closer
	stat     func() (os.FileInfo, error)
	size     int64
	modified time.Time
}

func openWeightFile(path string) (*weightFile, error) {
	file, err := os.Open(path) // stays open as long as the model is referred to
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &weightFile{path: path, content: file, closer: file, stat: file.Stat, size: info.Size(), modified: info.ModTime()}, nil
}

// unchanged is an error where somebody has written to the file since it was
// opened. A file that was replaced goes on being read as it was.
func (f *weightFile) unchanged() error {
	info, err := f.stat()
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	if info.Size() != f.size || !info.ModTime().Equal(f.modified) {
		return fmt.Errorf("%s was changed while the model is in use: load the model again", f.path)
	}
	return nil
}

func closeFiles(files []*weightFile) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, f.closer.Close())
	}
	return errors.Join(errs...)
}

// filePart says where the rows of a part of a Param lie in a file.
type filePart struct {
	file       *weightFile
	name       string // of the tensor
	offset     int64  // of row 0
	dtype      tensor.DType
	rows, cols int
	order      func(row int) int // where a row is in the file; nil = in its place
}

// rowBytes returns the size of a row in the file.
func (a *filePart) rowBytes() int {
	elements, size := a.dtype.Block()
	return a.cols / elements * size
}

// read fills dst with n rows from row on.
func (a *filePart) read(dst []byte, row, n int) error {
	size := a.rowBytes()
	if a.order == nil {
		return a.readAt(dst[:n*size], int64(row)*int64(size))
	}
	for i := range n {
		if err := a.readAt(dst[i*size:(i+1)*size], int64(a.order(row+i))*int64(size)); err != nil {
			return err
		}
	}
	return nil
}

func (a *filePart) readAt(dst []byte, at int64) error {
	n, err := a.file.content.ReadAt(dst, a.offset+at)
	switch {
	case n == len(dst):
		return nil
	case errors.Is(err, io.EOF):
		return fmt.Errorf("reading tensor %s of %s: the file was cut while the model is in use", a.name, a.file.path)
	}
	return fmt.Errorf("reading tensor %s of %s: %w", a.name, a.file.path, err)
}

// rowBuffer is the memory through which rows go from a file to their place.
type rowBuffer struct {
	raw     []byte
	f32     []float32
	rounded []tensor.BF16
}

// rowBufferBytes returns the memory of a buffer for so many bytes of a file and
// so many numbers.
func rowBufferBytes(raw, numbers int) int64 { return int64(raw) + 6*int64(numbers) }

func newRowBuffer(raw, numbers int) *rowBuffer {
	return &rowBuffer{
		raw: tensor.Bytes(make([]uint64, (raw+7)/8)), // aligned for any number
		f32: make([]float32, numbers), rounded: make([]tensor.BF16, numbers),
	}
}

// readBF16 reads n rows into dst, rounded as Load rounds them.
func (a *filePart) readBF16(dst []tensor.BF16, b *rowBuffer, row, n int) error {
	if a.dtype == tensor.DTypeBF16 {
		return a.read(tensor.Bytes(dst[:n*a.cols]), row, n)
	}
	numbers := b.f32[:n*a.cols]
	if err := a.readF32(numbers, b, row, n); err != nil {
		return err
	}
	kernel.ToBF16(dst[:n*a.cols], numbers)
	return nil
}

// readF32 reads n rows into dst.
func (a *filePart) readF32(dst []float32, b *rowBuffer, row, n int) error {
	raw := b.raw[:n*a.rowBytes()]
	if err := a.read(raw, row, n); err != nil {
		return err
	}
	t := tensor.Tensor{Name: a.name, DType: a.dtype, Shape: []int{n * a.cols}, Data: raw}
	if err := t.CopyF32(dst); err != nil {
		return fmt.Errorf("%s: %w", a.file.path, err)
	}
	return nil
}
