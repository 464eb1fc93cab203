package grade

import (
	"context"
	"fmt"
	"math/big"

	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade/formula"
)

// numeric compares numbers.
type numeric struct {
	extract   *extractor
	tolerance *big.Rat
	percent   bool
}

func newNumeric(o *task.Numeric) (task.Grader, error) {
	x, err := newExtractor(&o.Extract)
	return &numeric{x, new(big.Rat).SetFloat64(o.Tolerance), o.Percent}, err
}

// Grade implements task.Grader.
func (g *numeric) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	if len(item.Answers) == 0 {
		return task.Verdict{}, errNoGold
	}
	e := g.extract.of(answer)
	if e.ended != nil {
		return *e.ended, nil
	}
	given, ok := g.find(e)
	if !ok {
		return task.Verdict{Why: "no number"}, nil
	}
	v := task.Verdict{}
	for _, text := range item.Answers {
		gold, ok := g.gold(text)
		if !ok {
			return task.Verdict{}, fmt.Errorf("the accepted answer %q is no number", text)
		}
		if g.equal(gold, given) {
			v = verdict(true)
			break
		}
	}
	v.Extracted = given.text
	return v, nil
}

// find takes the number out of a text: the first one after what the task names,
// else that in a box, else the last one.
func (g *numeric) find(e extracted) (quantity, bool) {
	text := e.text
	if boxed, ok := formula.Boxed(text); ok {
		if all := quantities(boxed); len(all) == 1 && all[0].percent {
			return all[0], true // a formula's value has no such sign
		}
		if value, ok := formula.Value(boxed); ok {
			return quantity{value: value, text: boxed}, true
		}
		text = boxed
	}
	all := quantities(text)
	switch {
	case len(all) == 0:
		return quantity{}, false
	case e.found:
		return all[0], true
	}
	return all[len(all)-1], true
}

// gold reads an accepted answer: a number with or without words around it, such
// as GSM8K's behind its ####.
func (g *numeric) gold(text string) (quantity, bool) {
	all := quantities(text)
	if len(all) == 0 {
		return quantity{}, false
	}
	return all[len(all)-1], true
}

func (g *numeric) equal(gold, given quantity) bool {
	a, b := gold.value, given.value
	if g.percent {
		a, b = gold.share(), given.share()
	}
	difference := new(big.Rat).Sub(a, b)
	bound := new(big.Rat).Mul(g.tolerance, a)
	return difference.Abs(difference).Cmp(bound.Abs(bound)) <= 0
}

// mathematics compares formulas.
type mathematics struct {
	extract   *extractor
	tolerance float64
}

func newMath(o *task.Math) (task.Grader, error) {
	x, err := newExtractor(&o.Extract)
	return &mathematics{x, o.Tolerance}, err
}

// Grade implements task.Grader.
func (g *mathematics) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	if len(item.Answers) == 0 {
		return task.Verdict{}, errNoGold
	}
	e := g.extract.of(answer)
	if e.ended != nil {
		return *e.ended, nil
	}
	e.text = widths.Replace(e.text)
	text := finalFormula(e)
	_, box := formula.Boxed(e.text) // without one the whole may be the answer
	v := task.Verdict{}
	for _, gold := range item.Answers {
		if boxed, ok := formula.Boxed(gold); ok { // a whole solution
			gold = boxed
		}
		if formula.Equal(gold, text, g.tolerance) || !box && formula.Equal(gold, e.text, g.tolerance) {
			v = verdict(true)
			break
		}
	}
	v.Extracted = text
	if text == "" && !v.Right {
		v.Why = "no formula"
	}
	return v, nil
}
