package quickstart

import (
	"context"
	"fmt"
	"time"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/contamination"
	"github.com/polymath-lm/polymath/eval/report"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// Answers is what the model's answers to questions about the held-out documents came
// to.
type Answers struct {
	// Each is the number of questions of each task that there was time for: an
	// interrupted examination goes on with the same.
	Each int `json:"each"`
	// Scores are there when all is answered.
	Scores []Score `json:"scores,omitempty"`
	// Asked is how many questions they are of, Seen how many of these stand in documents that the model learned from.
	Asked int `json:"asked,omitempty"`
	Seen  int `json:"seen,omitempty"`
}

// Score is the score of one task, with its interval and what guessing scores.
type Score struct {
	Title    string        `json:"title"`
	Accuracy stat.Estimate `json:"accuracy"`
	Chance   float64       `json:"chance"`
}

// questionSeconds is what the questions will take: each shows the model as much text
// as it looks back on. Making them, opening the model and the report come on top.
func (s *session) questionSeconds(p *Plan) float64 {
	const around = 1
	tokens := float64(len(questionKinds) * mostQuestions * p.Shape.Sequence)
	return around + min(tokens/3*p.StepSeconds/float64(p.Shape.StepTokens), questionShare*s.budget().Seconds())
}

// answer puts the questions to the model and writes the report.
func (s *session) answer(ctx context.Context) error {
	s.Screen.Show("  making questions of the held-out documents")
	tasks, err := s.makeQuestions(ctx)
	if err != nil {
		return fmt.Errorf("questions: %w", err)
	}
	if len(tasks) == 0 {
		s.skip("questions", "there is nothing to ask")
		return nil
	}
	m, err := polymath.Open(s.modelDir())
	if err != nil {
		return err
	}
	defer m.Close()
	subject := eval.Local(m, eval.LocalOptions{Name: s.modelDir(), Card: s.state.reportCard(s.spent())})
	settings := eval.Settings{Seed: questionSeed, Shots: -1, Limit: mostQuestions}
	if s.state.Answers == nil {
		all, err := load(tasks, settings)
		if err != nil {
			return err
		}
		if err := s.planQuestions(ctx, subject, all, &settings); err != nil || s.state.Answers == nil {
			return err
		}
	}
	settings.Limit = s.state.Answers.Each
	sheets, err := load(tasks, settings)
	if err != nil {
		return err
	}
	// A held-out document may repeat what others say.
	check := func(f *eval.Finished) error {
		return contamination.Check(ctx, f, sheets, contamination.Options{Model: s.modelDir()})
	}
	f, err := s.sit(ctx, subject, sheets, settings, answersDir, check)
	if err != nil {
		return err
	}
	return s.report(f)
}

// planQuestions tries some of the questions, and decides how many there is time for.
func (s *session) planQuestions(ctx context.Context, subject eval.Subject, all []eval.Sheet, settings *eval.Settings) error {
	costs, err := eval.Estimate(ctx, subject, all, settings)
	if err != nil {
		return fmt.Errorf("questions: %w", err)
	}
	one := 0.0 // of each task
	for _, c := range costs {
		one += c.Took.Seconds() / float64(c.Items)
	}
	left := s.left().Seconds()
	each := questionsIn(left, s.grace(), one)
	if each == 0 {
		s.skip("questions", fmt.Sprintf("%d of each kind take %.0f s and %.0f are left", leastQuestions, one*leastQuestions, max(left, 0)))
		return nil
	}
	s.state.Answers = &Answers{Each: each}
	return s.save()
}

// questionsIn is how many questions of each kind are asked in the seconds that are left,
// where one of each takes so many. The fewest are asked however late it is, unless they
// take longer than the grace.
func questionsIn(left, grace, one float64) int {
	left = max(left, 0)
	if one*leastQuestions > left+grace {
		return 0
	}
	return int(min(max(left/max(one, 1e-9), leastQuestions), mostQuestions))
}

// sit has the questions answered. What was answered before an interruption is kept in
// the journal of the run, in dir below examDir.
func (s *session) sit(ctx context.Context, subject eval.Subject, sheets []eval.Sheet, settings eval.Settings, dir string, finish func(*eval.Finished) error) (*eval.Finished, error) {
	done, total := 0, 0
	var shown time.Time
	show := func(more int) {
		done += more
		if done == total || time.Since(shown) > showEvery {
			shown = time.Now()
			s.Screen.Show(fmt.Sprintf("  questions    %s %d of %d", progress.Bar(float64(done)/float64(max(total, 1)), 30), done, total))
		}
	}
	defer s.Screen.Clear()
	return eval.Run(ctx, subject, sheets, eval.Options{
		Version: s.Version, Suite: "quick start", Settings: settings, Dir: s.path(examDir, dir),
		Grader: func(t *task.Task) (task.Grader, error) { return grade.New(t, grade.Options{}) },
		Begin: func(tasks []eval.Progress) {
			for _, t := range tasks {
				done, total = done+t.Done, total+t.Total
			}
			show(0)
		},
		Progress: func(eval.Progress) { show(1) },
		Finish:   finish,
	})
}

// showEvery is the time between two displays.
const showEvery = 100 * time.Millisecond

// report writes the pages and notes the scores.
func (s *session) report(f *eval.Finished) error {
	if err := report.Write(s.path(reportName), &report.Data{Run: f}); err != nil {
		return err
	}
	for i := range f.Result.Tasks {
		t := &f.Result.Tasks[i]
		if t.Skipped != "" {
			s.skip(t.Task, t.Skipped)
			continue
		}
		s.state.Answers.Asked += t.NumItems
		if t.Contamination != nil {
			s.state.Answers.Seen += t.Contamination.Dirty
		}
		s.state.Answers.Scores = append(s.state.Answers.Scores, Score{Title: t.Title, Accuracy: t.Headline.Estimate, Chance: t.Chance})
	}
	if s.state.Answers.Scores == nil {
		s.skip("questions", "none could be put to the model")
	}
	return nil
}
