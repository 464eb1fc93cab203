package suite

import (
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

var (
	// things that are in one of two states, and how they get into the other.
	switches = []struct{ name, intro, act, idle, one, other string }{
		{"coin", "A coin lies on the table, heads up.", "turns it over", "does not turn it over", "heads", "tails"},
		{"lamp", "A lamp is on.", "presses its only switch once", "does not touch its switch", "on", "off"},
		{"door", "A sliding door stands open.", "pushes it to the other side", "leaves it as it is", "open", "closed"},
		{"glass", "A glass stands upright.", "turns it upside down or, if it is so, up again", "only looks at it", "upright", "upside down"},
	}
	facts = []struct{ name, one, other string }{
		{"window", "the window is open", "the window is not open"},
		{"light", "the light is on", "the light is not on"},
		{"tank", "the tank is full", "the tank is not full"},
		{"team", "the team won", "the team did not win"},
		{"letter", "the letter arrived", "the letter did not arrive"},
		{"shop", "the shop is closed", "the shop is not closed"},
	}
)

// parityPuzzle asks for the state of a thing after some people changed it.
func parityPuzzle(r *random.Source) question {
	thing, size := random.Pick(r, switches), r.Between(2, 8)
	var text strings.Builder
	text.WriteString(thing.intro)
	odd := false
	for _, name := range random.Sample(r, islanders, size) {
		if r.Coin() {
			odd = !odd
			fmt.Fprintf(&text, " %s %s.", name, thing.act)
		} else {
			fmt.Fprintf(&text, " %s %s.", name, thing.idle)
		}
	}
	fmt.Fprintf(&text, " Is it %s or %s now?", thing.one, thing.other)
	choices := []string{thing.one, thing.other}
	if odd {
		choices[0], choices[1] = choices[1], choices[0]
	}
	return question{cluster: fmt.Sprintf("%s/%d", thing.name, size), text: text.String(), choices: choices}
}

// negationPuzzle asks what nested negations come to.
func negationPuzzle(r *random.Source) question {
	fact, depth := random.Pick(r, facts), r.Between(1, 6)
	text, negative := fact.one, false
	var shape []byte
	for range depth {
		switch kind := r.Below(3); kind {
		case 0:
			text, negative = "it is not true that "+text, !negative
			shape = append(shape, 'n')
		case 1:
			text, negative = "it is false that "+text, !negative
			shape = append(shape, 'f')
		default:
			text = "it is true that " + text
			shape = append(shape, 't')
		}
	}
	name := random.Pick(r, islanders)
	choices := []string{capital(fact.one) + ".", capital(fact.other) + "."}
	if negative {
		choices[0], choices[1] = choices[1], choices[0]
	}
	return question{
		cluster: fmt.Sprintf("%s/%s", fact.name, shape),
		text:    fmt.Sprintf(`%s, who is always right, says: "%s." What follows?`, name, capital(text)),
		choices: choices,
	}
}
