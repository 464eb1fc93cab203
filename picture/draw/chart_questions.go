package draw

import "slices"

// readable tells whether values can be told as numbers.
func (c *chart) readable() bool { return c.Type != "pie" || c.Printed }

// per is what is written behind a value.
func (c *chart) per() string {
	if c.Type == "pie" {
		return "%"
	}
	return ""
}

// apart is by how much values differ before they are compared.
func (c *chart) apart() int {
	if c.Type != "pie" {
		return c.Quantum
	}
	if c.Printed {
		return 5
	}
	return 10
}

// part is what a value is drawn as.
func (c *chart) part() string {
	return map[string]string{"bar": "bar", "line": "point", "pie": "slice"}[c.Type]
}

func (c *chart) askAll() {
	for range rounds + 1 {
		c.askValue()
		c.askExtreme()
		c.askTwo()
		c.askAbove()
	}
	c.askAny(Count, number(len(c.Points)), []string{"How many %s does the chart have?", "How many %s are there in the chart?"}, plural(c.part()))
	c.askAny(ReadOut, c.Title, []string{"What is the title of the chart?", "What is the chart called?"})
	c.askAny(Attribute, c.Type, []string{"Is this a bar, line or pie chart?", "What kind of chart is this: bar, line or pie?"})
	p := pick(c.random, c.Points)
	c.ask(Attribute, p.Color, "What color is the %s of %s?", c.part(), p.Label)
	c.askTrend()
}

func (c *chart) askValue() {
	if !c.readable() {
		return
	}
	p := pick(c.random, c.Points)
	c.askAny(Value, number(p.Value)+c.per(), []string{"What is the value of %s?", "Which value does %s have?", "How much is %s?"}, p.Label)
	if q := pick(c.random, c.Points); q.Value > p.Value {
		c.ask(Value, number(q.Value-p.Value)+c.per(), "By how much is %s more than %s?", q.Label, p.Label)
	}
	if c.Type != "pie" {
		c.ask(Value, number(c.Max), "What is the highest number on the axis?")
	}
	if c.chance(30) {
		sum := 0
		for _, p := range c.Points {
			sum += p.Value
		}
		if c.Type != "pie" {
			c.ask(Value, number(sum), "What is the sum of all values?")
		}
	}
}

// extremes returns the lowest and the highest point; ok says for each whether it
// is so clearly.
func (c *chart) extremes() (low, high Datum, lowOK, highOK bool) {
	sorted := slices.Clone(c.Points)
	slices.SortStableFunc(sorted, func(a, b Datum) int { return a.Value - b.Value })
	n := len(sorted)
	return sorted[0], sorted[n-1], sorted[1].Value-sorted[0].Value >= c.apart(), sorted[n-1].Value-sorted[n-2].Value >= c.apart()
}

func (c *chart) askExtreme() {
	low, high, lowOK, highOK := c.extremes()
	if lowOK {
		c.askAny(Comparison, low.Label, []string{"Which has the lowest value?", "What is lowest in the chart?", "Which is the smallest?"})
	}
	if highOK {
		c.askAny(Comparison, high.Label, []string{"Which has the highest value?", "What is highest in the chart?", "Which is the largest?"})
	}
}

func (c *chart) askTwo() {
	two := sample(c.random, c.Points, 2)
	a, b := two[0], two[1]
	if abs(a.Value-b.Value) < c.apart() {
		return
	}
	if c.chance(50) {
		c.ask(Comparison, yesNo(a.Value > b.Value), "Is %s more than %s?", a.Label, b.Label)
		return
	}
	c.ask(Comparison, yesNo(a.Value < b.Value), "Is %s less than %s?", a.Label, b.Label)
}

// askAbove asks for a number against a line of the axis on which no value lies.
func (c *chart) askAbove() {
	if c.Type == "pie" {
		return
	}
	limit := c.Step * c.between(1, c.Max/c.Step-1)
	n := 0
	for _, p := range c.Points {
		if p.Value == limit {
			return
		}
		if p.Value > limit {
			n++
		}
	}
	c.ask(Count, number(n), "How many values are above %d?", limit)
	p := pick(c.random, c.Points)
	c.ask(YesNo, yesNo(p.Value > limit), "Is the value of %s above %d?", p.Label, limit)
}

// askTrend asks whether a line goes up between two neighbors.
func (c *chart) askTrend() {
	if c.Type != "line" {
		return
	}
	i := c.below(len(c.Points) - 1)
	a, b := c.Points[i], c.Points[i+1]
	if a.Value != b.Value {
		c.ask(YesNo, yesNo(b.Value > a.Value), "Does the line go up from %s to %s?", a.Label, b.Label)
	}
}

func (c *chart) describeAll() {
	head := sentence("this is a " + c.Type + " chart with the title " + c.Title)
	labels, values := []string{}, []string{}
	for _, p := range c.Points {
		labels = append(labels, p.Label)
		values = append(values, p.Label+" has "+number(p.Value)+c.per())
	}
	names := sentence("it has " + number(len(c.Points)) + " " + plural(c.part()) + ": " + list(labels))
	rest := c.notes()
	axis := []string{}
	if c.Type != "pie" {
		axis = append(axis, sentence("the axis goes up to "+number(c.Max)))
	}
	c.describe(append([]string{head, names}, rest...)...)
	if !c.readable() {
		c.describe(append([]string{sentence("the " + c.Type + " chart " + c.Title + " shows " + list(labels))}, rest...)...)
		return
	}
	c.describe(slices.Concat([]string{head, names}, axis, []string{sentence(list(values))})...)
	c.describe(slices.Concat(axis, []string{sentence("the " + c.Type + " chart " + c.Title + " shows that " + list(values))}, rest)...)
}

// notes tells of what is highest and lowest.
func (c *chart) notes() []string {
	var notes []string
	low, high, lowOK, highOK := c.extremes()
	if highOK {
		notes = append(notes, sentence(high.Label+" is highest"))
	}
	if lowOK {
		notes = append(notes, sentence(low.Label+" is lowest"))
	}
	return notes
}
