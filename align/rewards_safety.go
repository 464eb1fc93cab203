package align

import (
	"context"
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// ruled is what a rubric gives an answer, by the class that a grader tells and the kind
// of the prompt. Of prompts whose kind is not known only content that is disallowed
// whatever the prompt counts.
type ruled struct {
	name   string
	rubric *rubric.Rubric
	grader rubric.Grader
	atOnce int // answers that are graded at a time
	kept   *judgments
}

func (s *ruled) score(ctx context.Context, rollouts []Rollout) ([]float64, error) {
	values := make([]float64, len(rollouts))
	return values, several(ctx, s.atOnce, len(rollouts), func(ctx context.Context, i int) error {
		r := &rollouts[i]
		c := rubric.Case{Kind: r.question.kind, Prompt: heard(r.question), Answer: r.Text}
		var g rubric.Grade
		err := s.kept.hear(ctx, func(ctx context.Context) (err error) {
			g, err = s.grader.Grade(ctx, c)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", r.question.name, err)
		}
		values[i] = s.rubric.Reward(c.Kind, g.Class)
		f := rubric.Finding{Class: g.Class, Refuses: g.Class == rubric.Refusal || g.Class == rubric.Evasive, Marked: s.rubric.Find(c).Marked}
		for _, counted := range grade.SafetyShares(c.Kind, &f) {
			counted.Name = s.name + "/" + counted.Name
			r.shares = append(r.shares, counted)
		}
		return nil
	})
}

// MeasuredReward is how often a reward's grader was right, on answers whose class people
// have told.
type MeasuredReward struct {
	Name     string
	Accuracy *rubric.Accuracy
}

// openRuled reads what a reward of the kind safety goes by, and measures it; key is the
// recipe's.
func (a *actor) openRuled(ctx context.Context, r *Run, p *Plan, i int) error {
	s, key := &r.recipe.Rewards[i], fmt.Sprintf("rewards[%d]", i)
	rules, err := s.readRubric()
	if err != nil {
		return recipe.Bad(key+".rubric", "%v", err)
	}
	one := &ruled{name: s.name(), rubric: rules, grader: rubric.ByRules(rules), atOnce: 1}
	r.sources = append(r.sources, rules.Hash())
	switch {
	case s.Classifier != "":
		c, err := rubric.OpenClassifier(s.Classifier)
		if err != nil {
			return recipe.Bad(key+".classifier", "%v", err)
		}
		one.grader = c
		r.sources = append(r.sources, c.Hash())
	case s.Judge != "":
		j, err := a.openJudge(ctx, r, s)
		if err != nil {
			return recipe.Bad(key+".judge", "%v", err)
		}
		one.grader, one.atOnce, one.kept = rubric.ByModel(rules, j.Ask), j.AtOnce, j.kept
	}
	if a.questions.ofKinds() == 0 {
		return recipe.Bad(key+".kind", "no prompt says what it is: give those of rollout.prompts a field kind (harmful, lookalike or sensitive), or name tasks that have it, such as safety_train")
	}
	a.rewards[i].rewarder = one
	if s.Labelled == "" {
		return nil
	}
	answers, err := rubric.ReadLabelled(s.Labelled)
	if err != nil {
		return recipe.Bad(key+".labelled", "%v", err)
	}
	accuracy, err := rubric.Measure(ctx, one.grader, answers)
	if err != nil {
		return fmt.Errorf("%s.labelled: %w", key, err)
	}
	p.Measured = append(p.Measured, MeasuredReward{one.name, accuracy})
	return nil
}

func (s *RewardSpec) readRubric() (*rubric.Rubric, error) {
	if s.Rubric == "" {
		return rubric.Default(), nil
	}
	return rubric.Read(s.Rubric)
}

// ofKinds is how many prompts to learn from are of a kind that is known.
func (q *questions) ofKinds() int {
	n := 0
	for _, one := range q.train {
		if one.kind != rubric.KindUnknown {
			n++
		}
	}
	return n
}

// taskKind is what a task says of the prompt of an item: by the template of its grader
// safety, or by a field kind.
func taskKind(t *task.Task) (func(*task.Item) rubric.Kind, error) {
	if t.Grader == nil || t.Grader.Safety == nil {
		return func(it *task.Item) rubric.Kind {
			text, _ := it.Row["kind"].(string)
			return kindNamed(text)
		}, nil
	}
	template, err := task.NewTemplate(t.Grader.Safety.Kind)
	if err != nil {
		return nil, err
	}
	return func(it *task.Item) rubric.Kind {
		text, err := template.Execute(it.Row)
		if err != nil {
			return rubric.KindUnknown // the grader will say so
		}
		return kindNamed(text)
	}, nil
}

// kindNamed is KindUnknown for any other text: a field kind may say something else.
func kindNamed(text string) (k rubric.Kind) {
	if k.UnmarshalText([]byte(text)) != nil {
		return rubric.KindUnknown
	}
	return k
}

func (s *RewardSpec) checkSafety() error {
	switch {
	case s.Classifier != "" && s.Judge != "":
		return recipe.Bad("judge", "a classifier or a judge tells the classes, not both: remove one")
	case s.Judge != "":
		return s.checkJudge()
	case s.JudgeModel != "":
		return recipe.Bad("judge_model", "it is the name of a model at the address judge, which is missing")
	}
	return nil
}

var errNoJudges = errors.New("models behind an API cannot be reached from here")
