package eval

import "github.com/polymath-lm/polymath/eval/stat"

// Finished is a run that is over: what OpenRun reads of its directory.
type Finished struct {
	Dir    string
	Result *Result
	// Records are sorted by task, number and sample.
	Records []Record
}

// Comparison pairs the items of two runs.
type Comparison struct {
	// A and B name the models. Differences are B less A.
	A     string           `json:"a"`
	B     string           `json:"b"`
	Tasks []TaskComparison `json:"tasks"`
}

// TaskComparison is what two models made of the same items of one task.
type TaskComparison struct {
	Task   string `json:"task"`
	Title  string `json:"title"`
	Metric string `json:"metric"`
	// Lower says that less is better.
	Lower bool `json:"lower_is_better,omitempty"`
	// N is the number of items that both answered; A and B are scores over them.
	// Items that were found in the data of either model are left out: Found is their
	// number.
	N     int           `json:"n"`
	Found int           `json:"found_in_data,omitempty"`
	A     stat.Estimate `json:"score_a"`
	B     stat.Estimate `json:"score_b"`
	// Difference is B less A, over pairs of answers to the same item, with its 95%
	// interval. P is the probability of one as large by chance if there is none,
	// Test how it was found, and Holm P corrected for the number of tasks.
	Difference stat.Estimate `json:"difference"`
	P          float64       `json:"p"`
	Test       string        `json:"test"`
	Holm       float64       `json:"p_holm"`
	// Detectable is the difference that would be found (at 5%) in 80 of 100 studies
	// like this one.
	Detectable float64 `json:"detectable"`
	// Of the items: right in both, in one only, in neither.
	BothRight int `json:"both_right"`
	OnlyA     int `json:"only_a"`
	OnlyB     int `json:"only_b"`
	BothWrong int `json:"both_wrong"`
	// Same says that all answers are the same to the bit, as of a run and itself: there
	// is nothing to be uncertain of.
	Same bool `json:"same_answers,omitempty"`
	// Calibration is what calibration differs by, over items of which both have a
	// confidence; nil where there are none.
	Calibration *stat.CalibrationChange `json:"calibration,omitempty"`
	// Honesty is what is made up in both; nil where the grader does not count that.
	Honesty *HonestyChange `json:"honesty,omitempty"`
	// Unfit is how many items do not fit the window of a model; they are left out.
	Unfit int `json:"num_unfit,omitempty"`
	// Lengths compare the items of each length, the shortest first, where items say how
	// long they are.
	Lengths []LengthComparison `json:"lengths,omitempty"`
	// Relative is what bits per byte change by as a share of A's: 0.01 is 1% more. It is
	// of texts alone.
	Relative *stat.Estimate `json:"relative_difference,omitempty"`
	// Skipped says why the task was not compared: other items, other settings.
	Skipped string `json:"skipped,omitempty"`
}

// LengthComparison is what two models made of the items of one length, in tokens, as
// TaskComparison has it for all. Holm is P corrected for the number of lengths.
type LengthComparison struct {
	Length     int           `json:"length"`
	N          int           `json:"n"`
	A          stat.Estimate `json:"score_a"`
	B          stat.Estimate `json:"score_b"`
	Difference stat.Estimate `json:"difference"`
	P          float64       `json:"p"`
	Holm       float64       `json:"p_holm"`
}
