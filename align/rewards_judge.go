package align

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// Judge is a model behind an API that judges answers.
type Judge struct {
	// Ask has it write an answer. Goroutines may call it.
	Ask grade.AskFunc
	// AtOnce is how many questions it is asked at a time.
	AtOnce int

	kept *judgments
}

// marked is the share of the points that a model gives an answer by the criteria.
type marked struct {
	name     string
	judge    grade.Judge
	criteria []task.Criterion
	atOnce   int
	kept     *judgments
}

func (s *marked) score(ctx context.Context, rollouts []Rollout) ([]float64, error) {
	values := make([]float64, len(rollouts))
	return values, several(ctx, s.atOnce, len(rollouts), func(ctx context.Context, i int) error {
		r := &rollouts[i]
		q := grade.Question{Task: s.name, Item: r.question.name, Prompt: heard(r.question), Answer: r.Text, Criteria: s.criteria}
		if it := r.question.item; it != nil && len(it.Answers) > 0 {
			q.Reference = it.Answers[0]
		}
		err := s.kept.hear(ctx, func(ctx context.Context) error {
			marks, err := s.judge.Judge(ctx, q)
			if err == nil {
				values[i], err = grade.Score(s.criteria, marks.Shares)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("%s: %w", r.question.name, err)
		}
		return nil
	})
}

// heard is what a judge is told of a question: all that was said, if more than one
// thing was.
func heard(q *question) string {
	messages := q.conversation.Messages
	if len(messages) == 1 && messages[0].Role == chat.User {
		return said(q)
	}
	var b strings.Builder
	for _, m := range messages {
		fmt.Fprintf(&b, "%s: ", m.Role)
		for _, part := range m.Content {
			b.WriteString(part.Text)
		}
		b.WriteString("\n\n")
	}
	return strings.TrimSpace(b.String())
}

// openMarked gets ready a reward of the kind judge.
func (a *actor) openMarked(ctx context.Context, r *Run, i int) error {
	s := &r.recipe.Rewards[i]
	j, err := a.openJudge(ctx, r, s)
	if err != nil {
		return recipe.Bad(fmt.Sprintf("rewards[%d].judge", i), "%v", err)
	}
	one := &marked{name: s.name(), judge: grade.ByModel(j.Ask), atOnce: j.AtOnce, kept: j.kept}
	for _, c := range s.Criteria {
		one.criteria = append(one.criteria, task.Criterion{Name: c.Name, Text: c.Text, Points: c.Points})
	}
	a.rewards[i].rewarder = one
	return nil
}

// openJudge reaches the model of a reward. What it says is kept: the same question has
// the same answer, in a run that was interrupted too.
func (a *actor) openJudge(ctx context.Context, r *Run, s *RewardSpec) (*Judge, error) {
	if r.options.OpenJudge == nil {
		return nil, errNoJudges
	}
	j, err := r.options.OpenJudge(ctx, s.Judge, s.JudgeModel)
	if err != nil {
		return nil, err
	}
	if a.judgments == nil {
		path := ""
		if r.options.RunDir != "" && !r.options.NoSave {
			path = filepath.Join(r.options.RunDir, judgmentsFile)
		}
		if a.judgments, err = readJudgments(path); err != nil {
			return nil, err
		}
	}
	who := s.Judge + "\n" + s.JudgeModel
	return &Judge{kept: a.judgments, AtOnce: max(1, j.AtOnce), Ask: func(ctx context.Context, prompt, schema string) (string, error) {
		return a.judgments.ask(ctx, judgmentKey(who, prompt, schema), func() (string, error) { return j.Ask(ctx, prompt, schema) })
	}}, nil
}

func (s *RewardSpec) checkJudge() error {
	switch {
	case s.Judge == "":
		return recipe.Bad("judge", "give the address of the model that judges, such as http://127.0.0.1:8080/v1")
	case !strings.HasPrefix(s.Judge, "http://") && !strings.HasPrefix(s.Judge, "https://"):
		return recipe.Bad("judge", "%q is no address: it begins with http:// or https://; 'polymath serve' gives a model of this machine one", s.Judge)
	case s.Kind == RewardSafety:
		return nil
	case len(s.Criteria) == 0:
		return recipe.Bad("criteria", "say what the judge gives points for, such as  criteria: [{name: helps, text: The answer does what is asked.}]")
	}
	points := 0.0
	for i, c := range s.Criteria {
		key := fmt.Sprintf("criteria[%d]", i)
		switch {
		case strings.TrimSpace(c.Name) == "":
			return recipe.Bad(key+".name", "it is missing")
		case strings.TrimSpace(c.Text) == "":
			return recipe.Bad(key+".text", "say what is looked for")
		case !(c.Points >= -1e6 && c.Points <= 1e6) || c.Points == 0:
			return recipe.Bad(key+".points", "%v points: give a number that is not 0", c.Points)
		}
		points += max(0, c.Points)
	}
	if points == 0 {
		return recipe.Bad("criteria", "there are no points to be had: give one criterion more than 0")
	}
	return nil
}
