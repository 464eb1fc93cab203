package suite

import (
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// words that mean nothing, so that knowledge of things does not help.
var nonsense = []string{"borks", "daffers", "glims", "jentles", "krolls", "mippets", "nurbles", "pallons", "quonks", "rintels", "snoffles", "tremmies"}

// proposition is a sentence of Aristotle's logic about two of three classes: (a)
// all are, (e) none is, (i) some are, (o) some are not.
type proposition struct {
	form             byte
	subject, another int
}

func (p proposition) text(names []string) string {
	s, o := names[p.subject], names[p.another]
	switch p.form {
	case 'a':
		return fmt.Sprintf("all %s are %s", s, o)
	case 'e':
		return fmt.Sprintf("no %s are %s", s, o)
	case 'i':
		return fmt.Sprintf("some %s are %s", s, o)
	}
	return fmt.Sprintf("some %s are not %s", s, o)
}

// holds looks at a world: bit k of it says that somebody is in exactly the classes
// of k's bits.
func (p proposition) holds(world uint) bool {
	both, only := false, false // is there a subject in the other class, one outside of it
	for region := range uint(8) {
		if world>>region&1 == 0 || region>>p.subject&1 == 0 {
			continue
		}
		if region>>p.another&1 == 1 {
			both = true
		} else {
			only = true
		}
	}
	switch p.form {
	case 'a':
		return !only
	case 'e':
		return !both
	case 'i':
		return both
	}
	return only
}

// follows reports whether the conclusion holds in every world in which the
// premises hold and no class is empty.
func follows(premises []proposition, conclusion proposition) bool {
	possible := false
	for world := range uint(256) {
		if emptyClass(world) || !premises[0].holds(world) || !premises[1].holds(world) {
			continue
		}
		possible = true
		if !conclusion.holds(world) {
			return false
		}
	}
	return possible
}

// emptyClass reports whether one of the three classes has nobody.
func emptyClass(world uint) bool {
	var there uint
	for region := range uint(8) {
		if world>>region&1 == 1 {
			there |= region
		}
	}
	return there != 7
}

// syllogism asks which of four conclusions about the outer classes follows from
// two premises that share the middle one; one alone does. All forms of conclusions
// are right equally often.
func syllogism(r *random.Source) question {
	forms := []byte("aeio")
	wanted := random.Pick(r, forms)
	for {
		names := random.Sample(r, nonsense, 3) // 0 and 2 are the outer classes
		premises := []proposition{{random.Pick(r, forms), 0, 1}, {random.Pick(r, forms), 1, 2}}
		for i := range premises {
			if r.Coin() {
				premises[i].subject, premises[i].another = premises[i].another, premises[i].subject
			}
		}
		var right, wrong []proposition
		for _, form := range forms {
			for _, order := range [][2]int{{0, 2}, {2, 0}} {
				c := proposition{form, order[0], order[1]}
				switch {
				case !follows(premises, c):
					wrong = append(wrong, c)
				case form == wanted:
					right = append(right, c)
				}
			}
		}
		if len(right) == 0 || len(wrong) < 3 {
			continue
		}
		gold := random.Pick(r, right)
		choices := []string{capital(gold.text(names)) + "."}
		for _, c := range random.Sample(r, wrong, 3) {
			choices = append(choices, capital(c.text(names))+".")
		}
		random.Shuffle(r, premises)
		text := fmt.Sprintf("%s. %s. There are %s. Which of these follows?",
			capital(premises[0].text(names)), capital(premises[1].text(names)), enumerate(names))
		cluster := strings.Join([]string{string(premises[0].form), string(premises[1].form), string(gold.form)}, "")
		return question{cluster: cluster, text: text, choices: choices}
	}
}
