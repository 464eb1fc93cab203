package eval

import (
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/task"
)

// Names of metrics.
const (
	metricAccuracy = "accuracy"
	metricBits     = "bits per byte"
)

// Summarize fills in what the records say: of each task the numbers of items and
// errors, the metrics, sections and calibration; and what all took. The records are
// sorted by task, number and sample. It needs neither model nor data, so that it can be
// called again when verdicts have changed.
func Summarize(r *Result, records []Record) {
	r.PromptTokens, r.CompletionTokens = 0, 0
	byTask := map[string][]Record{}
	for i := range records {
		byTask[records[i].Task] = append(byTask[records[i].Task], records[i])
		r.PromptTokens += int64(records[i].PromptTokens)
		r.CompletionTokens += int64(records[i].CompletionTokens)
	}
	for i := range r.Tasks {
		if r.Tasks[i].Skipped == "" {
			r.Tasks[i].summarize(byTask[r.Tasks[i].Task])
		}
	}
}

func (t *TaskResult) summarize(records []Record) {
	all := answersOf(records)
	answers := fitting(all)
	t.NumItems, t.NumErrors, t.NumCut, t.NumUnfit = len(all), 0, 0, len(all)-len(answers)
	for i := range records {
		if records[i].Error != "" {
			t.NumErrors++
		}
		if records[i].Cut > 0 {
			t.NumCut++
		}
	}
	t.Metrics = t.metrics(answers)
	t.Sections = t.sections(answers)
	t.Lengths, t.Positions = t.byLength(all), positionsOf(answers)
	t.Calibration = calibration(t.Method, answers)
	t.Headline = Metric{}
	if len(t.Metrics) > 0 {
		t.Headline = t.Metrics[0]
	}
	t.weighContamination(answers)
}

// answers are all samples of one item.
type answers []Record

// answersOf gathers the records of each item; they are sorted. Items of two tasks may
// have one ID.
func answersOf(records []Record) []answers {
	var list []answers
	for i := range records {
		if i == 0 || records[i].Item != records[i-1].Item || records[i].Task != records[i-1].Task {
			list = append(list, nil)
		}
		last := &list[len(list)-1]
		*last = append(*last, records[i])
	}
	return list
}

// Value is the first metric of one record: 0 to 1, or the bits per byte of a text.
// An item without a verdict has 0.
func Value(t *TaskResult, r *Record) float64 { return valueOf(t.Method, t.Grader, r) }

func valueOf(m task.Method, grader string, r *Record) float64 {
	switch {
	case r.Error != "":
		return 0
	case m == task.MethodText:
		return -r.Logprob / math.Ln2 / float64(max(1, r.NumBytes))
	case scored(grader):
		return r.Verdict.Score
	}
	return right(r)
}

// scored reports whether the task's own score is the mean of what the grader gives, and
// not the share of right answers.
func scored(grader string) bool {
	return slices.Contains([]string{"f1", "rubric", "characters", "scene"}, grader)
}

func right(r *Record) float64 {
	if r.Verdict.Right && r.Error == "" {
		return 1
	}
	return 0
}

// each returns a value for each item: the mean over its samples.
func each(list []answers, value func(*Record) float64) []float64 {
	values := make([]float64, len(list))
	for i, samples := range list {
		for k := range samples {
			values[i] += value(&samples[k])
		}
		values[i] /= float64(len(samples))
	}
	return values
}

// clusters are what items share; nil where all are of one, over whose items the
// score is meant then.
func clusters(list []answers) []string {
	names := make([]string, len(list))
	for i, samples := range list {
		names[i] = samples[0].Cluster
	}
	for _, n := range names {
		if n != names[0] {
			return names
		}
	}
	return nil
}

func mean(name string, list []answers, value func(*Record) float64) Metric {
	return Metric{Name: name, Estimate: stat.Mean(each(list, value), clusters(list))}
}

// metrics are all scores of a task, its own first.
func (t *TaskResult) metrics(list []answers) []Metric {
	if t.Method == task.MethodText {
		return textMetrics(list)
	}
	if len(list) == 0 {
		return nil
	}
	metrics := []Metric{t.own(list)}
	switch t.Method {
	case task.MethodChoice, task.MethodPair:
		for _, n := range task.Norms {
			if _, known := list[0][0].Scores[n]; known && n != t.norm() {
				metrics = append(metrics, mean(normName(n), list, func(r *Record) float64 { return r.Scores[n] }))
			}
		}
	case task.MethodCloze:
		metrics = append(metrics, answerPerplexity(list)...)
	}
	metrics = append(metrics, shareMetrics(list)...)
	if scored(t.Grader) {
		metrics = append(metrics, mean(metricAccuracy, list, right))
	}
	if t.Grader == "set" {
		metrics = append(metrics, mean("f1", list, func(r *Record) float64 { return r.Verdict.Score }))
	}
	metrics = append(metrics, severalSamples(list)...)
	return append(metrics, abstention(list)...)
}

// own is the task's own score.
func (t *TaskResult) own(list []answers) Metric {
	return mean(t.ownName(), list, func(r *Record) float64 { return Value(t, r) })
}

func (t *TaskResult) ownName() string {
	switch {
	case t.Method == task.MethodText:
		return metricBits
	case t.Method == task.MethodChoice:
		return normName(t.norm())
	case t.Grader == "code":
		return "pass@1"
	case t.Grader == "f1":
		return "f1"
	case t.Grader == "rubric" || t.Grader == "scene":
		return "score"
	case t.Grader == "characters":
		return "characters right"
	}
	return metricAccuracy
}

func (t *TaskResult) norm() task.Norm {
	if t.Norm == "" {
		return task.NormNone
	}
	return t.Norm
}

func normName(n task.Norm) string {
	if n == task.NormNone {
		return metricAccuracy
	}
	return fmt.Sprintf("%s (%s)", metricAccuracy, n)
}

// sections have the task's own score for each section, in the order of the items.
func (t *TaskResult) sections(list []answers) []Metric {
	var names []string
	members := map[string][]answers{}
	for _, samples := range list {
		name := samples[0].Section
		if name == "" {
			continue
		}
		if members[name] == nil {
			names = append(names, name)
		}
		members[name] = append(members[name], samples)
	}
	var sections []Metric
	for _, name := range names {
		var own []Metric
		if t.Method == task.MethodText {
			own = textMetrics(members[name])
		} else {
			own = []Metric{t.own(members[name])}
		}
		if len(own) > 0 {
			own[0].Name = name
			sections = append(sections, own[0])
		}
	}
	return sections
}

// calibration compares confidence and outcome of the first samples; nil where the
// confidence is not known.
func calibration(m task.Method, list []answers) *stat.Calibration {
	var confidence, outcome []float64
	var some []answers
	for _, samples := range list {
		sure, ok := confidenceOf(&samples[0])
		if !ok {
			continue
		}
		some = append(some, samples)
		confidence = append(confidence, sure)
		outcome = append(outcome, right(&samples[0]))
	}
	if m == task.MethodText || m == task.MethodCloze || len(some) == 0 {
		return nil
	}
	c := stat.Calibrate(confidence, outcome, clusters(some))
	return &c
}

// confidenceOf is the confidence of an answer that has one and counts for calibration.
func confidenceOf(r *Record) (confidence float64, ok bool) {
	if r.Confidence == nil || r.Error != "" || r.Verdict.Abstained {
		return 0, false
	}
	return min(1, max(0, *r.Confidence)), true
}
