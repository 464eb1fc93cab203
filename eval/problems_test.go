package eval

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
	"github.com/polymath-lm/polymath/task/problem"
	"github.com/polymath-lm/polymath/task/suite"
)

func problemSheets(t *testing.T, name string, limit int) []Sheet {
	t.Helper()
	tasks, err := suite.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	var sheets []Sheet
	for _, k := range tasks {
		items, err := k.Load(task.LoadOptions{Generators: suite.Generators, Shots: -1, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		sheets = append(sheets, Sheet{Task: k, Items: items, Hash: k.Hash(items)})
	}
	return sheets
}

func gradersOfTasks(k *task.Task) (task.Grader, error) { return grade.New(k, grade.Options{}) }

// TestProblemsAreGraded: of problems of each kind their own solutions are right, and
// those of others only if the answer is the same. Each task asks what training does not
// see, the one to train on what it does, both with the system message of Write.
func TestProblemsAreGraded(t *testing.T) {
	for _, s := range problemSheets(t, "problems,problems_train", 300) {
		split := string(problem.Test)
		if s.Task.Name == "problems_train" {
			split = string(problem.Train)
		}
		g, err := gradersOfTasks(s.Task)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Items {
			item, other := &s.Items[i], &s.Items[(i+1)%len(s.Items)]
			if item.Row["split"] != split || item.System != problem.System {
				t.Fatalf("%s: %+v", s.Task.Name, item)
			}
			for _, solution := range []*task.Item{item, other} {
				v, err := g.Grade(t.Context(), item, solution.Row["solution"].(string))
				if err != nil || v.Right != (solution.Answers[0] == item.Answers[0]) {
					t.Errorf("%s: %q of %q is judged %+v, %v", s.Task.Name, solution.Row["solution"], item.Prompt, v, err)
				}
			}
			for _, spelling := range item.Answers[1:] {
				if v, err := g.Grade(t.Context(), item, "Answer: "+spelling); err != nil || !v.Right {
					t.Errorf("%s: %q for %q is judged %+v, %v", s.Task.Name, spelling, item.Answers[0], v, err)
				}
			}
		}
	}
}

// solver answers from the rows: of each four samples of an item with an even number
// three are right, of each four of the others one, and the wrong ones agree.
type solver struct {
	mu           sync.Mutex
	solutions    map[string]string
	even         map[string]bool
	asked        map[string]int
	temperatures []float64
}

func (s *solver) Info() SubjectInfo { return SubjectInfo{Name: "solver"} }

func (s *solver) Score(context.Context, string, string) (Score, error) {
	return Score{}, ErrUnsupported
}

func (s *solver) Generate(_ context.Context, r Request) (Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.temperatures = append(s.temperatures, r.Temperature)
	s.asked[r.Prompt]++
	if right := s.asked[r.Prompt]%4 == 0; right != s.even[r.Prompt] {
		return Answer{Text: s.solutions[r.Prompt]}, nil
	}
	return Answer{Text: "3 + 4 = 8\nAnswer: none of them, 1000"}, nil
}

// TestSeveralSamples: of four samples the score is their mean, and beside it are the
// vote and the best of four. Where the task names no temperature they are drawn at 1,
// and one sample is not.
func TestSeveralSamples(t *testing.T) {
	sheets := problemSheets(t, "problems", 20)
	for _, samples := range []int{0, 4} {
		s := &solver{solutions: map[string]string{}, even: map[string]bool{}, asked: map[string]int{}}
		for _, sheet := range sheets {
			for i := range sheet.Items {
				text := sheet.Items[i].Text()
				s.solutions[text], s.even[text] = sheet.Items[i].Row["solution"].(string), i%2 == 0
			}
		}
		f, err := Run(t.Context(), s, sheets, Options{Grader: gradersOfTasks, Settings: Settings{Samples: samples}})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]float64{"accuracy": 0.5, "pass@2": 0.75, "pass@4": 1, "majority vote": 0.5}
		temperature := 1.0
		if samples == 0 {
			want, temperature = map[string]float64{"accuracy": 0.5}, 0
		}
		if slices.Min(s.temperatures) != temperature || slices.Max(s.temperatures) != temperature {
			t.Errorf("%d samples are drawn at temperatures from %v to %v", samples, slices.Min(s.temperatures), slices.Max(s.temperatures))
		}
		for i := range f.Result.Tasks {
			k := &f.Result.Tasks[i]
			if len(k.Metrics) != len(want) {
				t.Errorf("%s: %+v", k.Task, k.Metrics)
			}
			for _, m := range k.Metrics {
				if math.Abs(m.Estimate.Value-want[m.Name]) > 1e-9 || m.Several != (m.Name == "pass@4" || m.Name == "majority vote") {
					t.Errorf("%s: %s is %v, want %v, of several: %v", k.Task, m.Name, m.Estimate.Value, want[m.Name], m.Several)
				}
			}
		}
	}
}
