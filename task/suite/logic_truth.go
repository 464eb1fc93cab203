package suite

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

var islanders = []string{"Anna", "Boris", "Celia", "Dario", "Edith", "Falk", "Greta", "Henri"}

// statement is what one of a group says: true or false of a set of truth tellers.
type statement struct {
	speaker int
	text    string
	holds   func(tellers uint) bool
}

// truthPuzzle has three or four people of whom each always tells the truth or
// always lies, and says something about the others. Statements are drawn until one
// set of truth tellers alone agrees with all.
func truthPuzzle(r *random.Source) question {
	size := r.Between(3, 4)
	names := random.Sample(r, islanders, size)
	for {
		said := make([]statement, size)
		for speaker := range said {
			said[speaker] = say(r, names, speaker)
		}
		fits := agreeing(size, said)
		if len(fits) != 1 {
			continue
		}
		var text strings.Builder
		fmt.Fprintf(&text, "%s each either always tell the truth or always lie.", enumerate(names))
		for _, s := range said {
			fmt.Fprintf(&text, ` %s says: "%s."`, names[s.speaker], capital(s.text))
		}
		text.WriteString(" Who tells the truth?")
		choices := []string{tellers(names, fits[0])}
		var others []string
		for set := range uint(1) << size {
			if set != fits[0] {
				others = append(others, tellers(names, set))
			}
		}
		choices = append(choices, random.Sample(r, others, 3)...)
		return question{cluster: fmt.Sprintf("%d/%d", size, bits.OnesCount(fits[0])), text: text.String(), choices: choices}
	}
}

// say draws a statement about others than the speaker.
func say(r *random.Source, names []string, speaker int) statement {
	others := slices.Delete(indices(len(names)), speaker, speaker+1)
	pair := random.Sample(r, others, 2)
	a, b := pair[0], pair[1]
	is := func(set uint, who int) bool { return set>>who&1 == 1 }
	switch r.Below(4) {
	case 0:
		return statement{speaker, names[a] + " tells the truth", func(set uint) bool { return is(set, a) }}
	case 1:
		return statement{speaker, names[a] + " lies", func(set uint) bool { return !is(set, a) }}
	case 2:
		return statement{
			speaker, fmt.Sprintf("either %s and %s both tell the truth or both lie", names[a], names[b]),
			func(set uint) bool { return is(set, a) == is(set, b) },
		}
	}
	return statement{
		speaker, fmt.Sprintf("of %s and %s at least one lies", names[a], names[b]),
		func(set uint) bool { return !is(set, a) || !is(set, b) },
	}
}

// agreeing returns the sets of truth tellers under which the truthful say what is
// true and the liars what is false.
func agreeing(size int, said []statement) []uint {
	var fits []uint
	for set := range uint(1) << size {
		if !slices.ContainsFunc(said, func(s statement) bool { return s.holds(set) != (set>>s.speaker&1 == 1) }) {
			fits = append(fits, set)
		}
	}
	return fits
}

// tellers names those who tell the truth.
func tellers(names []string, set uint) string {
	var list []string
	for i, name := range names {
		if set>>i&1 == 1 {
			list = append(list, name)
		}
	}
	if len(list) == 0 {
		return "nobody"
	}
	return enumerate(list)
}
