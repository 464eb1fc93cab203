package picture

import "fmt"

// A Scale maps the bytes of red, green and blue to the numbers that a tower was
// trained on. It is read only.
type Scale[T any] [3][256]T

// NewScale returns (v/255 - mean) / std for each channel and byte v, computed
// in float32 as image processors do, then given to number: the identity, or a
// rounding to bfloat16. SigLIP has mean and std of 0.5 throughout.
func NewScale[T any](mean, std [3]float32, number func(float32) T) *Scale[T] {
	s := new(Scale[T])
	for c := range s {
		for v := range s[c] {
			s[c][v] = number((float32(v)/255 - mean[c]) / std[c])
		}
	}
	return s
}

// Patches appends to dst one row for each patch of side by side pixels, in rows
// of the picture from the upper left. A row has 3*side*side numbers: the red of
// all its pixels in their rows, then the green, then the blue, as the weight
// [out, 3, side, side] of a convolution with a stride of side lies flat. So its
// output is the matrix of rows times that weight transposed. Width and height
// of the picture must be multiples of side.
func (s *Scale[T]) Patches(dst []T, p *Picture, side int) []T {
	p.check()
	if side <= 0 || p.Width%side != 0 || p.Height%side != 0 {
		panic(fmt.Sprintf("picture: %dx%d pixels in patches of %d", p.Width, p.Height, side))
	}
	for top := 0; top < p.Height; top += side {
		for left := 0; left < p.Width; left += side {
			for c := range s {
				for y := range side {
					line := p.row(top + y)[3*left:][:3*side]
					for x := range side {
						dst = append(dst, s[c][line[3*x+c]])
					}
				}
			}
		}
	}
	return dst
}
