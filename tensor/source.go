package tensor

import (
	"errors"
	"fmt"
	"io"
)

// Source is a tensor to be written to a file whose data is made when its turn
// comes, so that a model can be converted while it is saved without a second
// copy.
type Source struct {
	Name  string
	DType DType
	Shape []int                   // outermost first
	Fill  func(w io.Writer) error // writes the little-endian data, all of it
}

// Source returns a Source that writes t's data as it lies.
func (t *Tensor) Source() Source {
	return Source{Name: t.Name, DType: t.DType, Shape: t.Shape, Fill: func(w io.Writer) error {
		_, err := w.Write(t.Data)
		return err
	}}
}

// WriteData writes the tensor's data to w. It is an error if Fill gives more or
// less than format and shape take.
func (s Source) WriteData(w io.Writer) error {
	size, err := SizeBytes(s.DType, s.Shape)
	if err != nil {
		return err
	}
	c := counter{w: w, room: size}
	if err := s.Fill(&c); err != nil {
		return err
	}
	if c.room != 0 {
		return fmt.Errorf("%d of its %d bytes were not given", c.room, size)
	}
	return nil
}

// counter refuses more than room bytes.
type counter struct {
	w    io.Writer
	room int
}

var errTooMuch = errors.New("more data than its shape takes")

func (c *counter) Write(p []byte) (int, error) {
	if len(p) > c.room {
		return 0, errTooMuch
	}
	n, err := c.w.Write(p)
	c.room -= n
	return n, err
}
