package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

// Tensor is a named array in row-major order, its numbers little-endian.
//
// Data may lie in a read-only mapped file: then writing to it ends the
// program, and it must not be read after the file is closed. Views alias Data.
type Tensor struct {
	Name  string
	DType DType
	Shape []int // outermost first; empty for a single number
	Data  []byte
}

// Location is a place in a file.
type Location struct {
	Path   string
	Offset int64 // bytes from the beginning
}

// Len returns the number of elements.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// SizeBytes returns the number of bytes that a tensor of this format and shape
// takes. It is an error if the format is unknown, a dimension is negative, the
// size is no whole number of bytes or does not fit an int, or the last dimension
// is no whole number of the format's blocks.
func SizeBytes(d DType, shape []int) (int, error) {
	if elements, size := d.Block(); elements > 1 {
		last := len(shape) - 1
		if last < 0 || shape[last]%elements != 0 {
			return 0, fmt.Errorf("shape %v of %s: the last dimension must be a multiple of %d", shape, d, elements)
		}
		shape = append(slices.Clone(shape[:last]), shape[last]/elements, size)
		d = DTypeU8
	}
	width := d.Bits()
	if width == 0 {
		return 0, fmt.Errorf("unknown dtype %q", string(d))
	}
	total, overflow, empty := uint64(width), false, false
	for _, n := range shape {
		if n < 0 {
			return 0, fmt.Errorf("negative dimension in shape %v", shape)
		}
		hi, lo := bits.Mul64(total, uint64(n))
		total, overflow, empty = lo, overflow || hi != 0, empty || n == 0
	}
	switch {
	case empty:
		return 0, nil
	case overflow || total/8 > math.MaxInt:
		return 0, fmt.Errorf("shape %v is too large", shape)
	case total%8 != 0:
		return 0, fmt.Errorf("shape %v of %s fills no whole number of bytes", shape, d)
	}
	return int(total / 8), nil
}

// FromF32 returns a tensor over data, which it aliases. It panics if the shape
// does not have len(data) elements.
func FromF32(name string, data []float32, shape ...int) *Tensor {
	return from(name, DTypeF32, Bytes(data), shape)
}

// FromBF16 is FromF32 for bfloat16 numbers.
func FromBF16(name string, data []BF16, shape ...int) *Tensor {
	return from(name, DTypeBF16, Bytes(data), shape)
}

func from(name string, d DType, data []byte, shape []int) *Tensor {
	if size, err := SizeBytes(d, shape); err != nil || size != len(data) {
		panic(fmt.Sprintf("tensor: %q: %d bytes of %s do not have shape %v", name, len(data), d, shape))
	}
	return &Tensor{Name: name, DType: d, Shape: shape, Data: data}
}

// F32 returns the elements, aliasing Data. It panics unless DType is F32.
func (t *Tensor) F32() []float32 { return viewAs[float32](t, DTypeF32) }

// BF16 returns the elements, aliasing Data. It panics unless DType is BF16.
func (t *Tensor) BF16() []BF16 { return viewAs[BF16](t, DTypeBF16) }

// F16 returns the elements, aliasing Data. It panics unless DType is F16.
func (t *Tensor) F16() []F16 { return viewAs[F16](t, DTypeF16) }

func viewAs[T Element](t *Tensor, d DType) []T {
	if t.DType != d {
		panic(fmt.Sprintf("tensor: %q is %s, not %s", t.Name, t.DType, d))
	}
	return View[T](t.Data)
}

// CopyF32 converts the elements to float32: exactly from F32, BF16 and F16, as
// Dequantize does from formats of blocks, and with rounding to nearest even from
// F64. Another format is an error that names the tensor. It panics if len(dst)
// is not t.Len().
func (t *Tensor) CopyF32(dst []float32) error {
	if len(dst) != t.Len() {
		panic(fmt.Sprintf("tensor: %q has %d elements, not %d", t.Name, t.Len(), len(dst)))
	}
	if t.DType.IsBlocked() {
		Dequantize(dst, t.DType, t.Data)
		return nil
	}
	switch t.DType {
	case DTypeF32:
		copy(dst, t.F32())
	case DTypeBF16:
		for i, x := range t.BF16() {
			dst[i] = x.Float32()
		}
	case DTypeF16:
		for i, x := range t.F16() {
			dst[i] = x.Float32()
		}
	case DTypeF64:
		for i := range dst {
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:])))
		}
	default:
		return fmt.Errorf("tensor %q: cannot read %s as numbers; convert it to BF16, F16 or F32", t.Name, t.DType)
	}
	return nil
}
