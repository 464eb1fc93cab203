package eval

import (
	"time"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/task"
)

// Result is a finished examination: results.json, without the records.
type Result struct {
	Version string      `json:"version"` // of the program
	Subject SubjectInfo `json:"subject"`
	Suite   string      `json:"suite"`
	// Directory is where the relative paths in Suite begin.
	Directory string `json:"directory,omitempty"`
	// Settings that change answers: seed, shots, limit.
	Settings Settings     `json:"settings"`
	Tasks    []TaskResult `json:"tasks"`
	// Exams are examinations as people sit them, of tasks above.
	Exams []ExamResult `json:"exams,omitempty"`
	// Records is the SHA-256 of records.jsonl.
	Records string `json:"records"`
	// Journals is the number of the last start's journal that is summed up here: one that
	// is still there after a crash does not count again. 0 is none.
	Journals int `json:"journals,omitempty"`
	// Started, and the time that the model worked, all starts together.
	Started time.Time     `json:"started"`
	Took    time.Duration `json:"took_ns"`
	// What it took in tokens: read, of those from the cache, and written.
	PromptTokens     int64 `json:"prompt_tokens"`
	CachedTokens     int64 `json:"cached_tokens"`
	CompletionTokens int64 `json:"completion_tokens"`
	// Energy is that of the machine in that time; nil where nobody measured.
	Energy *EnergyUse `json:"energy,omitempty"`
	// Checked says whether items were looked for in the model's corpus; if not,
	// NotChecked says why.
	Checked    bool   `json:"contamination_checked"`
	NotChecked string `json:"not_checked,omitempty"`
}

// Name says who was examined, and that it was without images where it was.
func (r *Result) Name() string {
	if r.Settings.Blind {
		return r.Subject.Name + ", images withheld"
	}
	return r.Subject.Name
}

// Settings are those of a run that change what the answers are.
type Settings struct {
	Seed uint64 `json:"seed"`
	// Limit is the most items of a task, 0 for all: the same ones in every run.
	Limit int `json:"limit,omitempty"`
	// Shots is the number of solved examples in place of each task's own; -1 is that.
	Shots int `json:"shots"`
	// Samples in place of each task's own; 0 is that.
	Samples int  `json:"samples,omitempty"`
	Chat    bool `json:"chat"`
	// Judge names who judges by rubrics.
	Judge string `json:"judge,omitempty"`
	// Blind says that items are put without their images.
	Blind bool `json:"images_withheld,omitempty"`
	// Int8 says that keys and values are kept in 8 bits.
	Int8 bool `json:"int8_cache,omitempty"`
}

// TaskResult is what came of one task.
type TaskResult struct {
	Task    string      `json:"task"`
	Title   string      `json:"title"`
	License string      `json:"license"`
	Source  string      `json:"source"`
	Method  task.Method `json:"method"`
	// Norm is that of the task's own score, of MethodChoice; Grader is the
	// grader's name in the task's file, Samples how many answers each item has.
	Norm    task.Norm `json:"norm,omitempty"`
	Grader  string    `json:"grader,omitempty"`
	Samples int       `json:"samples,omitempty"`
	Chance  float64   `json:"chance"`
	// TaskHash identifies the task's file, data and settings: results of equal hashes compare.
	TaskHash string `json:"task_hash"`
	NumItems int    `json:"num_items"`
	// NumErrors is how many items have no verdict.
	NumErrors int `json:"num_errors"`
	// NumCut is how many prompts did not fit into the window whole.
	NumCut int `json:"num_cut"`
	// NumUnfit is how many items did not fit the window and were not put. No score
	// counts them.
	NumUnfit int `json:"num_unfit,omitempty"`
	// Headline is the score by which the task is known: the first metric, over
	// the clean items where that is lower (see Contamination).
	Headline Metric `json:"headline"`
	// Metrics are all scores; the first is the task's own.
	Metrics []Metric `json:"metrics"`
	// Sections have the first metric for each section.
	Sections []Metric `json:"sections,omitempty"`
	// Lengths are the scores by length and depth, the shortest first, of a task whose
	// items say how long they are.
	Lengths []LengthScore `json:"lengths,omitempty"`
	// Positions are the scores by position in the text, of a task that tells them apart.
	Positions   *Positions        `json:"positions,omitempty"`
	Calibration *stat.Calibration `json:"calibration,omitempty"`
	// Contamination is nil where it was not checked.
	Contamination *Contamination `json:"contamination,omitempty"`
	// Skipped says why the task was not run; the rest is empty then.
	Skipped string `json:"skipped,omitempty"`
}

