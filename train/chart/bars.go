package chart

import (
	"fmt"
	"html"
	"strings"
)

// Bars are rows of horizontal bars over one axis from zero, each made of up to four
// parts in a row.
type Bars struct {
	// Title is read out to those who do not see the drawing.
	Title string
	// Names are those of the parts; a single one needs no legend and may be "".
	Names []string
	Rows  []Bar
	// Format writes a row's sum at its end; nil is Number.
	Format func(float64) string
}

// Bar is one row.
type Bar struct {
	Name   string
	Values []float64 // of the parts, none negative
}

// Measures of Bars in the drawing's units.
const (
	barHeight, barGap = 16, 7
	barLeft, barRight = 156, 92
)

// SVG draws the bars. It panics on more than four parts.
func (b Bars) SVG() string {
	if len(b.Names) > numSeries {
		panic("chart: more than four parts in a bar")
	}
	highest, head := 0.0, 4
	for _, row := range b.Rows {
		highest = max(highest, row.sum())
	}
	if len(b.Names) > 1 {
		head += 18
	}
	d := open(b.Title, width, head+max(1, len(b.Rows))*(barHeight+barGap))
	if len(b.Rows) == 0 || !(highest > 0) || !isFinite(highest) {
		return d.empty()
	}
	if len(b.Names) > 1 {
		d.partLegend(b.Names, barLeft)
	}
	scale := (width - barLeft - barRight) / highest
	for i, row := range b.Rows {
		b.row(d, row, float64(head+i*(barHeight+barGap)), scale)
	}
	return d.close()
}

func (b Bars) row(d *drawing, row Bar, y, scale float64) {
	d.text(barLeft-labelGap, y+barHeight-4, "end", row.Name)
	x := float64(barLeft)
	for i, v := range row.Values {
		if w := v * scale; w > 0 {
			fmt.Fprintf(d, `<rect class="f%d" x="%s" y="%s" width="%s" height="%d"/>`, i+1, num(x), num(y), num(max(w, 0.2)), barHeight)
			x += w
		}
	}
	format := b.Format
	if format == nil {
		format = Number
	}
	d.text(x+labelGap, y+barHeight-4, "start", format(row.sum()))
}

func (b Bar) sum() float64 {
	s := 0.0
	for _, v := range b.Values {
		s += v
	}
	return s
}

// partLegend names colors in one line at the top.
func (d *drawing) partLegend(names []string, x float64) {
	for i, name := range names {
		fmt.Fprintf(d, `<rect class="f%d" x="%s" y="4" width="10" height="10" rx="1"/><text x="%s" y="13">%s</text>`,
			i+1, num(x), num(x+15), html.EscapeString(name))
		x += 15 + charSize*float64(len([]rune(name))) + 18
	}
}

// Timeline shows what each row does when.
type Timeline struct {
	// Title is read out; X names the axis.
	Title, X string
	Rows     []string
	// Kinds are at most four kinds of work, in the colors of the other charts.
	Kinds []string
	Spans []Span
}

// Span is a piece of work of a row, from Start to End. Its label is written where
// there is room.
type Span struct {
	Row, Kind  int
	Start, End float64
	Label      string
}

// Measures of a Timeline.
const (
	spanHeight, spanGap = 18, 3
	spanLeft            = 64
	labelWidth          = 7.2 // of a digit within a span, with its margin
)

// SVG draws the rows, as wide as a page. It panics on more than four kinds.
func (t Timeline) SVG() string {
	if len(t.Kinds) > numSeries {
		panic("chart: more than four kinds in a timeline")
	}
	end := 0.0
	for _, s := range t.Spans {
		end = max(end, s.End)
	}
	const head = 22
	base := head + max(1, len(t.Rows))*(spanHeight+spanGap)
	d := open(t.Title, heatWidth, base+22)
	if len(t.Rows) == 0 || !(end > 0) || !isFinite(end) {
		return d.empty()
	}
	d.partLegend(t.Kinds, spanLeft)
	x := newAxis(0, end, spanLeft, heatWidth-right, 10, false)
	for i, name := range t.Rows {
		y := head + i*(spanHeight+spanGap)
		d.text(spanLeft-labelGap, float64(y)+spanHeight-5, "end", name)
		fmt.Fprintf(d, `<rect class="idle" x="%d" y="%d" width="%s" height="%d"/>`, spanLeft, y, num(x.to-spanLeft), spanHeight)
	}
	t.spans(d, x, head)
	d.xTicks(x, t.X, float64(base))
	return d.close()
}

// spans draws one path for each kind, and the labels above them.
func (t Timeline) spans(d *drawing, x *axis, head int) {
	var paths [numSeries]strings.Builder
	var labels strings.Builder
	for _, s := range t.Spans {
		from, to := x.at(s.Start), x.at(s.End)
		y, w := head+s.Row*(spanHeight+spanGap), to-from
		gap := min(0.6, w/4)
		fmt.Fprintf(&paths[s.Kind], "M%s %dh%sv%dH%sz", fine(from), y, fine(w-gap), spanHeight, fine(from))
		if w >= labelWidth*float64(len(s.Label))+2 && s.Label != "" {
			fmt.Fprintf(&labels, `<text class="on" x="%s" y="%d" text-anchor="middle">%s</text>`, num((from+to)/2), y+spanHeight-5, html.EscapeString(s.Label))
		}
	}
	for i := range paths {
		if paths[i].Len() > 0 {
			fmt.Fprintf(d, `<path class="f%d" d="%s"/>`, i+1, paths[i].String())
		}
	}
	d.WriteString(labels.String())
}

// fine writes a coordinate to a hundredth, for spans that are narrower than a unit.
func fine(x float64) string { return strings.TrimSuffix(fmt.Sprintf("%.2f", x), ".00") }
