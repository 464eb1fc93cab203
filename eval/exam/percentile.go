package exam

import (
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// Percentile is a published table from scores to the share, in percent, of people
// below them.
type Percentile struct {
	Source string `yaml:"source"`
	// Of is score where the table is of scaled scores although no published table
	// makes them of points: then it is shown, and gives no percentile. Without it the
	// table is of the scores of the examination's scales or, where there are none, of
	// its points.
	Of string `yaml:"of"`
	// Exam names a ready examination whose table it is, in place of Source and Rows.
	Exam string `yaml:"exam"`
	// Rows are a score and the percent of people below it, or a score and the lowest
	// and the highest percentile of those who have it. A row holds up to the next.
	// Percentiles do not descend.
	Rows [][]float64 `yaml:"rows"`
}

// take copies the table of the examination that Exam names.
func (p *Percentile) take(ready []*Exam) error {
	if p.Exam == "" {
		return nil
	}
	if p.Source != "" || p.Rows != nil {
		return recipe.Bad("exam", "give the name of an examination, or a source and rows")
	}
	for _, e := range ready {
		if e.Name == p.Exam && e.Percentile != nil {
			p.Source, p.Rows = e.Percentile.Source, e.Percentile.Rows
			return nil
		}
	}
	return recipe.Bad("exam", "no ready examination called %s has a table of percentiles", p.Exam)
}

func (p *Percentile) check(low, high float64) error {
	switch {
	case p.Source == "":
		return recipe.Bad("source", "say who published the table")
	case p.Of != "" && p.Of != "score":
		return recipe.Bad("of", "%q is not score; leave it out where scores are made of points", p.Of)
	}
	if err := checkRows(p.Rows, 2, 3); err != nil {
		return err
	}
	for i, row := range p.Rows {
		key := fmt.Sprintf("rows[%d]", i)
		last := len(row) - 1
		if row[1] < 0 || row[last] > 100 || row[last] < row[1] {
			return recipe.Bad(key, "percentiles are from 0 to 100, the lower one first")
		}
		if i > 0 && (row[1] < p.Rows[i-1][1] || row[last] < p.Rows[i-1][len(p.Rows[i-1])-1]) {
			return recipe.Bad(key, "a higher score has a lower percentile than the row before")
		}
	}
	if p.Of == "score" {
		return nil
	}
	first, last := p.Rows[0][0], p.Rows[len(p.Rows)-1][0]
	if first > low+tiny || last > high+tiny || last < low-tiny {
		return recipe.Bad("rows", "they are of scores from %g to %g, and scores are from %g to %g", first, last, low, high)
	}
	return nil
}

// of returns the lowest and the highest percentile of a score.
func (p *Percentile) of(score float64) (from, to float64) {
	row := stepRow(p.Rows, score)
	return row[1], row[len(row)-1]
}

// text is the table in a sentence.
func (p *Percentile) text() string {
	parts := make([]string, len(p.Rows))
	for i, row := range p.Rows {
		from := ""
		if i > 0 && row[0] != p.Rows[i-1][0]+1 || i+1 < len(p.Rows) && p.Rows[i+1][0] != row[0]+1 {
			from = "from "
		}
		parts[i] = fmt.Sprintf("%s%g: %g to %g", from, row[0], row[1], row[len(row)-1])
	}
	return "Percentiles of scores: " + strings.Join(parts, "; ") + " (" + p.Source + ")."
}
