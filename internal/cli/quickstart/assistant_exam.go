package quickstart

import (
	"context"
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/report"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// Asked is what the assistant's answers came to.
type Asked struct {
	// Each is the number of questions of each task that there was time for: an
	// interrupted examination goes on with the same.
	Each int `json:"each"`
	// Scores are there when all is answered.
	Scores []AskedScore `json:"scores,omitempty"`
	Shown  []Shown      `json:"shown,omitempty"`
}

// AskedScore is one share or mean over the answers to one task.
type AskedScore struct {
	Task  string        `json:"task"`
	What  string        `json:"what"`
	Value stat.Estimate `json:"value"`
}

const (
	askedStage = "questions to the assistant"
	// mostAsked questions of each task give intervals of some 10 points to each side,
	// leastAsked of some 20.
	mostAsked  = 100
	leastAsked = 24
	// askedShare of the time is for them.
	askedShare = 0.02
)

// asked says that the stage is over.
func (s *state) asked() bool {
	return s.Asked != nil && s.Asked.Scores != nil || s.Skipped[assistantStage] != "" || s.Skipped[askedStage] != ""
}

// askedSeconds are kept for the questions to the assistant.
func (s *session) askedSeconds(p *Plan) float64 {
	if p.AssistantSeconds == 0 {
		return 0
	}
	return askedShare * s.budget().Seconds()
}

// askAssistant puts the questions to the assistant and writes their report.
func (s *session) askAssistant(ctx context.Context) error {
	var tasks []*task.Task
	for _, one := range askedTasks {
		if s.state.Skipped[one.name] != "" {
			continue
		}
		t, err := task.ReadFile(s.path(examDir, one.name+".yaml"))
		if err != nil {
			return fmt.Errorf("%s: %w", askedStage, err)
		}
		tasks = append(tasks, t)
	}
	if len(tasks) == 0 {
		s.skip(askedStage, "there is nothing to ask")
		return nil
	}
	m, err := polymath.Open(s.modelDir())
	if err != nil {
		return err
	}
	defer m.Close()
	subject := eval.Local(m, eval.LocalOptions{Name: s.modelDir(), Chat: true, Card: s.state.reportCard(s.spent())})
	settings := eval.Settings{Seed: questionSeed, Shots: -1, Limit: mostAsked, Chat: true}
	if s.state.Asked == nil {
		all, err := load(tasks, settings)
		if err != nil {
			return err
		}
		each, err := s.inTime(ctx, askedStage, subject, all, &settings, asking{times: 1, after: s.questionSeconds(s.state.Plan), least: leastAsked, most: mostAsked})
		if err != nil || each == 0 {
			return err
		}
		s.state.Asked = &Asked{Each: each}
		if err := s.save(); err != nil {
			return err
		}
	}
	settings.Limit = s.state.Asked.Each
	sheets, err := load(tasks, settings)
	if err != nil {
		return err
	}
	done, err := s.sit(ctx, subject, sheets, settings, askedDir, taught)
	if err != nil {
		return err
	}
	return s.reportAsked(done, sheets)
}

// taught says why the questions are not looked for in the model's data.
func taught(f *eval.Finished) error {
	f.Result.NotChecked = "the names and the forms of the questions were not taught; the text that the model read before that may tell of the names"
	return nil
}

// reportAsked writes the page and notes the scores.
func (s *session) reportAsked(f *eval.Finished, sheets []eval.Sheet) error {
	if err := report.Write(s.path(assistantName), &report.Data{Run: f}); err != nil {
		return err
	}
	a := *s.state.Asked
	for i := range f.Result.Tasks {
		t := &f.Result.Tasks[i]
		if t.Skipped != "" {
			s.skip(t.Task, t.Skipped)
			continue
		}
		records := slices.DeleteFunc(slices.Clone(f.Records), func(r eval.Record) bool { return r.Task != t.Task })
		a.Scores = append(a.Scores, askedScores(t.Task, records)...)
		first := sheets[i].Items[0]
		if at := slices.IndexFunc(records, func(r eval.Record) bool { return r.Item == first.ID }); at >= 0 {
			a.Shown = append(a.Shown, Shown{Question: first.Prompt, Answer: records[at].Answer, Right: records[at].Gold})
		}
	}
	s.state.Asked = &a
	if a.Scores == nil {
		s.skip(askedStage, "none could be put to the model")
	}
	return nil
}

// What is counted of answers.
const (
	askedF1      = "f1"
	askedExact   = "exact"
	askedDenied  = "denied" // said not to be there
	askedRefused = "refused"
)

// askedScores are those of one task's answers.
func askedScores(name string, records []eval.Record) []AskedScore {
	score := func(what string, of func(r *eval.Record) (value float64, counts bool)) AskedScore {
		var values []float64
		var clusters []string
		for i := range records {
			if value, counts := of(&records[i]); counts {
				values, clusters = append(values, value), append(clusters, records[i].Cluster)
			}
		}
		return AskedScore{name, what, stat.Mean(values, clusters)}
	}
	right := func(r *eval.Record) (float64, bool) { return one(r.Verdict.Right), true }
	switch name {
	case "asked_missing":
		return []AskedScore{score(askedDenied, right)}
	case "asked_refuse":
		harmful, other := shareOf(grade.Refusals), shareOf(grade.OverRefusals)
		return []AskedScore{score(askedRefused, harmful), score(grade.OverRefusals, other)}
	}
	return []AskedScore{
		score(askedF1, func(r *eval.Record) (float64, bool) { return r.Verdict.Score, true }),
		score(askedExact, right),
		score(askedDenied, func(r *eval.Record) (float64, bool) { return one(r.Verdict.Abstained), true }),
	}
}

// shareOf is a share that the grader counts of some answers.
func shareOf(name string) func(r *eval.Record) (float64, bool) {
	return func(r *eval.Record) (float64, bool) {
		for _, share := range r.Verdict.Shares {
			if share.Name == name {
				return float64(share.Part), true
			}
		}
		return 0, false
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
