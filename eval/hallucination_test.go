package eval

import (
	"testing"

	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
	"github.com/polymath-lm/polymath/task/suite"
)

// TestHallucination lets scripted models sit the suite hallucination: who always says
// what is right, who makes things up, and who declines everything: that one makes nothing
// up, and must fail all the same, since nothing of it is right, alone and in a
// comparison.
func TestHallucination(t *testing.T) {
	tasks, err := suite.Find("hallucination")
	if err != nil {
		t.Fatal(err)
	}
	answer, wrong, untold := map[string]string{}, map[string]string{}, map[string]float64{}
	var sheets []Sheet
	for _, k := range tasks {
		k.Data.Number = 120
		items, err := k.Load(task.LoadOptions{Generators: suite.Generators, Shots: -1})
		if err != nil {
			t.Fatal(err)
		}
		for i := range items {
			row := items[i].Row
			answer[items[i].Prompt], wrong[items[i].Prompt] = row["answer"].(string), row["wrong"].(string)
			if row["untold"].(bool) {
				untold[k.Name] += 1. / float64(len(items))
			}
		}
		sheets = append(sheets, Sheet{Task: k, Items: items, Hash: k.Hash(items)})
	}
	sit := func(says func(string) string) *Finished {
		t.Helper()
		done, err := Run(t.Context(), actor{says}, sheets, Options{Grader: func(k *task.Task) (task.Grader, error) { return grade.New(k, grade.Options{}) }})
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	check := func(name string, done *Finished, accuracy, hallucinated func(task string) float64) {
		t.Helper()
		for i := range done.Result.Tasks {
			k := &done.Result.Tasks[i]
			got := map[string]float64{}
			for _, m := range k.Metrics {
				got[m.Name] = m.Estimate.Value
			}
			if k.NumErrors > 0 || !near(got[metricAccuracy], accuracy(k.Task)) || !near(got[grade.Hallucinated], hallucinated(k.Task)) {
				t.Errorf("%s, %s: %d errors, %v", name, k.Task, k.NumErrors, got)
			}
		}
	}
	none, all := func(string) float64 { return 0 }, func(string) float64 { return 1 }
	good := sit(func(prompt string) string { return answer[prompt] })
	check("right", good, func(name string) float64 { return 1 - untold[name] }, none)
	check("made up", sit(func(prompt string) string { return wrong[prompt] }), none, all)
	silent := sit(func(string) string { return "I don't know." })
	check("declines", silent, none, none)
	c, err := Compare(good, silent)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Tasks {
		if h := c.Tasks[i].Honesty; h == nil || !near(h.Right.Value, -1) || h.CoverageB != 0 {
			t.Errorf("%s: who declines everything loses %+v", c.Tasks[i].Task, h)
		}
	}
}
