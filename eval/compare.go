package eval

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/task"
)

// Compare pairs the answers of two runs to the same items: differences are B less A. A
// task that the runs have with other items or settings is not compared, and its line
// says what differs; if there is none to compare, that is an error.
func Compare(a, b *Finished) (*Comparison, error) {
	c := &Comparison{A: a.Result.Name(), B: b.Result.Name()}
	ofA, ofB := recordsOf(a), recordsOf(b)
	theirs := map[string]*TaskResult{}
	for i := range b.Result.Tasks {
		theirs[b.Result.Tasks[i].Task] = &b.Result.Tasks[i]
	}
	var ps []float64
	var compared []int
	for i := range a.Result.Tasks {
		t := &a.Result.Tasks[i]
		line := TaskComparison{Task: t.Task, Title: t.Title, Metric: t.ownName()}
		line.Skipped = whyNot(t, theirs[t.Task], &a.Result.Settings, &b.Result.Settings)
		if line.Skipped == "" {
			line.pair(t, ofA[t.Task], ofB[t.Task], foundIn(t, theirs[t.Task]))
		}
		if line.Skipped == "" {
			compared, ps = append(compared, len(c.Tasks)), append(ps, line.P)
		}
		c.Tasks = append(c.Tasks, line)
	}
	if len(compared) == 0 {
		return nil, incomparable(c)
	}
	for i, p := range stat.Holm(ps) {
		c.Tasks[compared[i]].Holm = p
	}
	return c, nil
}

func recordsOf(f *Finished) map[string][]answers {
	byTask := map[string][]answers{}
	for _, samples := range answersOf(f.Records) {
		byTask[samples[0].Task] = append(byTask[samples[0].Task], samples)
	}
	return byTask
}

// incomparable says why no task can be compared.
func incomparable(c *Comparison) error {
	if len(c.Tasks) == 0 {
		return errors.New("the run has no tasks to compare")
	}
	var lines []string
	for _, t := range c.Tasks {
		lines = append(lines, fmt.Sprintf("  %s: %s", t.Task, t.Skipped))
	}
	return fmt.Errorf("the two runs have no task in common that can be compared:\n%s", strings.Join(lines, "\n"))
}

// whyNot says why a task cannot be compared; empty if it can.
func whyNot(a, b *TaskResult, settingsA, settingsB *Settings) string {
	switch {
	case b == nil:
		return "the other run does not have it"
	case a.Skipped != "":
		return "it was not run: " + a.Skipped
	case b.Skipped != "":
		return "the other run has not run it: " + b.Skipped
	case a.TaskHash == b.TaskHash && a.Samples == b.Samples:
		return otherJudge(a, settingsA.Judge, settingsB.Judge)
	}
	var list []string
	say := func(what string, was, is any) {
		if was != is {
			list = append(list, fmt.Sprintf("%s: %v and %v", what, was, is))
		}
	}
	say("limit", settingsA.Limit, settingsB.Limit)
	say("shots", settingsA.Shots, settingsB.Shots)
	say("seed", settingsA.Seed, settingsB.Seed)
	say("samples", a.Samples, b.Samples)
	say("items", a.NumItems, b.NumItems)
	if len(list) == 0 || a.TaskHash != b.TaskHash && len(list) == 1 && a.Samples != b.Samples {
		list = append(list, fmt.Sprintf("the task's file or data: %.12s and %.12s", a.TaskHash, b.TaskHash))
	}
	return "the runs differ in " + strings.Join(list, ", ")
}

// otherJudge says that verdicts of a rubric are not those of the same judge.
func otherJudge(t *TaskResult, a, b string) string {
	if t.Grader != "rubric" || a == b {
		return ""
	}
	return fmt.Sprintf("the runs differ in judge: %s and %s", cmp.Or(a, "none"), cmp.Or(b, "none"))
}

// foundIn are the items that were found in the data of either model.
func foundIn(a, b *TaskResult) map[string]bool {
	found := map[string]bool{}
	for _, t := range []*TaskResult{a, b} {
		if t.Contamination != nil {
			for _, id := range t.Contamination.DirtyItems {
				found[id] = true
			}
		}
	}
	return found
}

