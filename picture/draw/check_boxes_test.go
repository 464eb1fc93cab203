package draw_test

import (
	"slices"
	"strconv"
)

// held returns the objects in a panel, from the lowest up.
func held(f *facts, panel int) []object {
	var some []object
	for _, o := range f.Objects {
		if within(o.Box, f.Panels[panel]) {
			some = append(some, o)
		}
	}
	slices.SortStableFunc(some, func(a, b object) int { return b.Box[3] - a.Box[3] })
	return some
}

func panelsWhere(f *facts, holds func(o []object) bool) int {
	n := 0
	for i := range f.Panels {
		if holds(held(f, i)) {
			n++
		}
	}
	return n
}

func value(word string) int {
	if n := slices.Index([]string{"zero", "one", "two", "three", "four"}, word); n >= 0 {
		return n
	}
	n, err := strconv.Atoi(word)
	if err != nil {
		return -1
	}
	return n
}

var panelNames = []string{"left", "middle", "right"}

var statements = []rule{
	is(`There (?:is|are) exactly (\w+) towers? with (?:a|an) (\w+) block at the base\.`, func(f *facts, m []string) string {
		return yes(panelsWhere(f, func(o []object) bool { return o[0].Color == m[2] }) == value(m[1]))
	}),
	is(`There is a tower with exactly (\w+) blocks?\.`, func(f *facts, m []string) string {
		return yes(panelsWhere(f, func(o []object) bool { return len(o) == value(m[1]) }) > 0)
	}),
	is(`There is a tower with (?:a|an) (\w+) block at the (base|top)\.`, func(f *facts, m []string) string {
		return yes(panelsWhere(f, func(o []object) bool {
			at := 0
			if m[2] == "top" {
				at = len(o) - 1
			}
			return o[at].Color == m[1]
		}) > 0)
	}),
	is(`There is a tower with (\w+) blocks, all of them (\w+)\.`, func(f *facts, m []string) string {
		return yes(panelsWhere(f, func(o []object) bool { return len(o) == value(m[1]) && len(fitting(o, m[2])) == len(o) }) > 0)
	}),
	is(`There is a box with (exactly|at least) (\w+) `+anyPhrase+`\.`, func(f *facts, m []string) string {
		return yes(panelsWhere(f, func(o []object) bool {
			n := len(fitting(o, m[3]))
			return n == value(m[2]) || m[1] == "at least" && n > value(m[2])
		}) > 0)
	}),
	is(`There (?:is|are) exactly (\w+) `+anyPhrase+`\.`, func(f *facts, m []string) string { return yes(len(those(f, m[2])) == value(m[1])) }),
	is(`Each box has at least (?:one|1) `+anyPhrase+`\.`, func(f *facts, m []string) string {
		return yes(panelsWhere(f, func(o []object) bool { return len(fitting(o, m[1])) > 0 }) == 3)
	}),
	is(`There is a box without any `+anyPhrase+`\.`, func(f *facts, m []string) string {
		return yes(panelsWhere(f, func(o []object) bool { return len(fitting(o, m[1])) == 0 }) > 0)
	}),
	is(`There is a box with only `+anyPhrase+`\.`, func(f *facts, m []string) string {
		return yes(panelsWhere(f, func(o []object) bool { return len(fitting(o, m[1])) == len(o) }) > 0)
	}),
	is(`There is a box with an? `+anyPhrase+` and an? `+anyPhrase+`\.`, func(f *facts, m []string) string {
		return yes(panelsWhere(f, func(objects []object) bool {
			for i, a := range objects {
				for j, b := range objects {
					if i != j && phrase(m[1])(a) && phrase(m[2])(b) {
						return true
					}
				}
			}
			return false
		}) > 0)
	}),
}

var boxesQuestions = []rule{
	is(`(?:True or false: |Is this true or false\? )?(.*\.)(?: True or false\?)?`, func(f *facts, m []string) string {
		return map[string]string{"yes": "true", "no": "false"}[ask(f, statements, m[1])]
	}),
	is(`How many `+anyPhrase+` are in the (\w+) box\?`, func(f *facts, m []string) string {
		return num(len(fitting(held(f, slices.Index(panelNames, m[2])), m[1])))
	}),
	is(`How many `+anyPhrase+` are there in all boxes\?`, func(f *facts, m []string) string { return num(len(those(f, m[1]))) }),
}

var boxesSentences = []rule{
	is(`The (\w+) box holds (.*)\.`, func(f *facts, m []string) string {
		return inventory(held(f, slices.Index(panelNames, m[1])), m[2])
	}),
	is(`In the (\w+) box there (?:is|are) (\d+) objects?\.`, func(f *facts, m []string) string {
		return yes(num(len(held(f, slices.Index(panelNames, m[1])))) == m[2])
	}),
}
