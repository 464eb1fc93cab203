package draw_test

import (
	"slices"
	"strconv"
	"strings"
)

// phrase is what words such as "small red circles" mean.
func phrase(words string) (fits func(o object) bool) {
	return func(o object) bool {
		for word := range strings.FieldsSeq(words) {
			if word = strings.TrimSuffix(word, "es"); word != "cross" {
				word = strings.TrimSuffix(word, "s")
			}
			if word == "circl" || word == "squar" || word == "triangl" {
				word += "e"
			}
			if !slices.Contains([]string{o.Size, o.Color, o.Shape, "object", "block"}, word) {
				return false
			}
		}
		return true
	}
}

func those(f *facts, words string) []object { return fitting(f.Objects, words) }

func fitting(objects []object, words string) []object {
	var some []object
	for _, o := range objects {
		if phrase(words)(o) {
			some = append(some, o)
		}
	}
	return some
}

// the returns the one object that the words mean.
func the(f *facts, words string) (object, bool) {
	some := those(f, words)
	if len(some) != 1 {
		return object{}, false
	}
	return some[0], true
}

func margin(f *facts) int { return max(3, f.Size/32) }

// leftOf is 1 where a is clearly left of b, -1 where it clearly is not because b
// is left of it, else 0. above is the same on the other axis.
func leftOf(f *facts, a, b box) int { return order(a[0], a[2], b[0], b[2], margin(f)) }
func above(f *facts, a, b box) int  { return order(a[1], a[3], b[1], b[3], margin(f)) }

func order(a0, a1, b0, b1, margin int) int {
	switch {
	case b0-a1 >= margin:
		return 1
	case a0-b1 >= margin:
		return -1
	}
	return 0
}

func within(a, b box) bool {
	return a != b && a[0] >= b[0] && a[1] >= b[1] && a[2] <= b[2] && a[3] <= b[3]
}

func article(words string) string {
	if strings.ContainsAny(words[:1], "aeiou") {
		return "an " + words
	}
	return "a " + words
}

// two answers a question about two objects.
func two(f *facts, a, b string, answer func(a, b object) string) string {
	x, okX := the(f, a)
	y, okY := the(f, b)
	if !okX || !okY {
		return bad("%q or %q is not one object", a, b)
	}
	return answer(x, y)
}

func relation(f *facts, a, words, b string) string {
	return two(f, a, b, func(x, y object) string {
		sides := map[string]int{"to the left of": leftOf(f, x.Box, y.Box), "to the right of": -leftOf(f, x.Box, y.Box), "above": above(f, x.Box, y.Box), "below": -above(f, x.Box, y.Box)}
		if sides[words] == 0 {
			return bad("it is not clear")
		}
		return yes(sides[words] == 1)
	})
}

func of(o object, what string) string {
	return map[string]string{"color": o.Color, "shape": o.Shape, "size": o.Size}[what]
}

func attribute(what string) func(f *facts, m []string) string {
	return func(f *facts, m []string) string {
		o, ok := the(f, m[1])
		if !ok || strings.Contains(m[1], of(o, what)) {
			return bad("there is not one, or the answer is in the question")
		}
		return of(o, what)
	}
}

const anyPhrase = `((?:[a-z]+ )*[a-z]+)`

