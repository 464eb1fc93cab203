package chart

import (
	"fmt"
	"math"
)

// Size of a Square in its own units: that of a phone's screen, so that its text can
// be read there.
const (
	squareWidth, squareHeight = 320, 270
	squareLeft, squareRight   = 46, 20
	squareTop, squareBottom   = 10, 40
)

// Curve is a line of a Square. X ascends. Low and High, where they are there, are
// the ends of a bar at each point; Dots draws the points.
type Curve struct {
	X, Y, Low, High []float64
	Dots            bool
}

// Square plots shares against shares, both in percent: accuracy against confidence
// (a reliability diagram, in which Diagonal is perfect), error against coverage.
type Square struct {
	// Title is read out; X and Y name the axes.
	Title, X, Y string
	// Diagonal draws the line on which both are equal, and both axes from 0 to 1.
	Diagonal bool
	// Series are at most four, in the colors of the other charts.
	Series []Curve
}

// SVG draws the chart. It panics on more than four curves.
func (s Square) SVG() string {
	if len(s.Series) > numSeries {
		panic("chart: more than four curves in a square chart")
	}
	d := open(s.Title, squareWidth, squareHeight)
	x, y, ok := s.axes()
	if !ok {
		return d.empty()
	}
	s.frame(d, x, y)
	for i, c := range s.Series {
		d.curve(i+1, c, x, y)
	}
	return d.close()
}

func (s Square) axes() (x, y *axis, ok bool) {
	highest := 0.0
	for _, c := range s.Series {
		for i := range c.X {
			if isFinite(c.X[i]) && isFinite(c.Y[i]) {
				highest, ok = max(highest, c.Y[i]), true
			}
			if i < len(c.High) && isFinite(c.High[i]) {
				highest = max(highest, c.High[i])
			}
		}
	}
	if s.Diagonal || highest == 0 {
		highest = 1
	}
	x = newAxis(0, 1, squareLeft, squareWidth-squareRight, 4, true)
	y = newAxis(0, highest, squareHeight-squareBottom, squareTop, 5, true)
	x.tickFormat, y.tickFormat = percentTick, percentTick
	return x, y, ok
}

func (s Square) frame(d *drawing, x, y *axis) {
	for _, v := range y.ticks {
		fmt.Fprintf(d, `<line class="grid" x1="%d" x2="%d" y1="%s" y2="%s"/>`, squareLeft, squareWidth-squareRight, num(y.at(v)), num(y.at(v)))
		d.text(squareLeft-labelGap, y.at(v)+3.5, "end", y.tickFormat(v))
	}
	for _, v := range x.ticks {
		fmt.Fprintf(d, `<line class="grid" x1="%s" x2="%s" y1="%d" y2="%d"/>`, num(x.at(v)), num(x.at(v)), squareTop, squareHeight-squareBottom)
		d.text(x.at(v), squareHeight-squareBottom+14, "middle", x.tickFormat(v))
	}
	if s.Diagonal {
		fmt.Fprintf(d, `<line class="mark" x1="%s" y1="%s" x2="%s" y2="%s"/>`, num(x.at(0)), num(y.at(0)), num(x.at(1)), num(y.at(1)))
	}
	d.text((squareLeft+squareWidth-squareRight)/2, squareHeight-8, "middle", s.X)
	fmt.Fprintf(d, `<g transform="translate(10 %d) rotate(-90)">`, (squareTop+squareHeight-squareBottom)/2)
	d.text(0, 0, "middle", s.Y)
	d.WriteString(`</g>`)
}

// curve draws a line, its bars and its dots.
func (d *drawing) curve(class int, c Curve, x, y *axis) {
	var points []point
	for i := range c.X {
		p := point{x: c.X[i], mean: c.Y[i], low: math.NaN(), high: math.NaN()}
		if i < len(c.Low) && i < len(c.High) {
			p.low, p.high = c.Low[i], c.High[i]
		}
		if !isFinite(p.x) {
			p.mean = p.x // a gap
		}
		points = append(points, p)
	}
	for run := range runs(points) {
		if len(run) > 1 {
			fmt.Fprintf(d, `<polyline class="s%d" points="`, class)
			for _, p := range run {
				d.WriteString(num(x.at(p.x)) + "," + num(y.at(p.mean)) + " ")
			}
			d.WriteString(`"/>`)
		}
		for _, p := range run {
			if isFinite(p.low) && isFinite(p.high) {
				fmt.Fprintf(d, `<line class="s%d" x1="%s" x2="%s" y1="%s" y2="%s"/>`, class, num(x.at(p.x)), num(x.at(p.x)), num(y.at(p.low)), num(y.at(p.high)))
			}
			if c.Dots || len(run) == 1 {
				fmt.Fprintf(d, `<circle class="f%d" r="3" cx="%s" cy="%s"/>`, class, num(x.at(p.x)), num(y.at(p.mean)))
			}
		}
	}
}
