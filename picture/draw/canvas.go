package draw

import (
	"image"
	"image/color"
)

// canvas is a square picture that figures are filled on.
type canvas struct {
	img   *image.NRGBA // nil: nothing is painted, only facts are wanted
	cover []int        // of the pixels of a row, full of them
	edges []edge
	cross []crossing
}

// lines of a pixel on which its coverage is measured; along a line it is exact.
const rowsPerPixel = 8

// full is the coverage of a pixel that is all inside.
const full = rowsPerPixel * unit

// edge is a side of a figure, from its upper to its lower end.
type edge struct {
	top, bottom point
	winding     int
}

// crossing is where a line meets an edge.
type crossing struct{ x, winding int }

func newCanvas(size int) *canvas {
	c := &canvas{img: image.NewNRGBA(image.Rect(0, 0, size, size)), cover: make([]int, size+1)}
	c.ground(none)
	return c
}

// ground makes all of the picture one color.
func (c *canvas) ground(col color.NRGBA) {
	if c.img == nil {
		return
	}
	for i := 0; i < len(c.img.Pix); i += 4 {
		c.img.Pix[i], c.img.Pix[i+1], c.img.Pix[i+2], c.img.Pix[i+3] = col.R, col.G, col.B, 255
	}
}

// fill paints a figure; what is outside of the picture is left out.
func (c *canvas) fill(p path, col color.NRGBA) {
	if c.img == nil {
		return
	}
	size := c.img.Rect.Dx()
	c.setEdges(p)
	box := p.box()
	for y := max(box[1], 0); y < min(box[3], size); y++ {
		left, right := max(box[0], 0), min(box[2]+1, size)
		clear(c.cover)
		for row := range rowsPerPixel {
			c.coverRow(y*unit+row*unit/rowsPerPixel+unit/rowsPerPixel/2, size*unit)
		}
		for x := left; x < right; x++ {
			if c.cover[x] > 0 {
				c.blend(x, y, col, c.cover[x])
			}
		}
	}
}

func (c *canvas) setEdges(p path) {
	c.edges = c.edges[:0]
	for _, line := range p.lines {
		for i, from := range line {
			to := line[(i+1)%len(line)]
			switch {
			case from.y < to.y:
				c.edges = append(c.edges, edge{from, to, 1})
			case from.y > to.y:
				c.edges = append(c.edges, edge{to, from, -1})
			}
		}
	}
}

// coverRow adds what of the line at height y is inside of the figure.
func (c *canvas) coverRow(y, width int) {
	c.cross = c.cross[:0]
	for i := range c.edges {
		e := &c.edges[i]
		if e.top.y > y || y >= e.bottom.y {
			continue
		}
		x := e.top.x + floorDiv((y-e.top.y)*(e.bottom.x-e.top.x), e.bottom.y-e.top.y)
		at := len(c.cross)
		c.cross = append(c.cross, crossing{})
		for ; at > 0 && c.cross[at-1].x > x; at-- {
			c.cross[at] = c.cross[at-1]
		}
		c.cross[at] = crossing{x, e.winding}
	}
	winding := 0
	for i, k := range c.cross {
		if winding != 0 {
			c.coverSpan(max(c.cross[i-1].x, 0), min(k.x, width))
		}
		winding += k.winding
	}
}

func (c *canvas) coverSpan(from, to int) {
	if from >= to {
		return
	}
	first, last := from/unit, to/unit
	if first == last {
		c.cover[first] += to - from
		return
	}
	c.cover[first] += unit - from%unit
	for x := first + 1; x < last; x++ {
		c.cover[x] += unit
	}
	c.cover[last] += to % unit
}

func (c *canvas) blend(x, y int, col color.NRGBA, cover int) {
	pix := c.img.Pix[c.img.PixOffset(x, y):][:4]
	for i, v := range [3]uint8{col.R, col.G, col.B} {
		pix[i] = uint8((int(pix[i])*(full-cover) + int(v)*cover + full/2) / full)
	}
}

// frame draws the outline of a box, on its inside.
func (c *canvas) frame(b Box, width int, col color.NRGBA) {
	c.fill(Box{b[0], b[1], b[2], b[1] + width}.path(), col)
	c.fill(Box{b[0], b[3] - width, b[2], b[3]}.path(), col)
	c.fill(Box{b[0], b[1] + width, b[0] + width, b[3] - width}.path(), col)
	c.fill(Box{b[2] - width, b[1] + width, b[2], b[3] - width}.path(), col)
}
