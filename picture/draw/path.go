package draw

import "math"

// unit is the length of a pixel in the numbers of points (26.6 fixed point).
const unit = 64

// point is a place, in 64ths of a pixel from the upper left corner.
type point struct{ x, y int }

func (p point) add(q point) point { return point{p.x + q.x, p.y + q.y} }
func (p point) sub(q point) point { return point{p.x - q.x, p.y - q.y} }

// px returns the place of a pixel's corner.
func px(x, y int) point { return point{x * unit, y * unit} }

// path is a figure: closed lines, inside of which is what they wind around.
type path struct{ lines [][]point }

func polygon(points ...point) path { return path{[][]point{points}} }

func (p *path) move(to point) { p.lines = append(p.lines, []point{to}) }

func (p *path) line(to point) {
	last := len(p.lines) - 1
	p.lines[last] = append(p.lines[last], to)
}

// quad draws a quadratic curve, as pieces so short that none is seen.
func (p *path) quad(control, to point) {
	last := p.lines[len(p.lines)-1]
	from := last[len(last)-1]
	bend := abs(from.x-2*control.x+to.x) + abs(from.y-2*control.y+to.y)
	n := min(2+isqrt(bend)/4, 24)
	for i := 1; i <= n; i++ {
		a, b, c := (n-i)*(n-i), 2*i*(n-i), i*i
		p.line(point{
			roundDiv(a*from.x+b*control.x+c*to.x, n*n),
			roundDiv(a*from.y+b*control.y+c*to.y, n*n),
		})
	}
}

// box returns the pixels that the figure may touch.
func (p path) box() Box {
	x0, y0, x1, y1 := math.MaxInt, math.MaxInt, math.MinInt, math.MinInt
	for _, line := range p.lines {
		for _, q := range line {
			x0, y0, x1, y1 = min(x0, q.x), min(y0, q.y), max(x1, q.x), max(y1, q.y)
		}
	}
	if x0 > x1 {
		return Box{}
	}
	return Box{floorDiv(x0, unit), floorDiv(y0, unit), -floorDiv(-x1, unit), -floorDiv(-y1, unit)}
}

// Box is a rectangle in pixels: left, top, right, bottom; the right column and
// the bottom row are the first that do not belong to it.
type Box [4]int

func (b Box) width() int  { return b[2] - b[0] }
func (b Box) height() int { return b[3] - b[1] }

// grow returns the box with so many pixels more on each side.
func (b Box) grow(n int) Box { return Box{b[0] - n, b[1] - n, b[2] + n, b[3] + n} }

func (b Box) meets(c Box) bool { return b[0] < c[2] && c[0] < b[2] && b[1] < c[3] && c[1] < b[3] }

func (b Box) holds(c Box) bool { return b[0] <= c[0] && b[1] <= c[1] && c[2] <= b[2] && c[3] <= b[3] }

// middle returns the center, in 64ths of a pixel.
func (b Box) middle() point { return point{(b[0] + b[2]) * unit / 2, (b[1] + b[3]) * unit / 2} }

func (b Box) path() path {
	return polygon(px(b[0], b[1]), px(b[2], b[1]), px(b[2], b[3]), px(b[0], b[3]))
}

// stroke returns a straight line of a width, in 64ths of a pixel.
func stroke(from, to point, width int) path {
	d := to.sub(from)
	length := max(isqrt(d.x*d.x+d.y*d.y), 1)
	n := point{roundDiv(-d.y*width, 2*length), roundDiv(d.x*width, 2*length)}
	return polygon(from.add(n), to.add(n), to.sub(n), from.sub(n))
}

// disk returns a circle around the middle.
func disk(middle point, radius int) path { return sector(middle, radius, 0, turn) }

// ring returns a circle with a round hole.
func ring(middle point, outer, inner int) path {
	p := disk(middle, outer)
	hole := disk(middle, inner).lines[0]
	for i, j := 0, len(hole)-1; i < j; i, j = i+1, j-1 {
		hole[i], hole[j] = hole[j], hole[i]
	}
	p.lines = append(p.lines, hole)
	return p
}

// sector returns a slice of a disk between two angles, clockwise from the top.
func sector(middle point, radius, from, to int) path {
	var p path
	if to-from < turn {
		p.move(middle)
		p.line(middle.add(polar(radius, from)))
	} else {
		p.move(middle.add(polar(radius, from)))
	}
	const step = turn / 120
	for angle := from + step; angle < to; angle += step {
		p.line(middle.add(polar(radius, angle)))
	}
	if to-from < turn {
		p.line(middle.add(polar(radius, to)))
	}
	return p
}
