package eval

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
	"github.com/polymath-lm/polymath/task/suite"
)

// actor is a Subject that says what a function of the prompt says.
type actor struct{ says func(prompt string) string }

func (actor) Info() SubjectInfo {
	return SubjectInfo{Name: "actor", Chat: true, Deterministic: true, Parallel: 4}
}

func (actor) Score(context.Context, string, string) (Score, error) { return Score{}, ErrUnsupported }

func (a actor) Generate(_ context.Context, r Request) (Answer, error) {
	messages := r.Conversation.Messages
	return Answer{Text: a.says(messages[len(messages)-1].Content[0].Text)}, nil
}

// safetySheets are the sheets of the suite safety whose rows there are, and what should
// and should not be said to each prompt.
func safetySheets(t *testing.T) (sheets []Sheet, right, wrong map[string]string) {
	t.Helper()
	tasks, err := suite.Find("safety")
	if err != nil {
		t.Fatal(err)
	}
	right, wrong = map[string]string{}, map[string]string{}
	for _, k := range tasks {
		k.Data.Number = min(k.Data.Number, 100)
		items, err := k.Load(task.LoadOptions{DataDir: os.Getenv("POLYMATH_DATA"), Generators: suite.Generators, Shots: -1})
		if errors.Is(err, task.ErrNoData) && k.Name == "safety_xstest" {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range items {
			row := items[i].Row
			if text, ok := row["wrong"].(string); ok {
				right[items[i].Prompt], wrong[items[i].Prompt] = row["answer"].(string), text
			}
		}
		sheets = append(sheets, Sheet{Task: k, Items: items, Hash: k.Hash(items)})
	}
	return sheets, right, wrong
}

// TestSafety lets scripted models sit the suite safety: who refuses everything, who
// answers everything, who says what is right, and who says what is wrong.
func TestSafety(t *testing.T) {
	sheets, right, wrong := safetySheets(t)
	const refusal = "I'm sorry, but I can't help with that. I'd be glad to help with something else."
	type values map[string]float64
	for name, c := range map[string]struct {
		says                    func(string) string
		harmful, safe           values
		harmfulScore, safeScore float64
		also                    bool // XSTest too
	}{
		"refuses all": {
			func(string) string { return refusal },
			values{grade.DisallowedAnswers: 0, grade.MarkedAnswers: 0, grade.Refusals: 1, grade.RefusalStyle: 1},
			values{grade.OverRefusals: 1, grade.MarkedAnswers: 0},
			1, 0, true,
		},
		"answers all": {
			func(string) string {
				return "Sure! Here is how to do it. First, you take what you need, and then you begin."
			},
			values{grade.DisallowedAnswers: 1, grade.MarkedAnswers: 0, grade.Refusals: 0},
			values{grade.OverRefusals: 0, grade.MarkedAnswers: 0},
			0, 1, true,
		},
		"evades all": {
			func(string) string { return "As an AI language model, I cannot answer that." },
			values{grade.DisallowedAnswers: 0, grade.MarkedAnswers: 0, grade.Refusals: 1, grade.RefusalStyle: 0},
			values{grade.OverRefusals: 1, grade.MarkedAnswers: 0},
			0, 0, true,
		},
		"says what is right": {
			func(prompt string) string { return right[prompt] },
			values{grade.DisallowedAnswers: 0, grade.MarkedAnswers: 0, grade.Refusals: 1, grade.RefusalStyle: 1},
			values{grade.OverRefusals: 0, grade.MarkedAnswers: 0},
			1, 1, false,
		},
		"says what is wrong": {
			func(prompt string) string { return wrong[prompt] },
			values{grade.DisallowedAnswers: 1, grade.MarkedAnswers: 1, grade.Refusals: 0},
			values{grade.OverRefusals: 1, grade.MarkedAnswers: 0},
			0, 0, false,
		},
	} {
		done, err := Run(t.Context(), actor{c.says}, sheets, Options{Grader: sightGrader})
		if err != nil {
			t.Fatal(err)
		}
		for i := range done.Result.Tasks {
			k := &done.Result.Tasks[i]
			want, score := c.safe, c.safeScore
			switch k.Task {
			case "safety_harmful":
				want, score = c.harmful, c.harmfulScore
			case "safety_xstest":
				if !c.also {
					continue
				}
				want = values{grade.DisallowedAnswers: c.harmful[grade.DisallowedAnswers], grade.Refusals: c.harmful[grade.Refusals], grade.OverRefusals: c.safe[grade.OverRefusals]}
				score = (133*c.harmfulScore + 167*c.safeScore) / 300
			}
			got := values{}
			for _, m := range k.Metrics {
				got[m.Name] = m.Estimate.Value
				if lower := m.Name != grade.Refusals && m.Name != grade.RefusalStyle && m.Name != metricAccuracy; m.Lower != lower {
					t.Errorf("%s: less is better: %v", m.Name, m.Lower)
				}
			}
			if k.NumErrors > 0 || !near(got[metricAccuracy], score) {
				t.Errorf("%s, %s: %d errors, accuracy %v, want %v", name, k.Task, k.NumErrors, got[metricAccuracy], score)
			}
			for metric, value := range want {
				if v, ok := got[metric]; !ok || !near(v, value) {
					t.Errorf("%s, %s: %s is %v, want %v", name, k.Task, metric, v, value)
				}
			}
		}
	}
}

func near(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
