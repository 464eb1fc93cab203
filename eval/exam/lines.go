package exam

import (
	"fmt"
	"math"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// Lines are published scores from which something is reached: that of a pass, of a
// medal.
type Lines struct {
	// Source says who published them.
	Source string `yaml:"source"`
	// Reached says what those with the score have, such as "passed in".
	Reached string `yaml:"reached"`
	// Rows ascend by score.
	Rows []Line `yaml:"rows"`
}

// Line is one such score.
type Line struct {
	Score float64 `yaml:"score"`
	Names string  `yaml:"names"`
}

func (l *Lines) check() error {
	switch {
	case l.Source == "":
		return recipe.Bad("source", "say who published the lines")
	case l.Reached == "":
		return recipe.Bad("reached", "say what those who have the score reached")
	case len(l.Rows) == 0:
		return recipe.Bad("rows", "give a list of lines")
	}
	for i, row := range l.Rows {
		key := fmt.Sprintf("rows[%d]", i)
		switch {
		case math.IsNaN(row.Score) || math.IsInf(row.Score, 0):
			return recipe.Bad(key+".score", "numbers must be finite")
		case row.Names == "":
			return recipe.Bad(key+".names", "name what has this line")
		case i > 0 && row.Score <= l.Rows[i-1].Score:
			return recipe.Bad(key+".score", "scores must ascend: %g follows %g", row.Score, l.Rows[i-1].Score)
		}
	}
	return nil
}

// reached are the lines at or below a score.
func (l *Lines) reached(score float64) []Line {
	n := 0
	for n < len(l.Rows) && l.Rows[n].Score <= score+tiny {
		n++
	}
	return l.Rows[:n]
}

// text is the lines in a sentence, and which of them a score reaches, if there is one.
func (l *Lines) text(score *float64) string {
	parts := make([]string, len(l.Rows))
	for i, row := range l.Rows {
		parts[i] = fmt.Sprintf("%g %s", row.Score, row.Names)
	}
	text := "Lines (" + l.Source + "): " + strings.Join(parts, "; ") + "."
	if score == nil {
		return text
	}
	reached := l.reached(*score)
	if len(reached) == 0 {
		return fmt.Sprintf("%g reaches none of the lines. %s", *score, text)
	}
	names := make([]string, len(reached))
	for i, row := range reached {
		names[i] = row.Names
	}
	return fmt.Sprintf("With %g it %s: %s. %s", *score, l.Reached, strings.Join(names, ", "), text)
}