// pair fills in the comparison of one task, without the items that were found.
func (c *TaskComparison) pair(t *TaskResult, a, b []answers, found map[string]bool) {
	byItem := map[string]answers{}
	for _, samples := range b {
		byItem[samples[0].Item] = samples
	}
	var both [2][]answers
	for _, samples := range a {
		other, ok := byItem[samples[0].Item]
		switch {
		case !ok:
		case found[samples[0].Item]:
			c.Found++
		case samples[0].Unfit != nil || other[0].Unfit != nil:
			c.Unfit++
		default:
			both[0], both[1] = append(both[0], samples), append(both[1], other)
		}
	}
	if c.N = len(both[0]); c.N == 0 && c.Found > 0 {
		c.Skipped = "all items were found in the data of a model"
		return
	}
	if c.N == 0 && c.Unfit > 0 {
		c.Skipped = "no item fits the windows of both models"
		return
	}
	if c.N == 0 {
		c.Skipped = "the runs have no item in common"
		return
	}
	c.Same = reflect.DeepEqual(both[0], both[1])
	if t.Method == task.MethodText {
		c.pairTexts(both)
		return
	}
	of := clusters(both[0])
	value := func(r *Record) float64 { return Value(t, r) }
	valuesA, valuesB := each(both[0], value), each(both[1], value)
	c.A, c.B = stat.Mean(valuesA, of), stat.Mean(valuesB, of)
	c.fill(stat.Paired(valuesA, valuesB, of))
	c.Calibration = calibrationChange(t.Method, both)
	c.Honesty = honestyChange(both)
	c.Lengths = compareLengths(both, value)
	for i := range both[0] {
		c.count(right(&both[0][i][0]) == 1, right(&both[1][i][0]) == 1)
	}
}

// pairTexts compares bits per byte over texts that both have.
func (c *TaskComparison) pairTexts(both [2][]answers) {
	c.Lower = true
	var bits, bytes [2][]float64
	var of []answers
	measured := false
	for i := range both[0] {
		a, b := &both[0][i][0], &both[1][i][0]
		if a.Error != "" || b.Error != "" {
			continue
		}
		measured = true
		ofA, size := inCommon(a, b)
		ofB, same := inCommon(b, a)
		if size == 0 || size != same {
			continue
		}
		of = append(of, both[0][i])
		for k, logprob := range []float64{ofA, ofB} {
			bits[k] = append(bits[k], -logprob/math.Ln2)
			bytes[k] = append(bytes[k], float64(size))
		}
	}
	switch c.N = len(of); {
	case c.N == 0 && measured:
		c.Skipped = "by position the runs measured other bytes: other tokenizers, or a window that ends in the first stretch"
		return
	case c.N == 0:
		c.Skipped = "the runs have no text in common that both could measure"
		return
	}
	names := clusters(of)
	c.A, c.B = stat.Ratio(bits[0], bytes[0], names), stat.Ratio(bits[1], bytes[1], names)
	c.fill(stat.PairedRatio(bits[0], bytes[0], bits[1], bytes[1], names))
	relative := stat.Bootstrap(len(of), names, func(weights []float64) float64 {
		var sums, sizes [2]float64
		for k := range bits {
			for i, w := range weights {
				sums[k] += w * bits[k][i]
				sizes[k] += w * bytes[k][i]
			}
		}
		return sums[1]/sizes[1]/(sums[0]/sizes[0]) - 1
	})
	c.Relative = &relative
}

func (c *TaskComparison) fill(d stat.Difference) {
	c.Difference, c.P, c.Test, c.Detectable = d.Estimate, d.P, d.Test, d.Detectable
}

func (c *TaskComparison) count(a, b bool) {
	switch {
	case a && b:
		c.BothRight++
	case a:
		c.OnlyA++
	case b:
		c.OnlyB++
	default:
		c.BothWrong++
	}
}

// calibrationChange compares the calibration of the first answers to the items of
// which both runs have a confidence.
func calibrationChange(m task.Method, both [2][]answers) *stat.CalibrationChange {
	if m == task.MethodText || m == task.MethodCloze {
		return nil
	}
	var confidence, outcome [2][]float64
	var some []answers
	for i := range both[0] {
		a, b := &both[0][i][0], &both[1][i][0]
		sureA, okA := confidenceOf(a)
		sureB, okB := confidenceOf(b)
		if !okA || !okB {
			continue
		}
		some = append(some, both[0][i])
		confidence[0], confidence[1] = append(confidence[0], sureA), append(confidence[1], sureB)
		outcome[0], outcome[1] = append(outcome[0], right(a)), append(outcome[1], right(b))
	}
	if len(some) == 0 {
		return nil
	}
	change := stat.CompareCalibration(confidence[0], outcome[0], confidence[1], outcome[1], clusters(some))
	return &change
}
