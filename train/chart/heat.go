package chart

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// heatWidth is the width of a heat map, which takes the whole page where line
// charts stand two abreast.
const heatWidth = 2 * width

// numLevels is the number of colors of a heat map, the middle one neutral.
const numLevels = 9

// maxColumns is the number of columns of a heat map, after which columns are
// averaged.
const maxColumns = 160

// Heat is a map of Values [column][row] over one horizontal axis: 1 is neutral,
// and each color is a factor of the square root of two.
type Heat struct {
	// Title is read out, Label written at the left of the rows.
	Title, Label string
	// X is the position of each column, ascending; XName names the axis, which
	// is drawn only where XName is set.
	X      []float64
	XName  string
	Values [][]float64
	// RowHeight is the height of a row in units of a drawing 1280 wide.
	RowHeight int
}

// SVG draws the map.
func (h Heat) SVG() string {
	columns := shrink(h.Values)
	if len(columns) == 0 {
		return open(h.Title, heatWidth, 40).empty()
	}
	rows := len(columns[0])
	base := 2 + rows*h.RowHeight
	total := base + 2
	if h.XName != "" {
		total += 18
	}
	d := open(h.Title, heatWidth, total)
	d.text(left-labelGap, float64(base)/2+4, "end", h.Label)
	d.cells(columns, h.RowHeight)
	if h.XName != "" {
		x := newAxis(h.X[0], h.X[len(h.X)-1], left, heatWidth-right, 12, false)
		d.xTicks(x, h.XName, float64(base))
	}
	return d.close()
}

// cells draws one path for each color.
func (d *drawing) cells(columns [][]float64, rowHeight int) {
	var paths [numLevels]strings.Builder
	step := float64(heatWidth-left-right) / float64(len(columns))
	for c, column := range columns {
		x := left + step*float64(c)
		for r := 0; r < len(column); {
			level, end := heatLevel(column[r]), r+1
			for end < len(column) && heatLevel(column[end]) == level {
				end++
			}
			fmt.Fprintf(&paths[level], "M%s %dh%sv%dH%sz", num(x), 2+r*rowHeight, num(step+0.3), (end-r)*rowHeight, num(x))
			r = end
		}
	}
	for level := range paths {
		if paths[level].Len() > 0 {
			fmt.Fprintf(d, `<path class="h%d" d="%s"/>`, level, paths[level].String())
		}
	}
}

// heatLevel is the color of a ratio to the mean.
func heatLevel(v float64) int {
	if !(v > 0) {
		return 0
	}
	level := math.Round(2*math.Log2(v)) + numLevels/2
	return int(min(max(level, 0), numLevels-1))
}

// shrink averages the columns to at most maxColumns.
func shrink(columns [][]float64) [][]float64 {
	size := (len(columns) + maxColumns - 1) / maxColumns
	var out [][]float64
	for i := 0; i < len(columns); i += size {
		group := columns[i:min(i+size, len(columns))]
		mean := make([]float64, len(group[0]))
		for _, column := range group {
			for r, v := range column {
				mean[r] += v / float64(len(group))
			}
		}
		out = append(out, mean)
	}
	return out
}

// Legend draws the color scale of a Heat with the words for its ends and its
// middle.
func Legend(low, middle, high string) string {
	var b strings.Builder
	b.WriteString(`<svg class="chart" viewBox="0 0 1280 26" role="img" aria-label="color scale">`)
	for i := range numLevels {
		fmt.Fprintf(&b, `<rect class="h%d" x="%d" y="2" width="44" height="8"/>`, i, left+44*i)
	}
	for i, s := range []string{low, middle, high} {
		fmt.Fprintf(&b, `<text x="%d" y="22" text-anchor="%s">%s</text>`, left+198*i, []string{"start", "middle", "end"}[i], html.EscapeString(s))
	}
	return b.String() + `</svg>`
}
