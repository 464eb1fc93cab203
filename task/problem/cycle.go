package problem

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// cycle is a place in what goes round, and moves from there.
type cycle struct {
	round *round
	start int
	moves []int
}

// round is what goes round.
type round struct {
	places                []string
	begin, unit, on, back string // begin is a template of a place
}

var rounds = [numStyles]round{
	{
		[]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
		"The day is %s.", "day", "later", "earlier",
	},
	{
		[]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		"The month is %s.", "month", "later", "earlier",
	},
	{hours(), "The hour is %s.", "hour", "later", "earlier"},
	{
		[]string{"north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"},
		"The wind is from the %s. It turns by eighths of a circle.", "eighth", "to the right", "to the left",
	},
}

func hours() []string {
	list := make([]string, 24)
	for i := range list {
		list[i] = strconv.Itoa(i)
	}
	return list
}

// mostMove bounds a move: there are few, as of sums, but all of a problem differ, since
// what is left of it could not be told from what is done.
const mostMove = 5

func newCycle(r *random.Source, steps, _, style int) work {
	c := &cycle{round: &rounds[style]}
	c.start = r.Below(len(c.round.places))
	var moves []int
	for move := 1; move <= mostMove; move++ {
		moves = append(moves, move, -move)
	}
	c.moves = random.Sample(r, moves, steps)
	return c
}

// told implements work.
func (c *cycle) told() string { return c.left(c.start, 0) }

// left is the problem from a place on, after so many moves.
func (c *cycle) left(at, done int) string {
	parts := []string{fmt.Sprintf(c.round.begin, c.round.places[at])}
	for i := done; i < len(c.moves); i++ {
		from := "Then"
		if i == 0 {
			from = "Go"
		}
		parts = append(parts, fmt.Sprintf("%s %s.", from, c.round.moved(c.moves[i])))
	}
	return strings.Join(parts, " ")
}

// moved says a move.
func (o *round) moved(move int) string {
	way := o.on
	if move < 0 {
		move, way = -move, o.back
	}
	unit := o.unit + "s"
	if move == 1 {
		unit = o.unit
	}
	return fmt.Sprintf("%d %s %s", move, unit, way)
}

// solve implements work: a line for each move, which says where it begins and leads, and
// after which it is the same problem, a move shorter.
func (c *cycle) solve(s *slip) (lines []string, answer string) {
	at, n := c.start, len(c.round.places)
	for i, move := range c.moves {
		moved := c.round.places[at] + ", " + c.round.moved(move) + ": "
		at = ((at+move)%n + n) % n
		if s.here() {
			at = (at + random.Pick(s.r, []int{1, n - 1})) % n
		}
		lines = append(lines, moved+c.round.places[at]+". "+c.left(at, i+1))
	}
	return lines, c.round.places[at]
}
