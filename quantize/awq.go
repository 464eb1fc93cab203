package quantize

import (
	"math"
	"slices"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// exponents is how many powers of the inputs' magnitudes are tried: 1/n, ..., 1.
const exponents = 10

// search finds the scales of a fold: the power of the mean magnitude of each
// element with which the products that read it lose least (AWQ,
// arXiv:2306.00978, 3.2), measured on the rows that were kept. It returns nil
// if none is better than no scales, or if no reader is rounded to 4 bits.
//
// For a fold with groups of its own each group is searched by itself.
func (r *run) search(f *model.Fold, s *sample) ([]float32, error) {
	scales := make([]float32, f.Groups*f.Width)
	any := false
	for g := range f.Groups {
		own := scales[g*f.Width : (g+1)*f.Width]
		found, err := r.searchGroup(own, f, g, s)
		if err != nil {
			return nil, err
		}
		any = any || found
	}
	if !any {
		return nil, nil
	}
	return scales, nil
}

// searchGroup sets the scales of group g of the fold, and reports whether they
// are other than 1.
func (r *run) searchGroup(scales []float32, f *model.Fold, g int, s *sample) (found bool, err error) {
	ones(scales)
	readers, err := r.readers(f, g, s)
	if err != nil || len(readers) == 0 {
		return false, err
	}
	mean := magnitudes(f, &s.seen[f.Readers[0]][g])
	var norm []float32
	if f.Norm != nil {
		if norm, err = r.read(f.Norm, 0); err != nil {
			return false, err
		}
	}
	least := math.Inf(1)
	try := make([]float32, len(scales))
	t := &trial{}
	for e := range exponents + 1 {
		if e > 0 && !power(try, mean, float64(e)/exponents) {
			continue
		}
		if e == 0 {
			ones(try)
		} else if f.Exact {
			powersOfTwo(try)
		} else if norm != nil {
			storable(try, norm)
		}
		loss := 0.0
		for i := range readers {
			l, err := readers[i].loss(f, try, t)
			if err != nil {
				return false, err
			}
			loss += l
		}
		if loss < least {
			least, found = loss, e > 0
			copy(scales, try)
		}
	}
	return found, nil
}

// reader is a group of a product that a fold's scales are tried on.
type reader struct {
	d  tensor.DType
	w  []float32 // [Out, In]
	in int
	x  []tensor.BF16 // kept rows
}

// trial is scratch of the readers, which take turns: a layer may have hundreds.
type trial struct {
	y       []float32 // of the product
	data    []byte    // of the codes
	try     []float32 // of the weights
	delta   *kernel.Packed
	in, out int // of delta
}

// fit makes room for a reader.
func (t *trial) fit(rd *reader) error {
	out := len(rd.w) / rd.in
	size, err := tensor.SizeBytes(rd.d, []int{out, rd.in})
	if err != nil {
		return err
	}
	t.try = slices.Grow(t.try[:0], len(rd.w))[:len(rd.w)]
	t.data = slices.Grow(t.data[:0], size)[:size]
	rows := len(rd.x) / rd.in * out
	t.y = slices.Grow(t.y[:0], rows)[:rows]
	if t.in != rd.in || t.out != out {
		t.delta, t.in, t.out = kernel.NewPacked(1, rd.in, out), rd.in, out
	}
	return nil
}

// readers returns the groups that read group g of the fold in a format of 4
// bits and of which rows were kept.
func (r *run) readers(f *model.Fold, g int, s *sample) ([]reader, error) {
	var list []reader
	for _, p := range f.Readers {
		d := r.format(p)
		if !Solved(d) {
			continue
		}
		from, to := 0, p.Groups
		if f.Groups > 1 {
			from, to = g, g+1
		}
		for e := from; e < to; e++ {
			x := s.seen[p][e].kept
			if len(x) == 0 {
				continue
			}
			w, err := r.read(p, e)
			if err != nil {
				return nil, err
			}
			list = append(list, reader{d: d, w: w, in: p.In, x: x})
		}
	}
	return list, nil
}

// loss returns the sum of squares of x·(W-Q)ᵀ, where Q is what W becomes by
// being multiplied by the scales, rounded, and divided by them.
func (rd *reader) loss(f *model.Fold, scales []float32, t *trial) (float64, error) {
	if err := t.fit(rd); err != nil {
		return 0, err
	}
	column := make([]float32, rd.in)
	for j := range column {
		column[j] = scales[f.Scale(j)]
	}
	for i, v := range rd.w {
		t.try[i] = v * column[i%rd.in]
	}
	if err := roundRows(t.data, rd.d, t.try, rd.in, nil); err != nil {
		return 0, err
	}
	tensor.Dequantize(t.try, rd.d, t.data)
	for i, v := range rd.w {
		t.try[i] = v - t.try[i]/column[i%rd.in]
	}
	return energy(t.y, rd.x, t.try, t.delta), nil
}

// energy returns the sum of squares of x·wᵀ; y and packed are scratch.
func energy(y []float32, x []tensor.BF16, w []float32, packed *kernel.Packed) float64 {
	packed.PackAll(w)
	kernel.MatMulF32(y, x, packed, nil)
	sum := 0.0
	for _, v := range y {
		sum += float64(v) * float64(v)
	}
	return sum
}

// magnitudes returns the mean magnitude of each element of the fold's vector.
func magnitudes(f *model.Fold, in *inputs) []float64 {
	mean, count := make([]float64, f.Width), make([]float64, f.Width)
	for j, v := range in.absolute {
		mean[f.Scale(j)] += float64(v)
		count[f.Scale(j)]++
	}
	for i := range mean {
		mean[i] /= count[i] * float64(max(in.rows, 1))
	}
	return mean
}

// power sets scales to mean^e, around 1: the geometric mean of the least and the
// largest is 1. It reports whether there is anything to scale by.
func power(scales []float32, mean []float64, e float64) bool {
	low, high := math.Inf(1), 0.0
	for i, v := range mean {
		s := max(math.Pow(v, e), 1e-4)
		scales[i] = float32(s)
		low, high = min(low, s), max(high, s)
	}
	middle := float32(math.Sqrt(low * high))
	for i := range scales {
		scales[i] /= middle
	}
	return high > low
}

func ones(scales []float32) {
	for i := range scales {
		scales[i] = 1
	}
}

// powersOfTwo rounds scales to powers of two, by which nothing is rounded.
func powersOfTwo(scales []float32) {
	for i, s := range scales {
		scales[i] = float32(math.Exp2(math.Round(math.Log2(float64(s)))))
	}
}

// storable changes scales so that a norm's weights divided by them are bf16, as
// which the decoder holds them.
func storable(scales, norm []float32) {
	for i, s := range scales {
		w := norm[i]
		rounded := tensor.FromFloat32(w / s).Float32()
		scales[i] = 1
		if rounded != 0 && w/rounded > 0 {
			scales[i] = w / rounded
		}
	}
}
