package tensor

import "math"

// fit is Fit without its checks.
func (g *Grid) fit(block, weights []float32) {
	w := g.normalize(weights, len(block))
	switch {
	case g.d == DTypeMXFP4:
		g.fitExponent(block, w)
	case g.kind.scales == 0:
		g.fitScale(block, w)
	default:
		g.fitGroups(block, w)
	}
}

// fitExponent takes the exponent that lets the largest number be 4 to 8, of
// which those above 6 are cut, or one beside it. Exponent 0, for numbers below
// 2^-125, is not used.
func (g *Grid) fitExponent(block, w []float32) {
	_, exp := math.Frexp(float64(extreme(block)))
	first := min(max(exp-1-2+127, 1), 252)
	best := float32(0)
	for _, e := range [3]int{first, first + 1, max(first-1, 1)} {
		d := halfE8M0(byte(e))
		inverse := 1 / d
		var sum float32
		for i, x := range block {
			err := x - float32(d*mxfp4[nearestLevel(x, inverse)])
			sum += float32(err * err * w[i])
		}
		if e == first || sum < best {
			best, g.exp = sum, byte(e)
			g.setGroup(0, d, 0)
		}
	}
}

// fitScale takes the reference's scale or the one that the search finds.
func (g *Grid) fitScale(block, w []float32) {
	end := g.kind.lo // Q4_0 reaches farther below than above
	if g.d == DTypeQ8_0 {
		end = g.kind.hi
	}
	m := extreme(block)
	if g.d == DTypeQ8_0 && m < 0 {
		m = -m
	}
	candidates := [3]F16{F16FromFloat32(m / end), f16Scale(m / end)}
	list := candidates[:2]
	if g.d != DTypeQ8_0 {
		candidates[2] = f16Scale(g.kind.symmetric(block, w))
		list = candidates[:]
	}
	best := float32(0)
	for i, h := range list {
		if h&0x7fff >= 0x7c00 || i > 0 && h == g.super {
			continue
		}
		if loss := g.kind.loss(block, w, h.Float32(), 0); i == 0 || loss < best {
			best, g.super = loss, h
		}
	}
	g.setGroup(0, g.super.Float32(), 0)
}

// fitGroups searches each group's scale and minimum, lets the largest set the
// block's, and places each group within these. Then the codes say which numbers
// of the block would have been best, and the groups are placed again.
func (g *Grid) fitGroups(block, w []float32) {
	n := g.kind.group
	var scale, low [16]float32
	for i := range len(block) / n {
		scale[i], low[i] = g.search(block[i*n:(i+1)*n], w[i*n:(i+1)*n])
	}
	end := float32(g.kind.scales)
	if !g.kind.affine {
		end = -end - 1 // the codes of Q6_K's scales reach farther below
	}
	g.super, g.least = f16Scale(extreme(scale[:])/end), f16Scale(extreme(low[:])/end)
	loss := g.placeAll(block, w, &scale, &low)
	for range 3 {
		before := *g
		g.super, g.least = g.refit(block, w)
		again := g.placeAll(block, w, &scale, &low)
		if again >= loss {
			*g = before
			return
		}
		loss = again
	}
}

// placeAll places all groups and returns the loss.
func (g *Grid) placeAll(block, w []float32, scale, low *[16]float32) (loss float32) {
	n := g.kind.group
	for i := range len(block) / n {
		loss += g.place(i, block[i*n:(i+1)*n], w[i*n:(i+1)*n], scale[i], low[i])
	}
	return loss
}

// refit returns the block's scale and minimum that lose least with the codes of
// the groups and their numbers as they are, by least squares.
func (g *Grid) refit(block, w []float32) (super, least F16) {
	var aa, ab, bb, xa, xb float64
	for i, x := range block {
		group := i / g.kind.group
		q := g.kind.round((x + g.low[group]) * g.inverse[group])
		a, b := float64(q)*float64(g.scaleCode[group]), -float64(g.lowCode[group])
		wa, wb := float64(float64(w[i])*a), float64(float64(w[i])*b)
		aa += float64(wa * a)
		ab += float64(wa * b)
		bb += float64(wb * b)
		xa += float64(wa * float64(x))
		xb += float64(wb * float64(x))
	}
	switch det := float64(aa*bb) - float64(ab*ab); {
	case det > 0:
		s := (float64(bb*xa) - float64(ab*xb)) / det
		m := (float64(aa*xb) - float64(ab*xa)) / det
		if s > 0 && m > 0 {
			return f16Scale(float32(s)), f16Scale(float32(m))
		}
	case aa > 0 && bb == 0:
		return f16Scale(float32(xa / aa)), 0
	}
	return g.super, g.least
}

// search returns the scale and minimum of a group that lose least.
func (g *Grid) search(numbers, w []float32) (scale, low float32) {
	if g.kind.affine {
		return g.kind.withMinimum(numbers, w)
	}
	return g.kind.symmetric(numbers, w), 0
}

