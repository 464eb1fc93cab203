package model

import (
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// Progress is told how many bytes of how many have been written.
type Progress func(done, total int64)

// Encoding goes by spans of rows, each cut for the workers.
const (
	spanBytes  = 8 << 20
	sliceBytes = 256 << 10
)

// writeRows writes t's rows in the format d, in the order that is wanted: as
// they lie where the format is theirs, and decoded and encoded anew otherwise.
func writeRows(w io.Writer, t stored, d tensor.DType) error {
	rows, cols := t.rowShape()
	if d == t.DType && t.heads == 0 {
		_, err := w.Write(t.Data)
		return err
	}
	if t.heads != 0 && len(t.Shape) == 1 || cols == 0 {
		return writeRows(w, stored{Tensor: t.inOrder()}, d)
	}
	rowBytes, err := tensor.SizeBytes(d, []int{cols})
	if err != nil {
		return err
	}
	e := &encoder{t: t, d: d, rowBytes: rowBytes, cols: cols, step: max(sliceBytes/(4*cols), 1)}
	span := max(spanBytes/(4*cols), 1)
	buffer := spanBuffers.Get()
	defer spanBuffers.Put(buffer)
	*buffer = sized(*buffer, min(span, rows)*rowBytes)
	e.buf = *buffer
	for lo := 0; lo < rows; lo += span {
		hi := min(lo+span, rows)
		if err := e.encode(lo, hi); err != nil {
			return err
		}
		if _, err := w.Write(e.buf[:(hi-lo)*rowBytes]); err != nil {
			return err
		}
	}
	return nil
}

// encoder converts spans of rows.
type encoder struct {
	t                    stored
	d                    tensor.DType
	rowBytes, cols, step int
	buf                  []byte
}

// Encoding keeps its memory for the next tensor and the next save: in training,
// garbage would count as a part of the peak.
var (
	spanBuffers  par.FreeList[[]byte]
	rowScratches par.FreeList[rowScratch]
)

// encode fills buf with rows [lo, hi), in parallel.
func (e *encoder) encode(lo, hi int) error {
	n := (hi - lo + e.step - 1) / e.step
	errs := make([]error, n)
	par.For(n, func(_, i int) {
		s := rowScratches.Get()
		defer rowScratches.Put(s)
		from, to := lo+i*e.step, min(lo+(i+1)*e.step, hi)
		errs[i] = e.slice(e.buf[(from-lo)*e.rowBytes:(to-lo)*e.rowBytes], from, to, s)
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// slice encodes rows [lo, hi) into dst.
func (e *encoder) slice(dst []byte, lo, hi int, s *rowScratch) error {
	if e.d == e.t.DType {
		copy(dst, e.t.rowsAt(lo, hi, &s.raw))
		return nil
	}
	s.f32 = sized(s.f32, (hi-lo)*e.cols)
	if err := e.t.f32Rows(s.f32, lo, hi, s); err != nil {
		return err
	}
	return encodeNumbers(dst, e.d, s.f32, s)
}

// encodeNumbers writes x in the format d.
func encodeNumbers(dst []byte, d tensor.DType, x []float32, s *rowScratch) error {
	switch d {
	case tensor.DTypeF32:
		copy(dst, tensor.Bytes(x))
	case tensor.DTypeBF16:
		s.bf16 = sized(s.bf16, len(x))
		kernel.ToBF16(s.bf16, x)
		copy(dst, tensor.Bytes(s.bf16))
	case tensor.DTypeF16:
		for i, v := range x {
			h := tensor.F16FromFloat32(v)
			if h.IsInf() && v-v == 0 {
				return fmt.Errorf("%v is larger than any number of F16; choose BF16 or F32", v)
			}
			dst[2*i], dst[2*i+1] = byte(h), byte(h>>8)
		}
	default:
		if !d.IsBlocked() {
			return fmt.Errorf("weights are not written in the format %q", d)
		}
		return tensor.Quantize(dst, d, x)
	}
	return nil
}

// counted reports what went through its writers.
type counted struct {
	done, total int64
	tell        Progress
}

func (c *counted) through(w io.Writer) io.Writer {
	if c.tell == nil {
		return w
	}
	return writerFunc(func(p []byte) (int, error) {
		n, err := w.Write(p)
		c.done += int64(n)
		c.tell(c.done, c.total)
		return n, err
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
