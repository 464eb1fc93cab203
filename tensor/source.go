package tensor

import "io"

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