var sceneQuestions = []rule{
	is(`(?:Is there|Can you see) (?:a|an) `+anyPhrase+`\?`, func(f *facts, m []string) string {
		return yes(len(those(f, strings.TrimSuffix(m[1], " in the picture"))) > 0)
	}),
	is(`How many more `+anyPhrase+` than `+anyPhrase+` are there\?`, func(f *facts, m []string) string {
		n := len(those(f, m[1])) - len(those(f, m[2]))
		if n <= 0 {
			return bad("there are not more")
		}
		return num(n)
	}),
	is(`How many `+anyPhrase+` are (?:there|in the picture)\?|Count the `+anyPhrase+`\.`, func(f *facts, m []string) string {
		return num(len(those(f, m[1]+m[2])))
	}),
	is(`(?:What color is|What is the color of|Which color does) the `+anyPhrase+`\?`, func(f *facts, m []string) string {
		return attribute("color")(f, []string{"", strings.TrimSuffix(m[1], " have")})
	}),
	is(`(?:What shape is|What is the shape of) the `+anyPhrase+`\?`, attribute("shape")),
	is(`Is the `+anyPhrase+` small, medium or large\?`, attribute("size")),
	is(`From left to right, is the `+anyPhrase+` between the `+anyPhrase+` and the `+anyPhrase+`\?`, func(f *facts, m []string) string {
		var b [3]box
		for i := range b {
			o, ok := the(f, m[i+1])
			if !ok {
				return bad("%q is not one object", m[i+1])
			}
			b[i] = o.Box
		}
		if leftOf(f, b[0], b[1]) == 0 || leftOf(f, b[0], b[2]) == 0 || leftOf(f, b[1], b[2]) == 0 {
			return bad("it is not clear")
		}
		return yes(leftOf(f, b[0], b[1]) == -1 && leftOf(f, b[0], b[2]) == 1 || leftOf(f, b[0], b[1]) == 1 && leftOf(f, b[0], b[2]) == -1)
	}),
	is(`(?:Is|Does) the `+anyPhrase+` (?:lie )?(to the left of|to the right of|above|below) the `+anyPhrase+`\?`, func(f *facts, m []string) string {
		return relation(f, strings.TrimSuffix(m[1], " lie"), m[2], m[3])
	}),
	is(`Is the `+anyPhrase+` inside the `+anyPhrase+`\?`, func(f *facts, m []string) string {
		return two(f, m[1], m[2], func(a, b object) string { return yes(within(a.Box, b.Box)) })
	}),
	is(`What is inside the `+anyPhrase+`\?`, func(f *facts, m []string) string {
		outer, ok := the(f, m[1])
		var held []object
		for _, o := range f.Objects {
			if within(o.Box, outer.Box) {
				held = append(held, o)
			}
		}
		if !ok || len(held) != 1 {
			return bad("there is not one thing inside of one")
		}
		return article(held[0].Size + " " + held[0].Color + " " + held[0].Shape)
	}),
	is(`Which is (farther to the left|higher up|larger), the `+anyPhrase+` or the `+anyPhrase+`\?`, func(f *facts, m []string) string {
		return two(f, m[2], m[3], func(a, b object) string {
			first := map[string]int{"farther to the left": leftOf(f, a.Box, b.Box), "higher up": above(f, a.Box, b.Box), "larger": compare(sizeRank(a), sizeRank(b))}[m[1]]
			switch first {
			case 1:
				return "the " + m[2]
			case -1:
				return "the " + m[3]
			}
			return bad("it is not clear")
		})
	}),
	is(`Is the `+anyPhrase+` smaller than the `+anyPhrase+`\?`, func(f *facts, m []string) string {
		return two(f, m[1], m[2], func(a, b object) string {
			if a.Size == b.Size {
				return bad("they have the same size")
			}
			return yes(sizeRank(a) < sizeRank(b))
		})
	}),
	is(`Are there more `+anyPhrase+` than `+anyPhrase+`\?`, func(f *facts, m []string) string {
		return yes(len(those(f, m[1])) > len(those(f, m[2])))
	}),
	is(`Which object is (.*)\?`, func(f *facts, m []string) string {
		var first []object
		for _, a := range f.Objects {
			ahead := true
			for _, b := range f.Objects {
				ahead = ahead && (a == b || before(m[1], a.Box, b.Box, margin(f)))
			}
			if ahead {
				first = append(first, a)
			}
		}
		if len(first) != 1 {
			return bad("it is not clear")
		}
		return article(first[0].Size + " " + first[0].Color + " " + first[0].Shape)
	}),
}

// before tells whether both edges of a are farther to a side than those of b.
func before(side string, a, b box, by int) bool {
	switch side {
	case "farthest to the left":
		return b[0]-a[0] >= by && b[2]-a[2] >= by
	case "farthest to the right":
		return a[0]-b[0] >= by && a[2]-b[2] >= by
	case "highest up":
		return b[1]-a[1] >= by && b[3]-a[3] >= by
	case "lowest down":
		return a[1]-b[1] >= by && a[3]-b[3] >= by
	}
	return false
}

func sizeRank(o object) int { return slices.Index([]string{"small", "medium", "large"}, o.Size) }

func compare(a, b int) int {
	switch {
	case a > b:
		return 1
	case a < b:
		return -1
	}
	return 0
}

// inventory tells whether a list such as "a red circle and 2 large stars" names
// every object once, in the order of their middles from the left and the top, of
// those that are alike the first one's.
func inventory(objects []object, text string) string {
	left := len(objects)
	seen := map[string]bool{}
	var last [2]int
	for item := range strings.SplitSeq(strings.ReplaceAll(text, " and ", ", "), ", ") {
		number, words, _ := strings.Cut(item, " ")
		n := 1
		if number != "a" && number != "an" {
			n, _ = strconv.Atoi(number)
		}
		if seen[words] || len(strings.Fields(words)) != 3 || len(fitting(objects, words)) != n {
			return bad("%q: there are %d", item, len(fitting(objects, words)))
		}
		first := [2]int{1 << 30}
		for _, o := range fitting(objects, words) {
			if middle := [2]int{o.Box[0] + o.Box[2], o.Box[1] + o.Box[3]}; slices.Compare(middle[:], first[:]) < 0 {
				first = middle
			}
		}
		if slices.Compare(first[:], last[:]) < 0 {
			return bad("%q is further to the left than what is before it", item)
		}
		seen[words], last = true, first
		left -= n
	}
	return yes(left == 0)
}

var sceneSentences = []rule{
	is(`There (?:is|are) (\d+) `+anyPhrase+`\.`, func(f *facts, m []string) string { return yes(num(len(those(f, m[2]))) == m[1]) }),
	is(`(?:The picture shows|There is) (.*)\.`, func(f *facts, m []string) string { return inventory(f.Objects, m[1]) }),
	is(`The `+anyPhrase+` is inside the `+anyPhrase+`\.`, func(f *facts, m []string) string {
		return two(f, m[1], m[2], func(a, b object) string { return yes(within(a.Box, b.Box)) })
	}),
	is(`The `+anyPhrase+` is (to the left of|to the right of|above|below) the `+anyPhrase+`\.`, func(f *facts, m []string) string {
		return relation(f, m[1], m[2], m[3])
	}),
}
