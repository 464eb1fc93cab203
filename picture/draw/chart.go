package draw

import "image/color"

// themes are what charts tell of.
var themes = []struct {
	titles []string
	labels []string
}{
	{[]string{"Rain", "Sales", "Guests", "Visitors", "Orders", "Trips"}, []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}},
	{[]string{"Visits", "Hours", "Calls", "Steps", "Letters"}, []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}},
	{[]string{"Fruit", "Harvest", "Stock"}, []string{"Fig", "Plum", "Pear", "Lime", "Kiwi", "Apple", "Grape", "Lemon", "Melon", "Cherry"}},
	{[]string{"Pets", "Animals", "Votes"}, []string{"Cat", "Dog", "Cow", "Hen", "Fox", "Owl", "Bear", "Duck", "Goat", "Horse"}},
	{[]string{"Towns", "Snow", "Flights"}, []string{"Oslo", "Rome", "Bern", "Lima", "Riga", "Cairo", "Paris", "Tokyo", "Delhi", "Quito"}},
	{[]string{"Teams", "Goals", "Points", "Score"}, []string{"A", "B", "C", "D", "E", "F", "G", "H"}},
}

var chartTypes = []string{"bar", "line", "pie"}

// letters are labels that fit everywhere.
const letters = 5 // the last of themes

// scales are axes: the highest number and what is between two lines.
var scales = [][2]int{{4, 1}, {5, 1}, {8, 2}, {10, 2}, {20, 5}, {40, 10}, {50, 10}, {80, 20}, {100, 20}, {100, 25}, {200, 50}, {500, 100}, {1000, 200}}

// quantumPixels is how high the difference of two values is at least.
const quantumPixels = 4

// chart is one being drawn.
type chart struct {
	*work
	*ChartFacts
	face face
	pad  int
}

func makeChart(w *work) {
	theme := pick(w.random, themes)
	facts := &ChartFacts{Type: pick(w.random, []string{"bar", "bar", "line", "pie"}), Title: pick(w.random, theme.titles)}
	if w.ChartType != "" {
		facts.Type = w.ChartType
	}
	w.facts.Chart = facts
	c := chart{w, facts, newFace(regular, small(w.Size)), max(2, w.Size/48)}
	w.canvas.ground(pick(w.random, grounds[:3]))
	top := c.title()
	if facts.Type == "pie" {
		c.pie(top, theme.labels)
	} else {
		c.axes(top, theme.labels)
	}
	c.askAll()
	c.describeAll()
}

// title draws the title and returns the row below it.
func (c *chart) title() int {
	f := newFace(bold, small(c.Size)*9/8)
	c.canvas.center(f, c.Title, point{c.Size * unit / 2, c.pad*unit + f.capital()/2 + unit}, ink)
	return c.pad + f.height() + 1
}

// axes draws a chart with bars or a line.
func (c *chart) axes(top int, labels []string) {
	scale := pick(c.random, scales)
	c.Max, c.Step = scale[0], scale[1]
	left := 2*c.pad + 1 + c.face.width(number(c.Max))/unit + 1
	plot := Box{left, top + c.face.capital()/unit/2 + 1, c.Size - 2*c.pad, c.Size - c.pad - c.face.height()}
	c.Printed = c.chance(30)
	if c.Printed {
		plot[1] += c.face.height() - 1
	}
	c.Plot = plot
	c.Quantum = c.chooseQuantum()
	chosen := c.fitting(labels, plot.width())
	c.Printed = c.Printed && c.face.width(number(c.Max))+unit <= plot.width()*unit/len(chosen)
	c.grid()
	values := c.values(len(chosen))
	one := pick(c.random, paints)
	bright := c.Type == "bar" && c.chance(40)
	colors := sample(c.random, paints, len(chosen))
	for i, label := range chosen {
		col := one
		if bright {
			col = colors[i]
		}
		c.Points = append(c.Points, Datum{Label: label, Value: values[i], Color: col.name})
	}
	c.plotPoints(one.rgb)
}

// chooseQuantum returns what all values are multiples of.
func (c *chart) chooseQuantum() int {
	options := []int{c.Step}
	for _, parts := range []int{2, 4, 5} {
		if q := c.Step / parts; q*parts == c.Step && c.Plot.height()*q/c.Max >= quantumPixels {
			options = append(options, q)
		}
	}
	return pick(c.random, options)
}

// fitting returns 3 to 6 of the labels that have room side by side.
func (c *chart) fitting(labels []string, width int) []string {
	n := c.between(3, 6)
	for ; n >= 3; n-- {
		var fit []string
		for _, l := range labels {
			if c.face.width(l)+2*unit <= width*unit/n {
				fit = append(fit, l)
			}
		}
		if len(fit) >= n {
			return sample(c.random, fit, n)
		}
	}
	return sample(c.random, themes[letters].labels, 3)
}

// values returns multiples of the quantum, not all of them the same.
func (c *chart) values(n int) []int {
	values := make([]int, n)
	for i := range values {
		values[i] = c.Quantum * c.between(1, c.Max/c.Quantum)
	}
	return values
}

// height returns where a value is, in 64ths of a pixel from the top.
func (c *chart) height(value int) int {
	return c.Plot[3]*unit - roundDiv(c.Plot.height()*unit*value, c.Max)
}

