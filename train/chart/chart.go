// Package chart draws line charts, bars, timelines, heat maps, intervals and shares
// against shares as SVG for HTML pages.
//
// Colors come from the CSS variables and classes of Style, so that one drawing
// serves light and dark pages. A drawing contains no script and no reference to
// anything outside it.
package chart

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// Style is the CSS that drawings rely on: put it in the page once.
const Style = `
:root{--ink:#1c2330;--dim:#5c6675;--line:#dde2e9;--card:#fff;--page:#f4f6f9;
--s1:#2563eb;--s2:#d9480f;--s3:#0f8a5f;--s4:#8b3fc8;
--h0:#1746a2;--h1:#3f73cf;--h2:#7ea6e6;--h3:#bcd2f3;--h4:#eceff3;--h5:#f8cfb3;--h6:#ef9a68;--h7:#d9601f;--h8:#a33c06;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--dim:#98a3b3;--line:#2c3440;--card:#171c24;--page:#0f1319;
--s1:#6ea8ff;--s2:#ff9a5c;--s3:#4fd19b;--s4:#c792f5;
--h0:#9cc2ff;--h1:#6694e0;--h2:#426bb3;--h3:#2c4676;--h4:#232a35;--h5:#5f3a22;--h6:#a05a2b;--h7:#dd8342;--h8:#ffbd8a}}
.chart{display:block;width:100%;height:auto;font:11px system-ui,sans-serif}
.chart text{fill:var(--dim);font-variant-numeric:tabular-nums}.chart .grid{stroke:var(--line);stroke-width:1}
.chart .empty{font-size:13px}
.chart polyline{fill:none;stroke-width:1.6;stroke-linejoin:round}.chart .band{stroke:none;opacity:.18}
.chart .s1{stroke:var(--s1)}.chart .s2{stroke:var(--s2)}.chart .s3{stroke:var(--s3)}.chart .s4{stroke:var(--s4)}
.chart .f1{fill:var(--s1)}.chart .f2{fill:var(--s2)}.chart .f3{fill:var(--s3)}.chart .f4{fill:var(--s4)}
.chart .idle{fill:var(--line);opacity:.55}.chart text.on{fill:var(--card);font-size:10px}
.chart .h0{fill:var(--h0)}.chart .h1{fill:var(--h1)}.chart .h2{fill:var(--h2)}.chart .h3{fill:var(--h3)}.chart .h4{fill:var(--h4)}
.chart .h5{fill:var(--h5)}.chart .h6{fill:var(--h6)}.chart .h7{fill:var(--h7)}.chart .h8{fill:var(--h8)}
.chart .mark,.track .mark{stroke:var(--dim);stroke-width:1.2;stroke-dasharray:4 3}
.track{display:block;overflow:visible;font:11px system-ui,sans-serif}.track text{fill:var(--dim);font-variant-numeric:tabular-nums}.track .grid{stroke:var(--line)}
.track .s1{stroke:var(--s1)}.track .s2{stroke:var(--s2)}.track .s3{stroke:var(--s3)}.track .s4{stroke:var(--s4)}.track [class^=s]{stroke-width:2.5;opacity:.6}
.track .whisker{stroke:var(--ink);stroke-width:1.5}.track rect{opacity:.75}.track .f1{fill:var(--s1)}.track .f2{fill:var(--s2)}.track .f3{fill:var(--s3)}.track .f4{fill:var(--s4)}
@media (max-width:560px){.track .wide{display:none}}
`

// Size of a drawing in its own units, and the margins around the plot.
const (
	width, height       = 640, 240
	left, right         = 58, 14
	top, bottom         = 12, 30
	plotWidth           = width - left - right
	plotHeight          = height - top - bottom
	maxPoints           = 400 // of a line, after which points are averaged
	numSeries           = 4
	labelGap            = 6
	legendRow, charSize = 16, 6.2
)

// drawing collects SVG.
type drawing struct {
	strings.Builder
	w, h int
}

func open(title string, w, h int) *drawing {
	d := &drawing{w: w, h: h}
	fmt.Fprintf(d, `<svg class="chart" viewBox="0 0 %d %d" role="img" aria-label="%s">`, w, h, html.EscapeString(title))
	return d
}

func (d *drawing) close() string {
	d.WriteString("</svg>")
	return d.String()
}

func (d *drawing) text(x, y float64, anchor, s string) {
	fmt.Fprintf(d, `<text x="%s" y="%s" text-anchor="%s">%s</text>`, num(x), num(y), anchor, html.EscapeString(s))
}

// empty is what a chart without data shows.
func (d *drawing) empty() string {
	fmt.Fprintf(d, `<text class="empty" x="%d" y="%d" text-anchor="middle">nothing measured yet</text>`, d.w/2, d.h/2)
	return d.close()
}

// num writes a coordinate in short.
func num(x float64) string {
	return strconv.FormatFloat(math.Round(x*10)/10, 'f', -1, 64)
}

// Number writes a value as a person would: 1.2M, 34k, 3.21, 2e-05.
func Number(v float64) string {
	a := math.Abs(v)
	switch {
	case v == 0:
		return "0"
	case a >= 1e15 || a < 1e-3:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case a >= 1e12:
		return short(v/1e12) + "T"
	case a >= 1e9:
		return short(v/1e9) + "G"
	case a >= 1e6:
		return short(v/1e6) + "M"
	case a >= 1e4:
		return short(v/1e3) + "k"
	}
	return short(v)
}

// short writes four significant digits without trailing zeros.
func short(v float64) string {
	s := strconv.FormatFloat(v, 'f', max(0, 3-int(math.Floor(math.Log10(math.Abs(v))))), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// axis maps values to coordinates.
type axis struct {
	low, high  float64 // values
	from, to   float64 // coordinates
	ticks      []float64
	tickFormat func(float64) string
}

func (a *axis) at(v float64) float64 {
	return a.from + (v-a.low)/(a.high-a.low)*(a.to-a.from)
}

// newAxis chooses round ticks, about n of them, that cover low to high.
// With snap the axis begins and ends at a tick. Values that differ in their last
// digits are as one: no ticks would be between them.
func newAxis(low, high, from, to float64, n int, snap bool) *axis {
	if !(high-low > 1e-9*max(math.Abs(low), math.Abs(high))) {
		margin := math.Abs(low) * 0.1
		if margin == 0 {
			margin = 1
		}
		low, high = low-margin, high+margin
	}
	step := niceStep((high - low) / float64(n))
	if snap {
		low, high = math.Floor(low/step)*step, math.Ceil(high/step)*step
	}
	a := &axis{low: low, high: high, from: from, to: to, tickFormat: Number}
	first := math.Ceil(low/step - 1e-9)
	for i := 0; (first+float64(i))*step <= high+step*1e-9; i++ {
		a.ticks = append(a.ticks, (first+float64(i))*step)
	}
	return a
}

// niceStep rounds up to 1, 2 or 5 times a power of ten.
func niceStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if x <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}
