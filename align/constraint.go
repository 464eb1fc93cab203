package align

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/align/objective"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// multipliers are those of a run's constraints, by the rewards' names.
type multipliers map[string]objective.Multiplier

// shareMeasure begins the names of measures that count parts of wholes.
const shareMeasure = "share/"

// answerMeasures are further measures of a step's answers.
var answerMeasures = []string{"accuracy", "answer_length", "ended"}

// checkConstraint looks at the constraint of a reward; names are those of all rewards.
func (s *RewardSpec) checkConstraint(names []string) error {
	c := s.Constraint
	if c == nil {
		return nil
	}
	switch reward, ok := strings.CutPrefix(c.Measure, "reward/"); {
	case s.Weight != 1:
		return recipe.Bad("weight", "the weight of a reward with a constraint is its multiplier: remove weight, and give constraint.start")
	case (c.AtMost == nil) == (c.AtLeast == nil):
		return recipe.Bad("constraint", "give one bound, at_most or at_least")
	case c.Measure == "", strings.HasPrefix(c.Measure, shareMeasure), slices.Contains(answerMeasures, c.Measure):
	case !ok:
		return recipe.Bad("constraint.measure", "%q is none of %s, reward/NAME and share/NAME", c.Measure, strings.Join(answerMeasures, ", "))
	case !slices.Contains(names, reward):
		return recipe.Bad("constraint.measure", "no reward is called %q: there are %s", reward, strings.Join(names, ", "))
	}
	return cmp.Or(
		recipe.Between("constraint", c.bound(), -math.MaxFloat64, math.MaxFloat64),
		recipe.Between("constraint.rate", c.Rate, 1e-9, 1e6),
		recipe.Between("constraint.max", c.Max, 1e-9, 1e6),
		recipe.Between("constraint.start", c.Start, 0, c.Max),
		s.checkSide(),
	)
}

// checkSide refuses a bound that a larger weight only breaks further.
func (s *RewardSpec) checkSide() error {
	if s.Constraint.AtMost == nil || s.Constraint.of(s.name()) != "reward/"+s.name() {
		return nil
	}
	return recipe.Bad("constraint.at_most", "more weight makes the reward %s larger, and never holds it below a bound: give at_least, or another measure", s.name())
}

// of is the measure that is held, of a reward of that name.
func (s *ConstraintSpec) of(reward string) string { return cmp.Or(s.Measure, "reward/"+reward) }

func (s *ConstraintSpec) bound() float64 {
	if s.AtMost != nil {
		return *s.AtMost
	}
	return *s.AtLeast
}

// excess is how far v is on the wrong side of the bound, less than 0 on the right one.
func (s *ConstraintSpec) excess(v float64) float64 {
	if s.AtMost != nil {
		return v - *s.AtMost
	}
	return *s.AtLeast - v
}

// multipliers are those before the first step; nil where there is no constraint.
func (list rewards) multipliers() multipliers {
	var all multipliers
	for i := range list {
		if c := list[i].constraint; c != nil {
			if all == nil {
				all = multipliers{}
			}
			all[list[i].name] = objective.Multiplier{Value: c.Start}
		}
	}
	return all
}

// weigh makes the multipliers the weights of their rewards.
func (list rewards) weigh(all multipliers) {
	for i := range list {
		if list[i].constraint != nil {
			list[i].weight = all[list[i].name].Value
		}
	}
}

// patience is after how many steps a measure that none of them had will not come.
const patience = 20

// next sets the measures of the multipliers that step n used, and returns those after
// it.
func (all multipliers) next(list rewards, n int, m Measures) (multipliers, error) {
	after := maps.Clone(all)
	for i := range list {
		r := &list[i]
		if r.constraint == nil {
			continue
		}
		l, of := after[r.name], r.constraint.of(r.name)
		if v, ok := m[of]; ok {
			l.Update(r.constraint.excess(v), r.constraint.Rate, r.constraint.Max)
		} else if l.Updates == 0 && n >= patience {
			return nil, fmt.Errorf("the constraint of the reward %s is on %s, and no answer of %d steps had that: these have %s",
				r.name, of, n, strings.Join(held(m), ", "))
		}
		m["multiplier/"+r.name] = all[r.name].Value
		after[r.name] = l
	}
	return after, nil
}

// held are the measures of a step that a constraint may be on.
func held(m Measures) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m)), func(name string) bool {
		return !slices.Contains(answerMeasures, name) && !strings.HasPrefix(name, shareMeasure) && !strings.HasPrefix(name, "reward/")
	})
}

// restored refuses multipliers that are not those of a run's rewards.
func (all multipliers) restored(list rewards) error {
	want := list.multipliers()
	if len(all) != len(want) {
		return fmt.Errorf("%d multipliers, and the recipe has %d constraints", len(all), len(want))
	}
	for i := range list {
		c := list[i].constraint
		if c == nil {
			continue
		}
		if l, ok := all[list[i].name]; !ok || !(l.Value >= 0 && l.Value <= c.Max) || l.Updates < 0 {
			return fmt.Errorf("the multiplier of the reward %s, %+v, is impossible", list[i].name, l)
		}
	}
	return nil
}
