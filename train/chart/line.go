package chart

import (
	"fmt"
	"html"
	"math"
	"slices"
)

// Series is one line of a chart. X ascends; points that are not finite leave a
// gap. Long series are averaged into buckets, with a band from each bucket's
// smallest to its largest value.
type Series struct {
	Name string
	X, Y []float64
}

// Line is a chart of up to four series over one horizontal axis.
type Line struct {
	// Title is read out to those who do not see the drawing.
	Title string
	// X names the horizontal axis.
	X      string
	Series []Series
	// FromZero makes the vertical axis begin at zero.
	FromZero bool
	// Robust lets the first tenth of the points run out of the top, so that
	// what comes later can be told apart.
	Robust bool
	// Percent writes the vertical axis in percent.
	Percent bool
	// NamesLeft names the series in the upper left corner and not the right, where
	// lines that rise would run through the names.
	NamesLeft bool
}

// SVG draws the chart. It panics on more than four series.
func (l Line) SVG() string {
	if len(l.Series) > numSeries {
		panic("chart: more than four series in a line chart")
	}
	d := open(l.Title, width, height)
	x, y, ok := l.axes()
	if !ok {
		return d.empty()
	}
	d.frame(x, y, l.X)
	fmt.Fprintf(d, `<svg x="%d" y="%d" width="%d" height="%d" viewBox="%d %d %d %d">`,
		left, top, plotWidth, plotHeight, left, top, plotWidth, plotHeight)
	for i, s := range l.Series {
		d.series(i+1, s, x, y)
	}
	d.WriteString(`</svg>`)
	if len(l.Series) > 1 {
		d.legend(l.Series, l.NamesLeft)
	}
	return d.close()
}

// axes finds the ranges of all finite points.
func (l Line) axes() (x, y *axis, ok bool) {
	xLow, xHigh := math.Inf(1), math.Inf(-1)
	var values []float64
	for _, s := range l.Series {
		skip := 0
		if l.Robust && len(s.Y) >= 20 {
			skip = len(s.Y) / 10
		}
		for i, v := range s.Y {
			if !isFinite(v) {
				continue
			}
			xLow, xHigh = min(xLow, s.X[i]), max(xHigh, s.X[i])
			if i >= skip {
				values = append(values, v)
			}
		}
	}
	if len(values) == 0 {
		return nil, nil, false
	}
	yLow, yHigh := slices.Min(values), slices.Max(values)
	if l.FromZero {
		yLow = min(yLow, 0)
		if yHigh <= 0 {
			yHigh = 1
		}
	}
	x = newAxis(xLow, xHigh, left, width-right, 6, false)
	y = newAxis(yLow, yHigh, height-bottom, top, 5, true)
	if l.Percent {
		y.tickFormat = func(v float64) string { return Number(math.Round(v*1e4)/100) + "%" }
	}
	return x, y, true
}

// frame draws the grid, the ticks and the axis's name.
func (d *drawing) frame(x, y *axis, name string) {
	for _, v := range y.ticks {
		at := y.at(v)
		fmt.Fprintf(d, `<line class="grid" x1="%d" x2="%d" y1="%s" y2="%s"/>`, left, width-right, num(at), num(at))
		d.text(left-labelGap, at+3.5, "end", y.tickFormat(v))
	}
	d.xTicks(x, name, height-bottom)
}

// xTicks writes the horizontal axis below base.
func (d *drawing) xTicks(x *axis, name string, base float64) {
	for _, v := range x.ticks {
		if at := x.at(v); at < x.to-float64(len(name))*charSize-24 {
			d.text(at, base+15, "middle", x.tickFormat(v))
		}
	}
	d.text(x.to, base+15, "end", name)
}

func (d *drawing) series(class int, s Series, x, y *axis) {
	points := bucket(s)
	if len(points) < len(s.X) {
		d.band(class, points, x, y)
	}
	for run := range runs(points) {
		if len(run) == 1 {
			fmt.Fprintf(d, `<circle class="f%d" r="2.5" cx="%s" cy="%s"/>`, class, num(x.at(run[0].x)), num(y.at(run[0].mean)))
			continue
		}
		fmt.Fprintf(d, `<polyline class="s%d" points="`, class)
		for _, p := range run {
			d.WriteString(num(x.at(p.x)) + "," + num(y.at(p.mean)) + " ")
		}
		d.WriteString(`"/>`)
	}
}

// band fills from each bucket's smallest to its largest value.
func (d *drawing) band(class int, points []point, x, y *axis) {
	for run := range runs(points) {
		fmt.Fprintf(d, `<path class="band f%d" d="M`, class)
		for _, p := range run {
			d.WriteString(num(x.at(p.x)) + " " + num(y.at(p.high)) + " ")
		}
		for _, p := range slices.Backward(run) {
			d.WriteString(num(x.at(p.x)) + " " + num(y.at(p.low)) + " ")
		}
		d.WriteString(`Z"/>`)
	}
}

// legend names the series in the plot's upper right corner, or its left.
func (d *drawing) legend(series []Series, atLeft bool) {
	longest := 0
	for _, s := range series {
		longest = max(longest, len([]rune(s.Name)))
	}
	at := width - right - float64(longest)*charSize - 24
	if atLeft {
		at = left + 8
	}
	for i, s := range series {
		y := top + legendRow*float64(i+1) - 4
		fmt.Fprintf(d, `<rect class="f%d" x="%s" y="%s" width="12" height="3" rx="1"/><text x="%s" y="%s">%s</text>`,
			i+1, num(at), num(y-5), num(at+18), num(y), html.EscapeString(s.Name))
	}
}

// point is a bucket of a series.
type point struct{ x, mean, low, high float64 }

// bucket averages a series to at most maxPoints points; one that is not finite
// has a NaN mean.
func bucket(s Series) []point {
	n := len(s.X)
	size := (n + maxPoints - 1) / maxPoints
	var out []point
	for i := 0; i < n; i += size {
		out = append(out, average(s.X[i:min(i+size, n)], s.Y[i:min(i+size, n)]))
	}
	return out
}

func average(x, y []float64) point {
	p := point{low: math.Inf(1), high: math.Inf(-1)}
	count := 0.0
	for i, v := range y {
		p.x += x[i] / float64(len(x))
		if isFinite(v) {
			p.mean += v
			p.low, p.high = min(p.low, v), max(p.high, v)
			count++
		}
	}
	p.mean /= count
	return p
}

// runs yields the stretches of points between gaps.
func runs(points []point) func(yield func([]point) bool) {
	return func(yield func([]point) bool) {
		start := 0
		for i := 0; i <= len(points); i++ {
			if i < len(points) && isFinite(points[i].mean) {
				continue
			}
			if i > start && !yield(points[start:i]) {
				return
			}
			start = i + 1
		}
	}
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
