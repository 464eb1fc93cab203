package chart

import (
	"fmt"
	"html"
	"math"
)

// Trend is a curve with its band beside points that were measured, over axes that may
// be logarithmic.
type Trend struct {
	// Title is read out; X and Y name the axes.
	Title, X, Y string
	// LogX and LogY make an axis logarithmic; what is not above 0 is left out then.
	LogX, LogY bool
	// Line is drawn with a band between Low and High where they are there.
	Line Curve
	// Points are at most four, in the colors of the other charts.
	Points []Points
}

// Points are measured, each with an interval where Low and High are there.
type Points struct {
	Name            string
	X, Y, Low, High []float64
}

// trendHeight leaves room for the name of the horizontal axis below its ticks.
const trendHeight = 340

// SVG draws the chart. It panics on more than four sets of points.
func (t Trend) SVG() string {
	if len(t.Points) > numSeries {
		panic("chart: more than four sets of points in a trend")
	}
	d := open(t.Title, width, trendHeight)
	x, y, ok := t.axes()
	if !ok {
		return d.empty()
	}
	for _, v := range y.ticks {
		fmt.Fprintf(d, `<line class="grid" x1="%d" x2="%d" y1="%s" y2="%s"/>`, left, width-right, num(y.at(v)), num(y.at(v)))
		d.text(left-labelGap, y.at(v)+3.5, "end", y.tickFormat(v))
	}
	d.text(left-labelGap, top-1, "start", t.Y)
	d.xTicks(x, t.X, trendHeight-bottom)
	d.trendLine(t.logged(t.Line), x, y)
	for i, p := range t.Points {
		d.measured(i+1, t.loggedPoints(p), x, y)
	}
	d.pointLegend(t.Points)
	return d.close()
}

// loggedTo is the place of a value on an axis, NaN where a logarithm has none.
func loggedTo(values []float64, log bool) []float64 {
	if !log {
		return values
	}
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = math.NaN()
		if v > 0 {
			out[i] = math.Log10(v)
		}
	}
	return out
}

func (t Trend) logged(c Curve) Curve {
	return Curve{X: loggedTo(c.X, t.LogX), Y: loggedTo(c.Y, t.LogY), Low: loggedTo(c.Low, t.LogY), High: loggedTo(c.High, t.LogY)}
}

func (t Trend) loggedPoints(p Points) Points {
	return Points{Name: p.Name, X: loggedTo(p.X, t.LogX), Y: loggedTo(p.Y, t.LogY), Low: loggedTo(p.Low, t.LogY), High: loggedTo(p.High, t.LogY)}
}

// axes hold all that is finite.
func (t Trend) axes() (x, y *axis, ok bool) {
	xLow, xHigh, yLow, yHigh := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	take := func(xs []float64, ys ...[]float64) {
		for _, list := range ys {
			for i, v := range list {
				if i < len(xs) && isFinite(xs[i]) && isFinite(v) {
					xLow, xHigh, yLow, yHigh = min(xLow, xs[i]), max(xHigh, xs[i]), min(yLow, v), max(yHigh, v)
					ok = true
				}
			}
		}
	}
	c := t.logged(t.Line)
	take(c.X, c.Y, c.Low, c.High)
	for _, p := range t.Points {
		p = t.loggedPoints(p)
		take(p.X, p.Y, p.Low, p.High)
	}
	if !ok {
		return nil, nil, false
	}
	margin := 0.04 * (xHigh - xLow)
	return trendAxis(xLow-margin, xHigh+margin, left, width-right, t.LogX), trendAxis(yLow, yHigh, trendHeight-bottom, top+8, t.LogY), true
}

// trendAxis is an axis of values or of their logarithms.
func trendAxis(low, high, from, to float64, log bool) *axis {
	if !log {
		return newAxis(low, high, from, to, 5, from > to)
	}
	a := newAxis(low, high, from, to, 5, false)
	a.ticks = logTicks(a.low, a.high)
	a.tickFormat = func(v float64) string { return exponent(math.Pow(10, v)) }
	return a
}

// exponent writes large numbers by their power of ten.
func exponent(v float64) string {
	if v < 1e6 {
		return Number(v)
	}
	return fmt.Sprintf("%.3g", v)
}

// logTicks are round values between two logarithms: powers of ten where there are
// enough of them, else multiples in between, else evenly apart.
func logTicks(low, high float64) []float64 {
	const few, many = 3, 8
	for _, steps := range [][]float64{{1}, {1, 3}, {1, 2, 5}} {
		var ticks []float64
		for k := math.Floor(low); k <= high; k++ {
			for _, m := range steps {
				if v := k + math.Log10(m); v >= low-1e-9 && v <= high+1e-9 {
					ticks = append(ticks, v)
				}
			}
		}
		if len(ticks) > many && len(steps) == 1 {
			var thin []float64
			for i := 0; i < len(ticks); i += (len(ticks) + many - 1) / many {
				thin = append(thin, ticks[i])
			}
			return thin
		}
		if len(ticks) >= few {
			return ticks
		}
	}
	plain := newAxis(math.Pow(10, low), math.Pow(10, high), 0, 1, 5, false)
	var ticks []float64
	for _, v := range plain.ticks {
		if v > 0 {
			ticks = append(ticks, math.Log10(v))
		}
	}
	return ticks
}

// trendLine draws the curve and its band.
func (d *drawing) trendLine(c Curve, x, y *axis) {
	var points []point
	for i := range c.X {
		p := point{x: c.X[i], mean: c.Y[i], low: c.Y[i], high: c.Y[i]}
		if i < len(c.Low) && i < len(c.High) && isFinite(c.Low[i]) && isFinite(c.High[i]) {
			p.low, p.high = c.Low[i], c.High[i]
		}
		if !isFinite(p.x) {
			p.mean = math.NaN() // a gap
		}
		points = append(points, p)
	}
	d.band(1, points, x, y)
	for run := range runs(points) {
		d.WriteString(`<polyline class="s1" points="`)
		for _, p := range run {
			d.WriteString(num(x.at(p.x)) + "," + num(y.at(p.mean)) + " ")
		}
		d.WriteString(`"/>`)
	}
}

// measured draws points with their bars.
func (d *drawing) measured(class int, p Points, x, y *axis) {
	for i := range p.X {
		if !isFinite(p.X[i]) || !isFinite(p.Y[i]) {
			continue
		}
		at := num(x.at(p.X[i]))
		if i < len(p.Low) && i < len(p.High) && isFinite(p.Low[i]) && isFinite(p.High[i]) {
			fmt.Fprintf(d, `<line class="s%d" stroke-width="2" x1="%s" x2="%s" y1="%s" y2="%s"/>`, class, at, at, num(y.at(p.Low[i])), num(y.at(p.High[i])))
		}
		fmt.Fprintf(d, `<circle class="f%d" r="4" cx="%s" cy="%s"/>`, class, at, num(y.at(p.Y[i])))
	}
}

// pointLegend names the points in the upper right corner.
func (d *drawing) pointLegend(points []Points) {
	longest := 0
	for _, p := range points {
		longest = max(longest, len([]rune(p.Name)))
	}
	at := width - right - float64(longest)*charSize - 14
	for i, p := range points {
		y := top + legendRow*float64(i+1)
		fmt.Fprintf(d, `<circle class="f%d" r="4" cx="%s" cy="%s"/><text x="%s" y="%s">%s</text>`,
			i+1, num(at), num(y-4), num(at+10), num(y), html.EscapeString(p.Name))
	}
}
