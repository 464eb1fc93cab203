package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// lines are things that stand in a row, with the words for their places.
var lines = []struct {
	name, intro, ask, before, next, first, last, nth string
	things                                           []string
}{
	{
		name: "books", intro: "On a shelf, %s stand in a row.", ask: "Which is",
		before: "to the left of", next: "directly to the left of", first: "the leftmost", last: "the rightmost", nth: "the %s from the left",
		things: []string{"the atlas", "the cookbook", "the diary", "the novel", "the songbook", "the dictionary"},
	},
	{
		name: "runners", intro: "In a race, %s came in one after the other.", ask: "Who is",
		before: "ahead of", next: "directly ahead of", first: "the first to come in", last: "the last to come in", nth: "the %s to come in",
		things: []string{"Ada", "Bruno", "Clara", "David", "Emma", "Felix"},
	},
	{
		name: "queue", intro: "At a counter, %s wait in a line.", ask: "Who is",
		before: "in front of", next: "directly in front of", first: "the first in the line", last: "the last in the line", nth: "the %s in the line",
		things: []string{"Gina", "Hugo", "Iris", "Jonas", "Karla", "Leo"},
	},
	{
		name: "floors", intro: "In a house, %s have one floor each, and there are no others.", ask: "Who is",
		before: "below", next: "directly below", first: "on the lowest floor", last: "on the highest floor", nth: "on the %s floor from below",
		things: []string{"the baker", "the dentist", "the lawyer", "the painter", "the tailor", "the notary"},
	},
	{
		name: "trains", intro: "At a station, %s leave one after the other.", ask: "Which is",
		before: "earlier than", next: "the one directly before", first: "the first to leave", last: "the last to leave", nth: "the %s to leave",
		things: []string{"the red train", "the blue train", "the green train", "the white train", "the yellow train", "the black train"},
	},
}

var ordinals = []string{"first", "second", "third", "fourth", "fifth"}

// clue is a statement about an order, as the places of things.
type clue struct {
	text  string
	holds func(place []int) bool
}

// orderPuzzle asks for the order of three to six things. Clues that are true of a
// random order are added until no other order agrees with them, and those that
// can be spared are taken away.
func orderPuzzle(r *random.Source) question {
	size := r.Between(3, 6)
	line := random.Pick(r, lines)
	things := random.Sample(r, line.things, size)
	place := make([]int, size)
	for i := range place {
		place[i] = i
	}
	random.Shuffle(r, place)
	orders := permutations(size)

	var clues []clue
	for countOrders(orders, clues) > 1 {
		c := orderClue(r, things, place, line.before, line.next, line.first, line.last)
		if !slices.ContainsFunc(clues, func(d clue) bool { return d.text == c.text }) {
			clues = append(clues, c)
		}
	}
	for i := len(clues) - 1; i >= 0; i-- {
		if without := slices.Delete(slices.Clone(clues), i, i+1); countOrders(orders, without) == 1 {
			clues = without
		}
	}

	asked := r.Below(size)
	words := fmt.Sprintf(line.nth, ordinals[min(asked, len(ordinals)-1)])
	switch asked {
	case 0:
		words = line.first
	case size - 1:
		words = line.last
	}
	gold := slices.Index(place, asked)
	choices := []string{things[gold]}
	for i, thing := range things {
		if i != gold {
			choices = append(choices, thing)
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, line.intro, enumerate(things))
	for _, c := range clues {
		text.WriteString(" " + capital(c.text) + ".")
	}
	fmt.Fprintf(&text, " %s %s?", line.ask, words)
	return question{cluster: fmt.Sprintf("%s/%d/%s", line.name, size, words), text: text.String(), choices: choices}
}

// orderClue returns something that is true of the order.
func orderClue(r *random.Source, things []string, place []int, before, next, first, last string) clue {
	pair := random.Sample(r, indices(len(things)), 2)
	a, b := pair[0], pair[1]
	switch kind := r.Below(4); {
	case kind == 0 && place[a]+1 == place[b]:
		return clue{
			fmt.Sprintf("%s is %s %s", things[a], next, things[b]),
			func(p []int) bool { return p[a]+1 == p[b] },
		}
	case kind == 1 && place[a] != 0:
		return clue{fmt.Sprintf("%s is not %s", things[a], first), func(p []int) bool { return p[a] != 0 }}
	case kind == 2 && place[a] != len(things)-1:
		return clue{fmt.Sprintf("%s is not %s", things[a], last), func(p []int) bool { return p[a] != len(p)-1 }}
	case place[a] > place[b]:
		a, b = b, a
	}
	return clue{fmt.Sprintf("%s is %s %s", things[a], before, things[b]), func(p []int) bool { return p[a] < p[b] }}
}

func countOrders(orders [][]int, clues []clue) int {
	n := 0
	for _, p := range orders {
		if !slices.ContainsFunc(clues, func(c clue) bool { return !c.holds(p) }) {
			n++
		}
	}
	return n
}

// permutations returns all orders of n things.
func permutations(n int) [][]int {
	all := [][]int{{}}
	for k := range n {
		var longer [][]int
		for _, p := range all {
			for at := range k + 1 {
				longer = append(longer, slices.Insert(slices.Clone(p), at, k))
			}
		}
		all = longer
	}
	return all
}

func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// enumerate writes a list with commas and an and.
func enumerate(list []string) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return list[0]
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
