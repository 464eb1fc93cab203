package eval

import (
	"context"
	"math"
	"testing"

	"github.com/polymath-lm/polymath/task/constraint"
)

// parrot answers as it was told to.
type parrot map[string]string

func (p parrot) Info() SubjectInfo { return SubjectInfo{Name: "parrot"} }

func (p parrot) Score(context.Context, string, string) (Score, error) {
	return Score{}, ErrUnsupported
}

func (p parrot) Generate(_ context.Context, r Request) (Answer, error) {
	return Answer{Text: p[r.Prompt]}, nil
}

// TestInstructionsAreMeasured: of items of the suite the own answers meet all constraints,
// behind a first line of politeness fewer strictly and all loosely, and without an answer
// none are met; the test has what training has not.
func TestInstructionsAreMeasured(t *testing.T) {
	for _, s := range problemSheets(t, "instructions,instructions_train", 200) {
		split := constraint.Train
		if s.Task.Name == "instructions_test" {
			split = constraint.Test
		}
		own, polite := parrot{}, parrot{}
		for i := range s.Items {
			item := &s.Items[i]
			if item.Row["split"] != string(split) {
				t.Fatalf("%s: %+v", s.Task.Name, item.Row)
			}
			own[item.Text()] = item.Row["answer"].(string)
			polite[item.Text()] = "Of course, Here Is What You want:\n" + own[item.Text()]
		}
		names := []string{"accuracy", "prompts, loose", "instructions, strict", "instructions, loose"}
		for _, one := range []struct {
			parrot parrot
			least  []float64
			most   []float64
		}{
			{own, []float64{1, 1, 1, 1}, []float64{1, 1, 1, 1}},
			{parrot{}, []float64{0, 0, 0, 0}, []float64{0, 0, 0, 0}},
			{polite, []float64{0.1, 1, 0.3, 1}, []float64{0.7, 1, 0.9, 1}},
		} {
			f, err := Run(t.Context(), one.parrot, []Sheet{s}, Options{Grader: gradersOfTasks})
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]float64{}
			for _, m := range f.Result.Tasks[0].Metrics {
				got[m.Name] = m.Estimate.Value
			}
			for i, name := range names {
				if v, is := got[name]; !is || math.IsNaN(v) || v < one.least[i] || v > one.most[i] {
					t.Errorf("%s: %v, want %v to %v", s.Task.Name, got, one.least, one.most)
				}
			}
		}
	}
}
