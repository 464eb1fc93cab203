package report

import (
	"fmt"
	"html"
	"html/template"
	"strconv"
	"strings"
)

// Size of a histogram in its own units: that of a phone's screen, so that its
// text can be read there.
const (
	width, height = 300, 170
	left, bottom  = 40, 28
	plotTop       = 10
	plotWidth     = width - left - 8
	plotHeight    = height - bottom - plotTop
)

// columns is a histogram of what stayed and what went, one upon the other.
type columns struct {
	title string
	// labels are below the columns; "" is none.
	labels     []string
	kept, went []int64
	axis       string // the name of the horizontal axis
	alone      bool   // kept is not what stayed: there is one kind of documents
}

// svg draws the histogram; "" if it counts nothing.
func (c columns) svg() template.HTML {
	n := max(len(c.kept), len(c.went))
	highest := int64(0)
	for i := range n {
		highest = max(highest, at(c.kept, i)+at(c.went, i))
	}
	if highest == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="chart" viewBox="0 0 %d %d" role="img" aria-label="%s">`, width, height, html.EscapeString(c.title))
	top := ceiling(highest)
	for i := range 3 {
		v := top * int64(i) / 2
		y := plotTop + plotHeight - plotHeight*float64(v)/float64(top)
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%s" y2="%s"/><text x="%d" y="%s" text-anchor="end">%s</text>`,
			left, width-8, num(y), num(y), left-5, num(y+3.5), short(v))
	}
	each := float64(plotWidth) / float64(n)
	wide := min(each*0.84, 46)
	for i := range n {
		x := left + each*float64(i)
		base := float64(plotTop + plotHeight)
		for class, v := range []int64{at(c.kept, i), at(c.went, i)} {
			if v == 0 {
				continue
			}
			h := max(plotHeight*float64(v)/float64(top), 0.7)
			base -= h
			fmt.Fprintf(&b, `<rect class="f%d" x="%s" y="%s" width="%s" height="%s"><title>%s</title></rect>`,
				c.color(class), num(x+(each-wide)/2), num(base), num(wide), num(h), html.EscapeString(c.say(class, v)))
		}
		if i < len(c.labels) && c.labels[i] != "" {
			fmt.Fprintf(&b, `<text x="%s" y="%d" text-anchor="middle">%s</text>`, num(x+each/2), height-bottom+13, html.EscapeString(c.labels[i]))
		}
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text></svg>`, width-8, height-3, html.EscapeString(c.axis))
	return template.HTML(b.String())
}

// say is what a column tells where the pointer rests on it.
func (c columns) say(class int, v int64) string {
	switch {
	case c.alone:
		return count(v) + " documents"
	case class == 1:
		return count(v) + " dropped"
	}
	return count(v) + " kept"
}

func (c columns) color(class int) int {
	if c.alone {
		return 4
	}
	return class + 1
}

func at(v []int64, i int) int64 {
	if i < len(v) {
		return v[i]
	}
	return 0
}

// ceiling rounds up to 2, 4, 6 or 10 times a power of ten, so that half of it is
// round too.
func ceiling(v int64) int64 {
	power := int64(1)
	for v > 10*power {
		power *= 10
	}
	for _, m := range []int64{2, 4, 6, 10} {
		if v <= m*power {
			return m * power
		}
	}
	return v
}

func num(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// bar draws parts of a whole side by side, as wide as what it is in. Parts are
// shares of 0 to 1 with the class of their color.
func bar(parts ...part) template.HTML {
	var b strings.Builder
	b.WriteString(`<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="1000" height="10"/>`)
	x := 0.0
	for _, p := range parts {
		if !(p.share > 0) {
			continue
		}
		w := min(max(1000*p.share, 2), 1000-x) // what is there is seen
		fmt.Fprintf(&b, `<rect class="%s" x="%s" width="%s" height="10"/>`, p.class, num(x), num(w))
		x += w
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String())
}

type part struct {
	share float64
	class string
}
