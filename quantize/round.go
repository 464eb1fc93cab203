package quantize

import (
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// roundRows rounds w [n, k] to nearest into dst, blocks of format d, with the
// scales that lose least. weights [k] says what an error in a column costs; nil
// = all the same.
func roundRows(dst []byte, d tensor.DType, w []float32, k int, weights []float32) error {
	n := len(w) / k
	size := len(dst) / n
	chunks := (n + solveRows - 1) / solveRows
	errs := make([]error, chunks)
	par.For(chunks, func(_, c int) {
		first, end := c*solveRows, min((c+1)*solveRows, n)
		errs[c] = tensor.QuantizeWeighted(dst[first*size:end*size], d, w[first*k:end*k], weights)
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
