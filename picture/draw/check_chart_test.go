package draw_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// datum returns the value of a label; ok says that there is exactly one.
func datum(f *facts, label string) (value int, color string, ok bool) {
	n := 0
	for _, p := range f.Chart.Points {
		if p.Label == label {
			value, color, n = p.Value, p.Color, n+1
		}
	}
	return value, color, n == 1
}

// unit is what stands behind values.
func unit(f *facts) string {
	if f.Chart.Type == "pie" {
		return "%"
	}
	return ""
}

// legible tells whether a value can be read: a multiple of the quantum, which is
// high enough, or printed.
func legible(f *facts, value int) bool {
	c := &f.Chart
	if c.Type == "pie" {
		return c.Printed
	}
	high := float64(c.Plot[3]-c.Plot[1]) * float64(c.Quantum) / float64(c.Max)
	return c.Printed || value%c.Quantum == 0 && high >= 4 && c.Step%c.Quantum == 0
}

// clearlyMore tells whether the difference of two values can be seen.
func clearlyMore(f *facts, a, b int) bool {
	if f.Chart.Type == "pie" && !f.Chart.Printed {
		return a-b >= 10
	}
	return a > b
}

// extreme returns the label whose value is clearly beyond all others.
func extreme(f *facts, sign int) string {
	for _, p := range f.Chart.Points {
		first := true
		for _, q := range f.Chart.Points {
			first = first && (p == q || sign > 0 && clearlyMore(f, p.Value, q.Value) || sign < 0 && clearlyMore(f, q.Value, p.Value))
		}
		if first {
			return p.Label
		}
	}
	return bad("none is")
}

func extremeRule(form string, sign int) rule {
	return is(form, func(f *facts, _ []string) string { return extreme(f, sign) })
}

var partNames = map[string]string{"bar": "bar", "line": "point", "pie": "slice"}

var chartQuestions = []rule{
	is(`What is the value of (\w+)\?|Which value does (\w+) have\?|How much is (\w+)\?`, func(f *facts, m []string) string {
		v, _, ok := datum(f, m[1]+m[2]+m[3])
		if !ok || !legible(f, v) {
			return bad("it cannot be read")
		}
		return num(v) + unit(f)
	}),
	is(`By how much is (\w+) more than (\w+)\?`, func(f *facts, m []string) string {
		a, _, okA := datum(f, m[1])
		b, _, okB := datum(f, m[2])
		if !okA || !okB || a <= b || !legible(f, a) || !legible(f, b) {
			return bad("it cannot be read")
		}
		return num(a-b) + unit(f)
	}),
	is(`What is the highest number on the axis\?`, func(f *facts, _ []string) string { return num(f.Chart.Max) }),
	is(`What is the sum of all values\?`, func(f *facts, _ []string) string {
		sum := 0
		for _, p := range f.Chart.Points {
			sum += p.Value
			if !legible(f, p.Value) {
				return bad("it cannot be read")
			}
		}
		return num(sum)
	}),
	extremeRule(`Which has the lowest value\?|What is lowest in the chart\?|Which is the smallest\?`, -1),
	extremeRule(`Which has the highest value\?|What is highest in the chart\?|Which is the largest\?`, 1),
	is(`Is (\w+) (more|less) than (\w+)\?`, func(f *facts, m []string) string {
		a, _, _ := datum(f, m[1])
		b, _, _ := datum(f, m[3])
		if !clearlyMore(f, a, b) && !clearlyMore(f, b, a) {
			return bad("it cannot be seen")
		}
		return yes((a > b) == (m[2] == "more"))
	}),
	is(`How many values are above (\d+)\?`, func(f *facts, m []string) string {
		limit, _ := strconv.Atoi(m[1])
		n := 0
		for _, p := range f.Chart.Points {
			if p.Value == limit {
				return bad("one lies on the line")
			}
			if p.Value > limit {
				n++
			}
		}
		return num(n)
	}),
	is(`Is the value of (\w+) above (\d+)\?`, func(f *facts, m []string) string {
		v, _, _ := datum(f, m[1])
		limit, _ := strconv.Atoi(m[2])
		if v == limit {
			return bad("it lies on the line")
		}
		return yes(v > limit)
	}),
	is(`Does the line go up from (\w+) to (\w+)\?`, func(f *facts, m []string) string {
		for i, p := range f.Chart.Points[1:] {
			if before := f.Chart.Points[i]; before.Label == m[1] && p.Label == m[2] && p.Value != before.Value {
				return yes(p.Value > before.Value)
			}
		}
		return bad("they are no neighbors")
	}),
	is(`How many (\w+)s (?:does the chart have|are there in the chart)\?`, func(f *facts, m []string) string {
		if m[1] != partNames[f.Chart.Type] {
			return bad("it has none")
		}
		return num(len(f.Chart.Points))
	}),
	is(`What is the title of the chart\?|What is the chart called\?`, func(f *facts, _ []string) string { return f.Chart.Title }),
	is(`Is this a bar, line or pie chart\?|What kind of chart is this: bar, line or pie\?`, func(f *facts, _ []string) string { return f.Chart.Type }),
	is(`What color is the (\w+) of (\w+)\?`, func(f *facts, m []string) string {
		if m[1] != partNames[f.Chart.Type] {
			return bad("it has none")
		}
		_, color, _ := datum(f, m[2])
		return color
	}),
}

