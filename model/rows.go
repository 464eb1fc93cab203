package model

import (
	"slices"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// rowShape returns how many rows t has and how many elements are in each: the
// outermost dimension and the others. A vector is one row, unless its elements
// are rows that change places.
func (t stored) rowShape() (rows, cols int) {
	switch {
	case len(t.Shape) == 0:
		return 1, 1
	case len(t.Shape) == 1 && t.heads != 0:
		return t.Shape[0], 1
	case len(t.Shape) == 1:
		return 1, t.Shape[0]
	}
	return t.Shape[0], t.Len() / max(t.Shape[0], 1)
}

// rowBytes returns the size of one row.
func (t stored) rowBytes() int {
	rows, _ := t.rowShape()
	return len(t.Data) / max(rows, 1)
}

// order returns where the row lies that is to be row r. Llama's GGUF files keep
// each head's two halves of rows interleaved, as llama.cpp turns neighbors
// (2i, 2i+1) there, where this decoder turns (i, i + HeadDim/2).
func (t stored) order(r int) int {
	rows, _ := t.rowShape()
	switch {
	case t.heads > 0:
		return interleaved(r, rows/t.heads)
	case t.heads < 0:
		return parted(r, rows/-t.heads)
	}
	return r
}

// interleaved returns the place of row r, of heads with so many rows each, once
// the halves of every head are interleaved.
func interleaved(r, headRows int) int {
	first, x, half := r/headRows*headRows, r%headRows, headRows/2
	return first + 2*(x%half) + x/half
}

// parted is the inverse of interleaved.
func parted(r, headRows int) int {
	first, x, half := r/headRows*headRows, r%headRows, headRows/2
	return first + x%2*half + x/2
}

// rowsAt returns the bytes of rows [lo, hi) in the order that is wanted: aliasing
// the tensor, or in *buf, which grows as needed.
func (t stored) rowsAt(lo, hi int, buf *[]byte) []byte {
	size := t.rowBytes()
	if t.heads == 0 {
		return t.Data[lo*size : hi*size]
	}
	*buf = sized(*buf, (hi-lo)*size)
	for r := lo; r < hi; r++ {
		copy((*buf)[(r-lo)*size:], t.Data[t.order(r)*size:][:size])
	}
	return *buf
}

// inOrder returns a copy of the tensor with its rows in the order that is wanted.
func (t stored) inOrder() *tensor.Tensor {
	rows, _ := t.rowShape()
	words := tensor.AlignedCopy(t.Data)
	t.rowsAt(0, rows, &words)
	out := *t.Tensor
	out.Data = words
	return &out
}

// rowScratch is the memory of one worker that converts rows.
type rowScratch struct {
	raw  []byte
	f32  []float32
	bf16 []tensor.BF16
	// joined are rows of several tensors.
	joined []tensor.BF16
}

// bf16Rows returns rows [lo, hi) rounded to bf16: aliasing the tensor where it
// is bf16 already, or in s.
func (t stored) bf16Rows(lo, hi int, s *rowScratch) ([]tensor.BF16, error) {
	_, cols := t.rowShape()
	n := (hi - lo) * cols
	raw := t.rowsAt(lo, hi, &s.raw)
	switch {
	case t.DType == tensor.DTypeBF16 && tensor.Aligned(raw, 2):
		return tensor.View[tensor.BF16](raw), nil
	case t.DType == tensor.DTypeF32 && tensor.Aligned(raw, 4):
		s.bf16 = sized(s.bf16, n)
		kernel.ToBF16(s.bf16, tensor.View[float32](raw))
		return s.bf16, nil
	}
	s.f32 = sized(s.f32, n)
	if err := t.f32Rows(s.f32, lo, hi, s); err != nil {
		return nil, err
	}
	s.bf16 = sized(s.bf16, n)
	kernel.ToBF16(s.bf16, s.f32)
	return s.bf16, nil
}

// f32Rows decodes rows [lo, hi) into dst.
func (t stored) f32Rows(dst []float32, lo, hi int, s *rowScratch) error {
	raw := t.rowsAt(lo, hi, &s.raw)
	if _, width := t.DType.Block(); !t.DType.IsBlocked() && !tensor.Aligned(raw, width) {
		raw = tensor.AlignedCopy(raw)
	}
	part := tensor.Tensor{Name: t.Name, DType: t.DType, Shape: []int{len(dst)}, Data: raw}
	return part.CopyF32(dst)
}

// sized returns s with length n, on new memory if it has too little.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return slices.Grow(s[:0], n)[:n]
	}
	return s[:n]
}