func (c *chart) grid() {
	thin := max(unit, c.Size*unit/160)
	for value := 0; value <= c.Max; value += c.Step {
		y := c.height(value)
		col := soft
		if value == 0 {
			col = ink
		}
		c.canvas.fill(stroke(point{c.Plot[0] * unit, y}, point{c.Plot[2] * unit, y}, thin), col)
		text := number(value)
		c.canvas.text(c.face, text, point{c.Plot[0]*unit - 2*unit - c.face.width(text), y + c.face.capital()/2}, ink)
	}
	x := c.Plot[0] * unit
	c.canvas.fill(stroke(point{x, c.Plot[1] * unit}, point{x, c.Plot[3] * unit}, thin), ink)
}

// plotPoints draws the values and their labels.
func (c *chart) plotPoints(line color.NRGBA) {
	slot := c.Plot.width() * unit / len(c.Points)
	wide := slot * c.between(50, 70) / 100
	var last point
	for i := range c.Points {
		p := &c.Points[i]
		at := point{c.Plot[0]*unit + i*slot + slot/2, c.height(p.Value)}
		c.canvas.center(c.face, p.Label, point{at.x, (c.Size-c.pad)*unit - c.face.height()*unit/2 + unit}, ink)
		figure := polygon(point{at.x - wide/2, at.y}, point{at.x + wide/2, at.y}, point{at.x + wide/2, c.Plot[3] * unit}, point{at.x - wide/2, c.Plot[3] * unit})
		if c.Type == "line" {
			figure = disk(at, max(2*unit, c.Size*unit/48))
			if i > 0 {
				c.canvas.fill(stroke(last, at, max(unit*3/2, c.Size*unit/80)), line)
			}
			last = at
		} else {
			c.canvas.fill(figure, paintNamed(p.Color))
		}
		box := figure.box()
		p.Box = &box
	}
	for i := range c.Points {
		p := &c.Points[i]
		middle := p.Box.middle()
		if c.Type == "line" {
			c.canvas.fill(disk(middle, max(2*unit, c.Size*unit/48)), line)
		}
		if c.Printed {
			c.canvas.center(c.face, number(p.Value), point{middle.x, c.beside(i)}, ink)
		}
	}
}

// beside returns the height at which a value is written: above its bar or point,
// or below a point from which the line goes up on both sides, if there is room.
func (c *chart) beside(i int) int {
	p, away := c.Points[i], c.face.capital()/2+2*unit
	under := p.Box[3]*unit + away
	valley := (i == 0 || c.Points[i-1].Value > p.Value) && (i == len(c.Points)-1 || c.Points[i+1].Value > p.Value)
	if c.Type == "line" && valley && under+away <= c.Plot[3]*unit {
		return under
	}
	return p.Box[1]*unit - away
}

// pie draws slices with their percents and a legend to the right. Slices are at
// least a tenth, or a fifth where the picture is small, and multiples of a twentieth.
func (c *chart) pie(top int, labels []string) {
	colors := sample(c.random, paints[:7], 7) // no black: numbers stand on the slices
	c.Printed = c.chance(70)
	n := c.between(3, 5)
	if c.Size < 96 {
		n = 3
	}
	legend := 0
	swatch := c.face.size * 2 / 3
	var fit []string
	for _, l := range labels {
		if c.face.width(l) <= c.Size*unit*30/100-swatch {
			fit = append(fit, l)
		}
	}
	if len(fit) < n {
		fit = themes[letters].labels
	}
	chosen := sample(c.random, fit, n)
	for _, l := range chosen {
		legend = max(legend, c.face.width(l)+swatch+4*unit)
	}
	side := min(c.Size*unit-legend-4*c.pad*unit, (c.Size-top-2*c.pad)*unit)
	middle := point{c.pad*unit + side/2, top*unit + ((c.Size-top)*unit)/2}
	c.Plot = disk(middle, side/2).box()
	least := 2
	if c.Size < 96 {
		least = 4 // room for the number
	}
	left, from := 20-least*n, 0
	for i, label := range chosen {
		share := least + c.below(left/2+1)
		if i == n-1 {
			share = least + left
		}
		left -= share - least
		c.Points = append(c.Points, Datum{Label: label, Value: 5 * share, Color: colors[i].name})
	}
	shuffle(c.random, c.Points)
	for i, p := range c.Points {
		to := from + p.Value*turn/100
		c.canvas.fill(sector(middle, side/2, from, to), paintNamed(p.Color))
		from = to
		y := top*unit + (c.Size-top)*unit/2 + (2*i+1-n)*c.face.height()*unit*11/20
		x := middle.x + side/2 + 2*c.pad*unit
		c.canvas.fill(polygon(point{x, y - swatch/2}, point{x + swatch, y - swatch/2}, point{x + swatch, y + swatch/2}, point{x, y + swatch/2}), paintNamed(p.Color))
		c.canvas.text(c.face, p.Label, point{x + swatch + 2*unit, y + c.face.capital()/2}, ink)
	}
	from = 0
	for _, p := range c.Points {
		to := from + p.Value*turn/100
		c.canvas.fill(stroke(middle, middle.add(polar(side/2, from)), max(unit, c.Size*unit/100)), none)
		if c.Printed {
			c.canvas.center(c.face, number(p.Value), middle.add(polar(side*33/100, (from+to)/2)), c.onSlice(p.Color))
		}
		from = to
	}
}

// onSlice is a color that is readable on a slice.
func (c *chart) onSlice(name string) color.NRGBA {
	v := paintNamed(name)
	if int(v.R)*299+int(v.G)*587+int(v.B)*114 < 125000 {
		return none
	}
	return ink
}
