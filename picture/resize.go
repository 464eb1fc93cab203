package picture

import "fmt"

// weightBits is the precision of a weight. Weights of one pixel add up to
// 1<<weightBits, those below 0 to more than -1<<(weightBits-1), and the values
// are bytes: so sums fit in 31 bits.
const weightBits = 21

// Resize returns the picture in another size, by the Catmull-Rom cubic, which
// is widened where the picture shrinks: first the width, then the height, each
// rounded to bytes, and each within 1 of Pillow's BICUBIC. All is exact integer
// arithmetic. The result may be p itself. It panics if width or height is not
// positive.
func (p *Picture) Resize(width, height int) *Picture {
	p.check()
	if width <= 0 || height <= 0 {
		panic(fmt.Sprintf("picture: resize to %dx%d", width, height))
	}
	if width != p.Width {
		p = p.resizeRows(width)
	}
	if height != p.Height {
		p = p.resizeColumns(height)
	}
	return p
}

func (p *Picture) resizeRows(width int) *Picture {
	q := &Picture{Width: width, Height: p.Height, Pix: make([]byte, 3*width*p.Height)}
	kernels := kernelsFor(p.Width, width)
	for y := range p.Height {
		from, to := p.row(y), q.row(y)
		for x, k := range kernels {
			r, g, b := int32(1<<(weightBits-1)), int32(1<<(weightBits-1)), int32(1<<(weightBits-1))
			part := from[3*k.first:][:3*len(k.weights)]
			for i, w := range k.weights {
				pixel := part[3*i : 3*i+3 : 3*i+3]
				r += w * int32(pixel[0])
				g += w * int32(pixel[1])
				b += w * int32(pixel[2])
			}
			to[3*x], to[3*x+1], to[3*x+2] = clamp(r>>weightBits), clamp(g>>weightBits), clamp(b>>weightBits)
		}
	}
	return q
}

func (p *Picture) resizeColumns(height int) *Picture {
	q := &Picture{Width: p.Width, Height: height, Pix: make([]byte, 3*p.Width*height)}
	sums := make([]int32, 3*p.Width)
	for y, k := range kernelsFor(p.Height, height) {
		for i := range sums {
			sums[i] = 1 << (weightBits - 1)
		}
		for i, w := range k.weights {
			from := p.row(k.first + i)
			for j := range sums[:len(from)] {
				sums[j] += w * int32(from[j])
			}
		}
		to := q.row(y)
		for j, s := range sums {
			to[j] = clamp(s >> weightBits)
		}
	}
	return q
}

// A kernel says which pixels along a line make one pixel.
type kernel struct {
	first   int
	weights []int32
}

// kernelsFor returns the kernels that take a line of one length to another.
func kernelsFor(from, to int) []kernel {
	wide := int64(max(from, to))
	kernels := make([]kernel, to)
	for x := range kernels {
		// In units of a 2*to-th of a pixel: the center of the new pixel, and the
		// reach of the cubic, which is 2 pixels of the coarser of the two lines.
		center := int64(2*x+1) * int64(from)
		first := max(floorDiv(center-4*wide+int64(to), int64(2*to)), 0)
		end := min(floorDiv(center+4*wide+int64(to), int64(2*to)), int64(from))
		exact := make([]int64, end-first)
		for i := range exact {
			distance := center - (2*(first+int64(i))+1)*int64(to)
			exact[i] = cubic(max(distance, -distance), 2*wide)
		}
		kernels[x] = kernel{int(first), normalize(exact)}
	}
	return kernels
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// cubic is the Catmull-Rom kernel at n/d, in units of 2^-49.
func cubic(n, d int64) int64 {
	const one = 1 << 16
	t := (n*one + d/2) / d
	switch {
	case t < one:
		return 3*t*t*t - 5*t*t*one + 2*one*one*one
	case t < 2*one:
		return -t*t*t + 5*t*t*one - 8*t*one*one + 4*one*one*one
	}
	return 0
}

// normalize makes weights add up to 1<<weightBits; what rounding leaves goes to
// the largest.
func normalize(exact []int64) []int32 {
	sum, largest := int64(0), 0
	for i := range exact {
		exact[i] >>= 22 // leaves 27 bits behind the point: products below fit
		sum += exact[i]
		if exact[i] > exact[largest] {
			largest = i
		}
	}
	weights := make([]int32, len(exact))
	rest := int32(1 << weightBits)
	for i, e := range exact {
		weights[i] = int32(floorDiv(e<<weightBits+sum/2, sum))
		rest -= weights[i]
	}
	weights[largest] += rest
	return weights
}
