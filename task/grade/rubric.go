package grade

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/task"
)

// A Judge gives marks by a rubric: a model (see ByModel), or a person. Goroutines
// may share it.
type Judge interface {
	// Judge returns one mark for each criterion, in order. An error says that there
	// is no judgment, not that the answer is bad.
	Judge(ctx context.Context, q Question) (Marks, error)
}

// Question is what a judge is asked.
type Question struct {
	Task string
	Item string
	// Prompt is what was answered; Reference an accepted answer, if there is one.
	Prompt    string
	Reference string
	Answer    string
	Criteria  []task.Criterion // their texts filled in
}

// Marks is a judgment.
type Marks struct {
	// Shares says of each criterion how far it is met, 0 to 1.
	Shares []float64
	// Why are the judge's reasons, one for each criterion, or none at all.
	Why []string
	// Raw is what the judge said, as it was.
	Raw string
}

// judged has a judge.
type judged struct {
	options *task.Rubric
	texts   []*task.Template
	judge   Judge
}

func newRubric(o *task.Rubric, judge Judge) (task.Grader, error) {
	texts, err := criteria(o)
	return &judged{o, texts, judge}, err
}

func criteria(o *task.Rubric) (texts []*task.Template, err error) {
	for i, c := range o.Criteria {
		text, err := newTemplate(fmt.Sprintf("criteria[%d].text", i), c.Text)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// Ask makes the question with which a judge is asked about an answer to an item of
// a task that is graded by a rubric.
func Ask(t *task.Task, item *task.Item, answer string) (Question, error) {
	if t.Grader == nil || t.Grader.Rubric == nil {
		return Question{}, fmt.Errorf("task %s is not graded by a rubric", t.Name)
	}
	texts, err := criteria(t.Grader.Rubric)
	if err != nil {
		return Question{}, recipe.Below("grader.rubric", err)
	}
	g := &judged{options: t.Grader.Rubric, texts: texts}
	return g.ask(item, answer)
}

func (g *judged) ask(item *task.Item, answer string) (Question, error) {
	q := Question{Task: item.Task, Item: item.ID, Prompt: item.Prompt, Answer: answer}
	if len(item.Turns) > 0 {
		q.Prompt += "\n\n" + strings.Join(item.Turns, "\n\n")
	}
	if len(item.Answers) > 0 {
		q.Reference = item.Answers[0]
	}
	for i, c := range g.options.Criteria {
		text, err := g.texts[i].Execute(item.Row)
		if err != nil {
			return Question{}, fmt.Errorf("criterion %s: %w", c.Name, err)
		}
		c.Text = text
		q.Criteria = append(q.Criteria, c)
	}
	return q, nil
}

// Grade implements task.Grader.
func (g *judged) Grade(ctx context.Context, item *task.Item, answer string) (task.Verdict, error) {
	if g.judge == nil {
		return task.Verdict{}, ErrNoJudge
	}
	q, err := g.ask(item, answer)
	if err != nil {
		return task.Verdict{}, err
	}
	marks, err := g.judge.Judge(ctx, q)
	if err != nil {
		return task.Verdict{}, err
	}
	score, err := Score(q.Criteria, marks.Shares)
	if err != nil {
		return task.Verdict{}, err
	}
	v := task.Verdict{Score: score, Right: score >= g.options.Pass-rounding, Judge: marks.Raw}
	v.Why = reasonsFor(q.Criteria, marks)
	return v, nil
}

// rounding is what sums of marks may be off by.
const rounding = 1e-9

// Score returns the points that shares of criteria give, as a share of all that
// can be had; not less than 0.
func Score(criteria []task.Criterion, shares []float64) (float64, error) {
	if len(shares) != len(criteria) {
		return 0, fmt.Errorf("the judge gave %d marks for %d criteria", len(shares), len(criteria))
	}
	got, most := 0.0, 0.0
	for i, c := range criteria {
		if !(shares[i] >= 0 && shares[i] <= 1) {
			return 0, fmt.Errorf("the judge gave %g for %s: marks are 0 to 1", shares[i], c.Name)
		}
		got += float64(shares[i] * c.Points)
		most += max(0, c.Points)
	}
	if most == 0 {
		return 0, fmt.Errorf("the rubric has no points to be had")
	}
	return min(1, max(0, got/most)), nil
}

// reasonsFor says which criteria cost points, with the judge's reasons.
func reasonsFor(criteria []task.Criterion, marks Marks) string {
	var lost []string
	for i, c := range criteria {
		points := float64(marks.Shares[i] * c.Points)
		if points == max(0, c.Points) {
			continue
		}
		line := fmt.Sprintf("%s: %s of %s", c.Name, trimFloat(points), trimFloat(max(0, c.Points)))
		if len(marks.Why) > i && marks.Why[i] != "" {
			line += " (" + marks.Why[i] + ")"
		}
		lost = append(lost, line)
	}
	return strings.Join(lost, "; ")
}

func trimFloat(x float64) string { return fmt.Sprintf("%g", math.Round(x*100)/100) }
