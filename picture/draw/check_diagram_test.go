package draw_test

import (
	"slices"
	"strings"
)

func node(f *facts, label string) (color, shape string, at box) {
	for _, n := range f.Diagram.Nodes {
		if n.Label == label {
			return n.Color, n.Shape, n.Box
		}
	}
	return bad("there is no %s", label), "", box{}
}

// without returns the one label that no arrow touches with an end.
func without(f *facts, side int) string {
	var labels []string
	for _, n := range f.Diagram.Nodes {
		if len(ends(f.Diagram.Arrows, n.Label, side)) == 0 {
			labels = append(labels, n.Label)
		}
	}
	if len(labels) != 1 {
		return bad("it is true of %v", labels)
	}
	return labels[0]
}

func onlyEnd(f *facts, label string, side int) string {
	others := ends(f.Diagram.Arrows, label, side)
	if len(others) != 1 {
		return bad("there is not one")
	}
	return others[0]
}

var diagramQuestions = []rule{
	is(`(?:Does an arrow go|Is there an arrow) from (\w+) to (\w+)\?`, func(f *facts, m []string) string {
		return yes(slices.Contains(f.Diagram.Arrows, [2]string{m[1], m[2]}))
	}),
	is(`How many arrows leave (\w+)\?`, func(f *facts, m []string) string { return num(len(ends(f.Diagram.Arrows, m[1], 0))) }),
	is(`How many arrows end at (\w+)\?`, func(f *facts, m []string) string { return num(len(ends(f.Diagram.Arrows, m[1], 1))) }),
	is(`Where does the arrow from (\w+) lead\?`, func(f *facts, m []string) string { return onlyEnd(f, m[1], 0) }),
	is(`Where does the arrow to (\w+) come from\?`, func(f *facts, m []string) string { return onlyEnd(f, m[1], 1) }),
	is(`What color is (\w+)\?`, func(f *facts, m []string) string { color, _, _ := node(f, m[1]); return color }),
	is(`Is (\w+) in a rectangle or an oval\?`, func(f *facts, m []string) string { _, shape, _ := node(f, m[1]); return shape }),
	is(`Can one get from (\w+) to (\w+) along the arrows\?`, func(f *facts, m []string) string {
		return yes(ways(f.Diagram.Arrows, m[1], m[2], false) > 0)
	}),
	is(`How many arrows does the shortest way from (\w+) to (\w+) have\?`, func(f *facts, m []string) string {
		return num(ways(f.Diagram.Arrows, m[1], m[2], false))
	}),
	is(`Is (\w+) to the left of (\w+)\?`, func(f *facts, m []string) string {
		_, _, a := node(f, m[1])
		_, _, b := node(f, m[2])
		if leftOf(f, a, b) == 0 {
			return bad("it is not clear")
		}
		return yes(leftOf(f, a, b) == 1)
	}),
	is(`Is (\w+) below (\w+)\?`, func(f *facts, m []string) string {
		_, _, a := node(f, m[1])
		_, _, b := node(f, m[2])
		if above(f, a, b) == 0 {
			return bad("it is not clear")
		}
		return yes(above(f, b, a) == 1)
	}),
	is(`How many (labels does the diagram have|arrows are there)\?`, func(f *facts, m []string) string {
		if strings.HasPrefix(m[1], "labels") {
			return num(len(f.Diagram.Nodes))
		}
		return num(len(f.Diagram.Arrows))
	}),
	is(`Which label has no arrow (to|from) it\?`, func(f *facts, m []string) string {
		return without(f, map[string]int{"from": 0, "to": 1}[m[1]])
	}),
}

var diagramSentences = []rule{
	is(`This is a diagram with (\d) labels and (\d+) arrows?\.`, func(f *facts, m []string) string {
		return yes(num(len(f.Diagram.Nodes)) == m[1] && num(len(f.Diagram.Arrows)) == m[2])
	}),
	is(`The labels are (.*)\.`, func(f *facts, m []string) string {
		var all []string
		for _, n := range f.Diagram.Nodes {
			all = append(all, n.Label)
		}
		return yes(slices.Equal(items(m[1]), all))
	}),
	is(`(\w+) is in an? (\w+) (rectangle|oval)\.`, func(f *facts, m []string) string {
		color, shape, _ := node(f, m[1])
		return yes(color == m[2] && shape == m[3])
	}),
	is(`An arrow goes from (\w+) to (\w+)\.`, func(f *facts, m []string) string {
		return yes(slices.Contains(f.Diagram.Arrows, [2]string{m[1], m[2]}))
	}),
}