// labels tells whether a list names all labels in their order.
func labels(f *facts, text string) string {
	var all []string
	for _, p := range f.Chart.Points {
		all = append(all, p.Label)
	}
	return yes(slices.Equal(all, items(text)))
}

func items(text string) []string { return strings.Split(strings.ReplaceAll(text, " and ", ", "), ", ") }

var hasValue = regexp.MustCompile(`^(\w+) has (\d+%?)$`)

// values tells whether a list tells every value.
func values(f *facts, text string) string {
	told := items(text)
	for _, item := range told {
		m := hasValue.FindStringSubmatch(item)
		if m == nil {
			return bad("nobody knows what %q means", item)
		}
		if v, _, ok := datum(f, m[1]); !ok || num(v)+unit(f) != m[2] || !legible(f, v) {
			return bad("%s has %d", m[1], v)
		}
	}
	return yes(len(told) == len(f.Chart.Points))
}

var chartSentences = []rule{
	is(`This is a (\w+) chart with the title (\w+)\.`, func(f *facts, m []string) string { return yes(f.Chart.Type == m[1] && f.Chart.Title == m[2]) }),
	is(`It has (\d+) (\w+)s: (.*)\.`, func(f *facts, m []string) string {
		if num(len(f.Chart.Points)) != m[1] || m[2] != partNames[f.Chart.Type] {
			return "no"
		}
		return labels(f, m[3])
	}),
	is(`The (\w+) chart (\w+) shows that (.*)\.`, func(f *facts, m []string) string {
		if f.Chart.Type != m[1] || f.Chart.Title != m[2] {
			return "no"
		}
		return values(f, m[3])
	}),
	is(`The (\w+) chart (\w+) shows (.*)\.`, func(f *facts, m []string) string { return labels(f, m[3]) }),
	is(`The axis goes up to (\d+)\.`, func(f *facts, m []string) string { return yes(f.Chart.Type != "pie" && num(f.Chart.Max) == m[1]) }),
	is(`(\w+) is highest\.`, func(f *facts, m []string) string { return yes(extreme(f, 1) == m[1]) }),
	is(`(\w+) is lowest\.`, func(f *facts, m []string) string { return yes(extreme(f, -1) == m[1]) }),
	is(`((?:\w+ has \d+%?(?:, | and )?)+)\.`, func(f *facts, m []string) string { return values(f, m[1]) }),
}
