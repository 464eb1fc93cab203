package tensor

import "math"

// Grid quantizes a block of one row number by number, for whoever decides each
// number after seeing what the one before it lost. Fit chooses the block's
// scales, Set rounds a number, and Encode writes the block. A Grid may be used
// for one block after another, by one goroutine at a time.
type Grid struct {
	d     DType
	kind  gridKind
	super F16 // multiplies the scales
	least F16 // multiplies the minimums
	exp   byte

	// By group: the stored codes, and the value scale*code - low.
	scaleCode, lowCode  [16]int
	scale, low, inverse [16]float32

	codes   [256]int8
	weights [256]float32 // scratch of fit
}

// gridKind is what a format lets its codes be.
type gridKind struct {
	elements, group int
	lo, hi          float32 // the range of codes
	scales          int     // the largest code of a group's scale; 0 without
	affine          bool    // with minimums
}

func kindOf(d DType) gridKind {
	switch d {
	case DTypeQ4_0:
		return gridKind{elements: 32, group: 32, lo: -8, hi: 7}
	case DTypeQ4K:
		return gridKind{elements: 256, group: 32, hi: 15, scales: 63, affine: true}
	case DTypeQ5K:
		return gridKind{elements: 256, group: 32, hi: 31, scales: 63, affine: true}
	case DTypeQ6K:
		return gridKind{elements: 256, group: 16, lo: -32, hi: 31, scales: 127}
	}
	return gridKind{elements: 32, group: 32, lo: -127, hi: 127} // Q8_0, and MXFP4, which has levels
}

// NewGrid returns a Grid of the format d, all of whose numbers are 0. It panics
// if d is no format of blocks.
func NewGrid(d DType) *Grid {
	checkBlocks(0, d, 0)
	return &Grid{d: d, kind: kindOf(d)}
}

// Group returns how many consecutive numbers share a scale: 16 for Q6_K, 32 for
// the other formats.
func (g *Grid) Group() int { return g.kind.group }

// Fit chooses the scales of a block for its numbers, where the squared error of
// number k counts weights[k]; nil stands for all alike. The errors are those of
// QuantizeWeighted. It panics if block or weights are no block.
func (g *Grid) Fit(block, weights []float32) error {
	checkLength(block, weights, g.kind.elements)
	if err := g.check(block, weights); err != nil {
		return err
	}
	g.fit(block, weights)
	return nil
}

// FitGroup chooses the scale of one group of Group() numbers again, counted from
// 0, for numbers that have changed since Fit: in Q4_K, Q5_K and Q6_K within the
// block's scales, which stay.
func (g *Grid) FitGroup(group int, numbers, weights []float32) error {
	checkLength(numbers, weights, g.kind.group)
	if err := g.check(numbers, weights); err != nil {
		return err
	}
	if g.kind.scales == 0 {
		g.fit(numbers, weights)
		return nil
	}
	w := g.normalize(weights, len(numbers))
	scale, low := g.search(numbers, w)
	g.place(group, numbers, w, scale, low)
	return nil
}

func checkLength(numbers, weights []float32, want int) {
	if len(numbers) != want || weights != nil && len(weights) != want {
		panic("tensor: a Grid takes whole blocks or groups")
	}
}

func (g *Grid) check(numbers, weights []float32) error {
	if err := checkWeights(weights); err != nil {
		return err
	}
	return checkNumbers(g.d, numbers)
}

// Set rounds number i of the block to the nearest that its group's scale allows
// and returns it, as Dequantize will. x must not be a NaN.
func (g *Grid) Set(i int, x float32) float32 {
	group := i / g.kind.group
	if g.d == DTypeMXFP4 {
		q := nearestLevel(x, g.inverse[0])
		g.codes[i] = int8(q)
		return g.scale[0] * mxfp4[q]
	}
	q := g.kind.round((x + g.low[group]) * g.inverse[group])
	g.codes[i] = int8(q)
	return float32(g.scale[group]*q) - g.low[group]
}

// round returns the code nearest to x, ties to even.
func (k *gridKind) round(x float32) float32 {
	const shift = 3 << 22 // leaves no bits for a fraction
	x = float32(float32(x)+shift) - shift
	if x < k.lo {
		return k.lo
	}
	if x > k.hi {
		return k.hi
	}
	return x
}

// levels holds the code of MXFP4 that is nearest to x at int(2*x), x being in
// units of half the scale.
var levels = [25]byte{0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7}

// nearestLevel returns the code of MXFP4 for x.
func nearestLevel(x, inverse float32) byte {
	q := levels[int(2*min(abs(x)*inverse, 12))]
	return q | byte(math.Float32bits(x)>>31<<3)
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// setGroup enters the scale and minimum that the codes of a group stand for.
func (g *Grid) setGroup(group int, scale, low float32) {
	g.scale[group], g.low[group], g.inverse[group] = scale, low, 0
	if scale != 0 {
		g.inverse[group] = 1 / scale
	}
}

// loss returns the weighted squared error of numbers rounded with the scale.
func (k *gridKind) loss(numbers, w []float32, scale, low float32) float32 {
	inverse := float32(0)
	if scale != 0 {
		inverse = 1 / scale
	}
	var sum float32
	w = w[:len(numbers)]
	for i, x := range numbers {
		q := k.round((x + low) * inverse)
		e := x - (float32(scale*q) - low)
		sum += float32(e * e * w[i])
	}
	return sum
}

// normalize returns the weights of n numbers, scaled so that sums of theirs stay
// in range; none is 0, so that every group has a scale.
func (g *Grid) normalize(weights []float32, n int) []float32 {
	var top float32
	for _, w := range weights {
		top = max(top, w)
	}
	out := g.weights[:n]
	for i := range out {
		out[i] = 1
		if top > 0 {
			out[i] = max(float32(float64(weights[i])/float64(top)), 1e-7)
		}
	}
	return out
}

// f16Scale returns x as F16, and never one that is infinite or, being denormal,
// much smaller, which would cut off the largest numbers.
func f16Scale(x float32) F16 {
	h := F16FromFloat32(x)
	magnitude := h & 0x7fff
	if magnitude >= 0x7c00 {
		return h&0x8000 | 0x7bff
	}
	if y := h.Float32(); magnitude < 0x400 && math.Abs(float64(y)) < math.Abs(float64(x)) {
		return h + 1
	}
	return h
}