// Metric is one score with its interval.
type Metric struct {
	Name     string        `json:"name"` // accuracy, accuracy (bytes), pass@1, f1, bits per byte
	Estimate stat.Estimate `json:"estimate"`
	// Lower says that less is better.
	Lower bool `json:"lower_is_better,omitempty"`
	// Share says that it is a share that the grader counts over all items, such as
	// that of stated facts that are true.
	Share bool `json:"share,omitempty"`
	// Several says that it is of all samples of an item together: the best of them by
	// the grader, or their vote.
	Several bool `json:"several,omitempty"`
}

// Contamination is what the model's corpus holds of a task's items. Items are of
// three kinds: dirty ones were found; those that are too short could not be looked
// for; the others are clean, as far as the rules go.
type Contamination struct {
	// Items is how many the task has, Checkable how many are long enough to look for.
	Items     int `json:"items"`
	Checkable int `json:"checkable"`
	// Dirty is how many were found; Rules how many by each rule.
	Dirty int            `json:"dirty"`
	Rules map[string]int `json:"rules"`
	// Documents is how many documents were looked through.
	Documents int64 `json:"documents"`
	// Full is the first metric over all items, Clean over the clean ones. Summarize
	// fills them in.
	Full  stat.Estimate `json:"full"`
	Clean stat.Estimate `json:"clean"`
	// Found are some of the items found, with the document.
	Found []Sighting `json:"found,omitempty"`
	// DirtyItems and ShortItems are the IDs of those found and of those too short,
	// sorted.
	DirtyItems []string `json:"dirty_items,omitempty"`
	ShortItems []string `json:"short_items,omitempty"`
}

// Sighting is an item in a document.
type Sighting struct {
	Item     string `json:"item"`
	Document string `json:"document"` // id
	Origin   string `json:"origin"`   // file and record
	Rule     string `json:"rule"`
}

// ExamResult is an examination as people sit it, with a scaled score where its
// real items were sat.
type ExamResult struct {
	Name     string        `json:"name"`
	Title    string        `json:"title"`
	Sections []ExamSection `json:"sections"`
	// Raw is the weighted share of points, 0 to 1.
	Raw stat.Estimate `json:"raw"`
	// Scaled and Percentile are nil where they are not available, and Why says why.
	// ScaledRange and Percentile are those of the ends of Raw's interval.
	Scaled      *float64    `json:"scaled,omitempty"`
	ScaledRange *[2]float64 `json:"scaled_range,omitempty"`
	Percentile  *[2]float64 `json:"percentile,omitempty"` // from, to; 0 to 100
	Why         string      `json:"why,omitempty"`
	Table       string      `json:"table,omitempty"` // the tables' names and sources
	// Benchmark says that it is a set of items that people do not sit.
	Benchmark bool `json:"benchmark,omitempty"`
	// Note says how our items differ from those that the published scores are of.
	Note string `json:"note,omitempty"`
	// Published are others' scores on this examination.
	Published []Published `json:"published,omitempty"`
}

// ExamSection is a part of an examination.
type ExamSection struct {
	Name string `json:"name"`
	Task string `json:"task"`
	// Section is the task's section, if it is not the whole task.
	Section  string        `json:"section,omitempty"`
	Weight   float64       `json:"weight"`
	Estimate stat.Estimate `json:"estimate"`
}

// Published is a score that a model's makers published.
type Published struct {
	Model string `json:"model"`
	// Score is as it was published, Share it in parts of the most that can be had.
	Score      string  `json:"score"`
	Share      float64 `json:"share,omitempty"`
	Percentile string  `json:"percentile,omitempty"`
	// Setting is how the model was asked: the number of solved examples and the like.
	Setting string `json:"setting,omitempty"`
	Source  string `json:"source"`
}
