package progress

import (
	"fmt"
	"math"
	"strings"
)

// Curve draws values as a line of braille dots, width columns by height rows
// (each of 2 by 4 dots), with the range on the left. Values that are not
// finite are left out. It returns height lines, or none without values.
func Curve(values []float64, width, height int) []string {
	const label = 8
	plot := width - label - 1
	low, high, any := bounds(values)
	if !any || plot < 1 || height < 1 {
		return nil
	}
	if flat := 1e-6 * max(math.Abs(low), math.Abs(high), 1); high-low < flat {
		low, high = low-max(flat, 0.5), high+max(flat, 0.5)
	}
	dots := newDots(plot, height)
	columns := bucket(values, dots.width)
	previous := -1
	for x, v := range columns {
		if math.IsNaN(v) {
			previous = -1
			continue
		}
		y := int(math.Round((high - v) / (high - low) * float64(dots.height-1)))
		dots.vertical(x, previous, y)
		previous = y
	}
	lines := make([]string, height)
	for row := range lines {
		var name string
		switch row {
		case 0:
			name = axisLabel(high)
		case height - 1:
			name = axisLabel(low)
		}
		lines[row] = fmt.Sprintf("%*s ", label, name) + dots.row(row)
	}
	return lines
}

// axisLabel fits into eight columns.
func axisLabel(v float64) string {
	if math.Abs(v) < 1e4 {
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.1e", v)
}

func bounds(values []float64) (low, high float64, any bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			low, high, any = min(low, v), max(high, v), true
		}
	}
	return low, high, any
}

// bucket averages values into n columns. Fewer values than columns leave the
// right side free, for what is to come.
func bucket(values []float64, n int) []float64 {
	columns := make([]float64, min(n, len(values)))
	for x := range columns {
		first, last := x*len(values)/len(columns), (x+1)*len(values)/len(columns)
		sum, count := 0.0, 0
		for _, v := range values[first:last] {
			if !math.IsNaN(v) && !math.IsInf(v, 0) {
				sum += v
				count++
			}
		}
		columns[x] = sum / float64(count) // NaN without values
	}
	return columns
}

// dots is a canvas of braille characters.
type dots struct {
	width, height int // in dots
	cells         [][]rune
}

func newDots(columns, rows int) *dots {
	d := &dots{width: 2 * columns, height: 4 * rows, cells: make([][]rune, rows)}
	for i := range d.cells {
		d.cells[i] = make([]rune, columns)
	}
	return d
}

// brailleBits [y][x] are the dots of U+2800 braille patterns.
var brailleBits = [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

func (d *dots) set(x, y int) { d.cells[y/4][x/2] |= brailleBits[y%4][x%2] }

// vertical draws column x from the previous column's height to y, so that
// steep parts have no gaps. from is -1 at the start of a line.
func (d *dots) vertical(x, from, y int) {
	d.set(x, y)
	for ; from >= 0 && from < y-1; from++ {
		d.set(x, from+1)
	}
	for ; from > y+1; from-- {
		d.set(x, from-1)
	}
}

func (d *dots) row(i int) string {
	var b strings.Builder
	for _, cell := range d.cells[i] {
		if cell == 0 {
			b.WriteByte(' ')
		} else {
			b.WriteRune(0x2800 + cell)
		}
	}
	return strings.TrimRight(b.String(), " ")
}
