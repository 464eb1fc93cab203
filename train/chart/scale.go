package chart

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// trackRow is the height in pixels that each interval of a track takes.
const trackRow = 16

// Interval is a value with the ends of its interval. Ends that are not finite are
// not drawn; neither is a value that is not.
type Interval struct {
	Low, Value, High float64
}

// Scale is a horizontal axis that several drawings have in common, one to a row of a
// table: they are as wide as what they are in, and their texts keep their size.
type Scale struct {
	axis    *axis
	percent bool
}

// NewScale makes a scale with round ends that holds all finite values of the
// intervals and the marks. With percent it is labeled in percent, and goes no
// further below 0 and above 1 than the values do.
func NewScale(percent bool, marks []float64, intervals ...Interval) Scale {
	low, high := math.Inf(1), math.Inf(-1)
	take := func(v float64) {
		if isFinite(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	for _, v := range marks {
		take(v)
	}
	for _, i := range intervals {
		take(i.Low)
		take(i.Value)
		take(i.High)
	}
	if !(low <= high) {
		low, high = 0, 1
	}
	s := Scale{newAxis(low, high, 0, 100, 5, true), percent}
	if percent {
		s.axis.tickFormat = percentTick
	}
	return s
}

func percentTick(v float64) string { return Number(math.Round(v*1e4)/100) + "%" }

// place is the place of a value, in percent of the width. The margin keeps dots whole.
func (s Scale) place(v float64) float64 { return 3 + 0.94*min(max(s.axis.at(v), 0), 100) }

func (s Scale) x(v float64) string { return num(s.place(v)) + "%" }

// Labels draws the numbers of the scale, for the head of the rows.
func (s Scale) Labels() string {
	var b strings.Builder
	b.WriteString(`<svg class="track" width="100%" height="14" aria-hidden="true">`)
	for i, v := range s.axis.ticks {
		class := ""
		if i%2 == 1 && len(s.axis.ticks) > 4 {
			class = ` class="wide"` // a narrow page leaves it out
		}
		fmt.Fprintf(&b, `<text%s x="%s" y="11" text-anchor="middle">%s</text>`, class, s.x(v), html.EscapeString(s.axis.tickFormat(v)))
	}
	return b.String() + `</svg>`
}

// Track draws intervals below one another, the first in the first color, with the
// grid of the scale. The first mark is a dashed line through all of them: the score
// of one who guesses, or no difference. title is read out.
func (s Scale) Track(title string, mark *float64, intervals ...Interval) string {
	h := trackRow*max(len(intervals), 1) + 4
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="track" width="100%%" height="%d" role="img" aria-label="%s">`, h, html.EscapeString(title))
	for _, v := range s.axis.ticks {
		fmt.Fprintf(&b, `<line class="grid" x1="%s" x2="%s" y1="0" y2="%d"/>`, s.x(v), s.x(v), h)
	}
	if mark != nil && isFinite(*mark) {
		fmt.Fprintf(&b, `<line class="mark" x1="%s" x2="%s" y1="0" y2="%d"/>`, s.x(*mark), s.x(*mark), h)
	}
	for i, in := range intervals {
		if !isFinite(in.Value) {
			continue
		}
		y, class := 2+trackRow*i+trackRow/2, i%numSeries+1
		if isFinite(in.Low) && isFinite(in.High) {
			fmt.Fprintf(&b, `<line class="s%d" x1="%s" x2="%s" y1="%d" y2="%d"/>`, class, s.x(in.Low), s.x(in.High), y, y)
		}
		fmt.Fprintf(&b, `<circle class="f%d" cx="%s" cy="%d" r="4.5"/>`, class, s.x(in.Value), y)
	}
	return b.String() + `</svg>`
}

// Bar draws a bar from zero to the value, in the color of that number (from 1), with
// a line for its interval. title is read out.
func (s Scale) Bar(title string, color int, i Interval) string {
	const h = trackRow + 2
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="track" width="100%%" height="%d" role="img" aria-label="%s">`, h, html.EscapeString(title))
	for _, v := range s.axis.ticks {
		fmt.Fprintf(&b, `<line class="grid" x1="%s" x2="%s" y1="0" y2="%d"/>`, s.x(v), s.x(v), h)
	}
	if isFinite(i.Value) {
		from, to := s.place(0), s.place(i.Value)
		fmt.Fprintf(&b, `<rect class="f%d" x="%s%%" width="%s%%" y="4" height="%d" rx="2"/>`, color, num(min(from, to)), num(max(from, to)-min(from, to)), h-8)
		if isFinite(i.Low) && isFinite(i.High) && i.Low < i.High {
			fmt.Fprintf(&b, `<line class="whisker" x1="%s" x2="%s" y1="%d" y2="%d"/>`, s.x(i.Low), s.x(i.High), h/2, h/2)
		}
	}
	return b.String() + `</svg>`
}
