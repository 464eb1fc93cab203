package model

import (
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/tensor"
)

// WriteTensor writes the data of a tensor that Tensors lists in the format d,
// rows in the ecosystem's order: as it lies where the format is the file's, else
// decoded to float32 and encoded anew, in parallel. It must not be called from
// inside a par.Job.
func (w *Weights) WriteTensor(out io.Writer, name string, d tensor.DType) error {
	t, err := w.stored(name)
	if err != nil {
		return err
	}
	if err := writeRows(out, t, d); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
