package exam

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// Scale is a published table from points to scaled scores.
type Scale struct {
	// Source says who published it, of what form.
	Source string `yaml:"source"`
	// Of is what its rows begin with: points (the default) or share, which is points
	// in parts of all.
	Of string `yaml:"of"`
	// Between is step (the default) where each row holds up to the next, as in a
	// table of whole points, or linear.
	Between string `yaml:"between"`
	// Rows are pairs of points and scaled score. Points ascend from 0, and scores do
	// not descend.
	Rows [][]float64 `yaml:"rows"`
}

// SetDefaults sets what a file may leave out.
func (s *Scale) SetDefaults() { s.Of, s.Between = "points", "step" }

// tiny is how far a number of points computed from a share may be off.
const tiny = 1e-9

func (s *Scale) check(points float64) error {
	most := points
	switch {
	case s.Source == "":
		return recipe.Bad("source", "say who published the table")
	case s.Of != "points" && s.Of != "share":
		return recipe.Bad("of", "%q is neither points nor share", s.Of)
	case s.Between != "step" && s.Between != "linear":
		return recipe.Bad("between", "%q is neither step nor linear", s.Between)
	case s.Of == "share":
		most = 1
	}
	if err := checkRows(s.Rows, 2, 2); err != nil {
		return err
	}
	for i, row := range s.Rows {
		if i > 0 && row[1] < s.Rows[i-1][1] {
			return recipe.Bad(fmt.Sprintf("rows[%d]", i), "more points give a lower score than the row before")
		}
	}
	if first, last := s.Rows[0][0], s.Rows[len(s.Rows)-1][0]; first != 0 || last > most+tiny {
		return recipe.Bad("rows", "they go from %g to %g %s, and must begin at 0 and end by %g", first, last, s.Of, most)
	}
	if last := s.Rows[len(s.Rows)-1][0]; s.Between == "linear" && last < most-tiny {
		return recipe.Bad("rows", "they end at %g %s, and there are %g", last, s.Of, most)
	}
	return nil
}

func (s *Scale) ends() (low, high float64) { return s.Rows[0][1], s.Rows[len(s.Rows)-1][1] }

// rounding says which way a number goes that no table has.
type rounding func(float64) float64

// scaled is the scaled score of a share of all points. Points are whole in a table of
// steps, scores in one of lines.
func (s *Scale) scaled(share, points float64, round rounding) float64 {
	x := min(max(share, 0), 1)
	if s.Of == "points" {
		x *= points
	}
	if s.Between == "step" {
		if s.Of == "points" {
			x = whole(x, round)
		}
		return stepRow(s.Rows, x)[1]
	}
	i, _ := slices.BinarySearchFunc(s.Rows, x, func(row []float64, x float64) int {
		if row[0] < x {
			return -1
		}
		return 1
	})
	if i == 0 {
		return s.Rows[0][1]
	}
	if i == len(s.Rows) {
		return s.Rows[i-1][1]
	}
	a, b := s.Rows[i-1], s.Rows[i]
	return whole(a[1]+float64((b[1]-a[1])*((x-a[0])/(b[0]-a[0]))), round)
}

// of is the scaled score of an estimated share of all points, and those of its
// interval's ends.
func (s *Scale) of(e stat.Estimate, points float64) (value, low, high float64) {
	round := rounding(math.Round)
	if s.Between == "step" {
		round = math.Floor // who lacks a part of a point lacks the point
	}
	return s.scaled(e.Value, points, round), s.scaled(e.Low, points, math.Floor), s.scaled(e.High, points, math.Ceil)
}

// whole rounds, where the number is not whole but for its last bits.
func whole(x float64, round rounding) float64 {
	if near := math.Round(x); math.Abs(x-near) < tiny*max(1, math.Abs(x)) {
		return near
	}
	return round(x)
}

// stepRow is the last row that begins at or below x, or the first.
func stepRow(rows [][]float64, x float64) []float64 {
	at := rows[0]
	for _, row := range rows {
		if row[0] > x+tiny {
			break
		}
		at = row
	}
	return at
}

// checkRows reports rows that are not of finite numbers in ascending order of the first.
func checkRows(rows [][]float64, least, most int) error {
	if len(rows) < 2 {
		return recipe.Bad("rows", "give at least two rows")
	}
	for i, row := range rows {
		key := fmt.Sprintf("rows[%d]", i)
		if len(row) < least || len(row) > most {
			words := []string{"", "", "two numbers", "two or three numbers"}
			return recipe.Bad(key, "a row has %s, this one has %d", strings.TrimSpace(words[most]), len(row))
		}
		for _, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return recipe.Bad(key, "numbers must be finite")
			}
		}
		if i > 0 && row[0] <= rows[i-1][0] {
			return recipe.Bad(key, "rows must ascend: %g follows %g", row[0], rows[i-1][0])
		}
	}
	return nil
}
