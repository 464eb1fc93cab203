package quickstart

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/report"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// Drawn is what the model's answers about pictures that were held out came to.
type Drawn struct {
	// Each is the number of questions of each task that there was time for: an
	// interrupted examination goes on with the same.
	Each int `json:"each"`
	// Scores are there when all is answered.
	Scores []DrawnScore `json:"scores,omitempty"`
	Shown  []Shown      `json:"shown,omitempty"`
}

// DrawnScore is what came of one task, with the pictures and without.
type DrawnScore struct {
	Task   string        `json:"task"`
	Number int           `json:"number"`
	Seen   stat.Estimate `json:"seen"`
	Blind  stat.Estimate `json:"withheld"`
}

// Shown is the first question of a task.
type Shown struct {
	File     string `json:"file,omitempty"` // of the picture, below Dir
	Question string `json:"question"`
	Answer   string `json:"answer"` // the model's
	Right    string `json:"right"`
}

// The tasks, their files in examDir.
const (
	lineTask  = "drawn_line"
	sceneTask = "drawn_scene"
)

const (
	drawnStage = "drawn pictures"
	// mostDrawn questions of each task give intervals of some 7 points to each side,
	// leastDrawn of some 14.
	mostDrawn  = 200
	leastDrawn = 50
	// drawnShare of the time is for them.
	drawnShare = 0.03
)

// read says that the stage is over.
func (s *state) read() bool {
	return s.Drawn != nil && s.Drawn.Scores != nil || s.Skipped[sightStage] != "" || s.Skipped[drawnStage] != ""
}

// drawnSeconds are kept for the questions about pictures.
func (s *session) drawnSeconds(p *Plan) float64 {
	if p.SightSeconds == 0 {
		return 0
	}
	return drawnShare * s.budget().Seconds()
}

// askDrawn puts the questions about pictures to the model, with the pictures and
// without them, and writes their report.
func (s *session) askDrawn(ctx context.Context) error {
	var tasks []*task.Task
	for _, name := range []string{lineTask, sceneTask} {
		if s.state.Skipped[name] != "" {
			continue
		}
		t, err := task.ReadFile(s.path(examDir, name+".yaml"))
		if err != nil {
			return fmt.Errorf("%s: %w", drawnStage, err)
		}
		tasks = append(tasks, t)
	}
	m, err := polymath.Open(s.modelDir())
	if err != nil {
		return err
	}
	defer m.Close()
	subject := eval.Local(m, eval.LocalOptions{Name: s.modelDir(), Chat: true, Card: s.state.reportCard(s.spent())})
	settings := eval.Settings{Seed: questionSeed, Shots: -1, Limit: mostDrawn, Chat: true}
	if s.state.Drawn == nil {
		all, err := load(tasks, settings)
		if err != nil {
			return err
		}
		p := s.state.Plan
		each, err := s.inTime(ctx, drawnStage, subject, all, &settings,
			asking{times: 2, after: s.questionSeconds(p) + s.askedSeconds(p), least: leastDrawn, most: mostDrawn})
		if err != nil || each == 0 {
			return err
		}
		s.state.Drawn = &Drawn{Each: each}
		if err := s.save(); err != nil {
			return err
		}
	}
	settings.Limit = s.state.Drawn.Each
	sheets, err := load(tasks, settings)
	if err != nil {
		return err
	}
	seen, err := s.sit(ctx, subject, sheets, settings, seenDir, held)
	if err != nil {
		return err
	}
	settings.Blind = true
	blind, err := s.sit(ctx, subject, sheets, settings, blindDir, held)
	if err != nil {
		return err
	}
	return s.reportDrawn(seen, blind, sheets)
}

// held says why the questions are not looked for in the model's data.
func held(f *eval.Finished) error {
	f.Result.NotChecked = "the pictures were held out, and the same questions are asked of many"
	return nil
}

// asking says how many questions of each task there should be, each put so many times,
// and how many seconds are kept for what follows.
type asking struct {
	times, after float64
	least, most  int
}

// inTime tries some of the questions, and decides how many of each task there is time
// for: 0 if there is none, and then the stage is skipped.
func (s *session) inTime(ctx context.Context, stage string, subject eval.Subject, all []eval.Sheet, settings *eval.Settings, a asking) (int, error) {
	costs, err := eval.Estimate(ctx, subject, all, settings)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", stage, err)
	}
	one := 0.0 // of each task
	for _, c := range costs {
		one += a.times * c.Took.Seconds() / float64(c.Items)
	}
	left := max(s.left().Seconds()-a.after, 0)
	each := min(int(left/max(one, 1e-9)), a.most)
	if each < a.least {
		if least := one * float64(a.least); least > left+s.grace() {
			s.skip(stage, fmt.Sprintf("%d of each kind take %.0f s and %.0f are left", a.least, least, left))
			return 0, nil
		}
		each = a.least
	}
	return each, nil
}

// reportDrawn writes the pages and notes the scores.
func (s *session) reportDrawn(seen, blind *eval.Finished, sheets []eval.Sheet) error {
	c, err := eval.Compare(blind, seen)
	if err != nil {
		return fmt.Errorf("%s: %w", drawnStage, err)
	}
	if err := report.Write(s.path(sightName), &report.Data{Run: blind, Other: seen, Comparison: c}); err != nil {
		return err
	}
	d := *s.state.Drawn
	for i := range seen.Result.Tasks {
		t := &seen.Result.Tasks[i]
		if t.Skipped != "" {
			s.skip(t.Task, t.Skipped)
			continue
		}
		d.Scores = append(d.Scores, DrawnScore{t.Task, t.NumItems, drawnScore(t), drawnScore(&blind.Result.Tasks[i])})
		shown, err := s.show(seen, &sheets[i])
		if err != nil {
			return err
		}
		d.Shown = append(d.Shown, *shown)
	}
	s.state.Drawn = &d
	if d.Scores == nil {
		s.skip(drawnStage, "none could be put to the model")
	}
	return nil
}

// drawnScore is the share of wrong characters of lines, that of right answers of
// others.
func drawnScore(t *eval.TaskResult) stat.Estimate {
	for _, m := range t.Metrics {
		if t.Task == lineTask && m.Name == grade.CharacterErrors {
			return m.Estimate
		}
	}
	return t.Headline.Estimate
}

// show writes the picture of the first question of a task to a file.
func (s *session) show(f *eval.Finished, sheet *eval.Sheet) (*Shown, error) {
	item := sheet.Items[0]
	at := slices.IndexFunc(f.Records, func(r eval.Record) bool { return r.Task == sheet.Task.Name && r.Item == item.ID })
	if at < 0 || len(item.Images) == 0 {
		return nil, errors.New("drawn pictures: the first question has no answer")
	}
	_, data, _ := strings.Cut(item.Images[0], ",")
	picture, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil, fmt.Errorf("drawn pictures: %w", err)
	}
	r := &f.Records[at]
	shown := &Shown{File: examDir + "/" + sheet.Task.Name + ".png", Question: item.Prompt, Answer: r.Answer, Right: r.Gold}
	_, err = atomicfile.WriteBytes(s.path(examDir, sheet.Task.Name+".png"), picture)
	return shown, err
}