// place takes the codes for a group's scale and minimum that lose least of those
// around the wanted ones, and returns that loss.
func (g *Grid) place(group int, numbers, w []float32, scale, low float32) (best float32) {
	super, least := g.super.Float32(), g.least.Float32()
	bottom := 0
	if !g.kind.affine {
		bottom = -g.kind.scales - 1
	}
	s0 := nearestCode(scale, super, bottom, g.kind.scales)
	m0 := nearestCode(low, least, 0, g.kind.scales)
	best = -1
	for _, ds := range [3]int{0, -1, 1} {
		for _, dm := range [3]int{0, -1, 1} {
			s, m := s0+ds, m0+dm
			if s < bottom || s > g.kind.scales || m < 0 || m > g.kind.scales || dm != 0 && least == 0 {
				continue
			}
			loss := g.kind.loss(numbers, w, float32(super*float32(s)), float32(least*float32(m)))
			if best < 0 || loss < best {
				best = loss
				g.scaleCode[group], g.lowCode[group] = s, m
			}
		}
	}
	g.setGroup(group, float32(super*float32(g.scaleCode[group])), float32(least*float32(g.lowCode[group])))
	return best
}

// nearestCode returns the code c of lo to hi for which unit*c is nearest to x.
func nearestCode(x, unit float32, lo, hi int) int {
	if unit == 0 {
		return 0
	}
	return int(min(max(math.RoundToEven(float64(x)/float64(unit)), float64(lo)), float64(hi)))
}

// extreme returns the number of largest magnitude.
func extreme(list []float32) float32 {
	var m float32
	for _, x := range list {
		if x > m && x > -m || x < m && x < -m {
			m = x
		}
	}
	return m
}

// steps is how many ranges around the group's own a search tries on either side,
// in tenths of a code.
const steps = 9

// turns is how often a search goes from a line to the codes nearest to it and to
// the line of these, if that gets better; few are needed.
const turns = 8

// symmetric returns the scale for which scale*code loses least: for the codes
// that each tried scale leads to, the best scale is a quotient of two sums.
func (k *gridKind) symmetric(numbers, w []float32) float32 {
	m := extreme(numbers)
	if m == 0 {
		return 0
	}
	var best, scale float32
	w = w[:len(numbers)]
	for step := -steps; step <= steps; step++ {
		inverse := (k.lo + float32(0.1*float32(step))) / m
		var xq, qq float32
		for i, x := range numbers {
			q := k.round(x * inverse)
			wq := float32(w[i] * q)
			xq += float32(x * wq)
			qq += float32(q * wq)
		}
		if qq > 0 && xq/qq*xq > best {
			best, scale = xq/qq*xq, xq/qq
		}
	}
	return scale
}

// withMinimum returns the scale and the minimum, which is not negative, for which
// scale*code - minimum loses least.
func (k *gridKind) withMinimum(numbers, w []float32) (scale, minimum float32) {
	lo, hi := min(numbers[0], 0), numbers[0]
	for _, x := range numbers {
		lo, hi = min(lo, x), max(hi, x)
	}
	if lo == hi {
		return 0, -lo
	}
	var best line
	for step := -steps; step <= steps; step += 2 {
		l := k.through(numbers, w, (k.hi+float32(0.1*float32(step)))/(hi-lo), -lo)
		for range turns {
			next := k.through(numbers, w, 1/l.scale, l.minimum)
			if !(next.gain > l.gain) {
				break
			}
			l = next
		}
		if l.gain > best.gain {
			best = l
		}
	}
	return best.scale, best.minimum
}

// line is scale*code - minimum, with what it takes from the weighted sum of the
// squared numbers.
type line struct {
	scale, minimum float32
	gain           float64
}

// through returns the straight line through the numbers over the codes that the
// given one leads to, by least squares.
func (k *gridKind) through(numbers, w []float32, inverse, low float32) line {
	var n, sx, sq, sqq, sxq float32
	w = w[:len(numbers)]
	for i, x := range numbers {
		q := k.round((x + low) * inverse)
		wq := float32(w[i] * q)
		n += w[i]
		sx += float32(w[i] * x)
		sq += wq
		sqq += float32(wq * q)
		sxq += float32(wq * x)
	}
	return solve(float64(n), float64(sx), float64(sq), float64(sqq), float64(sxq))
}

// solve returns the line for sums of weights, of numbers, of codes, of squared
// codes and of numbers times codes. A minimum that would be negative is 0.
func solve(n, sx, sq, sqq, sxq float64) line {
	var s, m float64
	if det := float64(n*sqq) - float64(sq*sq); det > 0 {
		s = (float64(n*sxq) - float64(sx*sq)) / det
		m = (float64(sq*sxq) - float64(sqq*sx)) / det
	}
	if m <= 0 && sqq > 0 {
		s, m = sxq/sqq, 0
	}
	if s <= 0 {
		return line{}
	}
	square := float64(float64(s*s)*sqq) - float64(float64(2*s*m)*sq) + float64(float64(m*m)*n)
	return line{float32(s), float32(m), float64(2*s*sxq) - float64(2*m*sx) - square}
}
