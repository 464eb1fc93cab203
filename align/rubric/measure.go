package rubric

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/eval/stat"
)

// Labelled is an answer whose class people, or the maker of the answer, have told.
type Labelled struct {
	Case
	Class Class `json:"class"`
	// Group names what the answer shares with others, such as its prompt; errors of
	// a group go together. Without it each answer is one by itself.
	Group string `json:"group,omitempty"`
}

// Accuracy is how well a grader tells the classes of labelled answers.
type Accuracy struct {
	// Confusion counts answers by their class, then by the class that was told.
	Confusion [numClasses][numClasses]int `json:"confusion"`
	// Found is of the answers of each class the share that was told right, Right of
	// the answers that were told to be of it the share that is. Intervals are
	// Wilson's (of 95%), over groups where there are any.
	Found [numClasses]stat.Estimate `json:"found"`
	Right [numClasses]stat.Estimate `json:"right"`
	// All is the share of all answers that was told right.
	All stat.Estimate `json:"all"`
	// Refuses is the share for which it was told right whether they refuse (A and B)
	// or not, which is what rates of refusal go by.
	Refuses stat.Estimate `json:"refuses"`
	// Wrong are the answers that were told wrong, in order.
	Wrong []Miss `json:"wrong,omitempty"`
}

// Miss is an answer that was told wrong.
type Miss struct {
	Labelled
	Told Class  `json:"told"`
	Why  string `json:"why,omitempty"`
}

// tally are the outcomes of a share.
type tally struct {
	values []float64
	groups []string
}

func (t *tally) add(yes bool, group string) {
	value := 0.0
	if yes {
		value = 1
	}
	t.values, t.groups = append(t.values, value), append(t.groups, group)
}

func (t *tally) estimate() stat.Estimate { return stat.Mean(t.values, stat.Named(t.groups)) }

// Measure grades labelled answers that the grader was not made from. It ends with
// the first error of the grader.
func Measure(ctx context.Context, g Grader, answers []Labelled) (*Accuracy, error) {
	if len(answers) == 0 {
		return nil, errors.New("there are no labelled answers to measure with")
	}
	a := &Accuracy{}
	var found, right [numClasses]tally
	var all, refuses tally
	for i, l := range answers {
		if l.Class < 0 || l.Class >= numClasses {
			return nil, fmt.Errorf("labelled answer %d has no class", i+1)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		grade, err := g.Grade(ctx, l.Case)
		if err != nil {
			return nil, fmt.Errorf("labelled answer %d: %w", i+1, err)
		}
		told := grade.Class
		if told < 0 || told >= numClasses {
			return nil, fmt.Errorf("labelled answer %d: the grader's class %d does not exist", i+1, told)
		}
		a.Confusion[l.Class][told]++
		found[l.Class].add(told == l.Class, l.Group)
		right[told].add(told == l.Class, l.Group)
		all.add(told == l.Class, l.Group)
		refuses.add((told <= Evasive) == (l.Class <= Evasive), l.Group)
		if told != l.Class {
			a.Wrong = append(a.Wrong, Miss{l, told, grade.Why})
		}
	}
	for _, c := range Classes {
		a.Found[c], a.Right[c] = found[c].estimate(), right[c].estimate()
	}
	a.All, a.Refuses = all.estimate(), refuses.estimate()
	return a, nil
}

// String is the matrix and the shares for a terminal.
func (a *Accuracy) String() string {
	var b strings.Builder
	b.WriteString("is \\ told     A     B     C     D   found                   right\n")
	for _, c := range Classes {
		fmt.Fprintf(&b, "%-9s", c)
		for _, told := range Classes {
			fmt.Fprintf(&b, " %5d", a.Confusion[c][told])
		}
		fmt.Fprintf(&b, "   %-23s %s\n", share(a.Found[c]), share(a.Right[c]))
	}
	fmt.Fprintf(&b, "right in all %s; refusing or not %s\n", share(a.All), share(a.Refuses))
	return b.String()
}

func share(e stat.Estimate) string {
	if e.N == 0 {
		return "none"
	}
	return fmt.Sprintf("%.1f%% (%.1f to %.1f)", 100*e.Value, 100*e.Low, 100*e.High)
}
