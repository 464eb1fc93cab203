package align

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// Measures are named numbers, such as "loss", "kl", "reward/task" or "accuracy".
// JSON has null for one that is not finite.
type Measures map[string]float64

// Estimate is a measure with the bounds of its interval, which are 0 where it has none.
func (m Measures) Estimate(name string) stat.Estimate {
	return stat.Estimate{Value: m[name], Low: m[name+lowEnd], High: m[name+highEnd]}
}

func (m Measures) set(name string, e stat.Estimate) {
	m[name], m[name+lowEnd], m[name+highEnd] = e.Value, e.Low, e.High
}

// MarshalJSON writes the measures in order of name.
func (m Measures) MarshalJSON() ([]byte, error) {
	loose := make(map[string]*float64, len(m))
	for name, v := range m {
		if loose[name] = nil; finite(v) {
			loose[name] = &v
		}
	}
	return json.Marshal(loose)
}

// UnmarshalJSON reads null as NaN.
func (m *Measures) UnmarshalJSON(text []byte) error {
	var loose map[string]*float64
	if err := json.Unmarshal(text, &loose); err != nil {
		return err
	}
	*m = make(Measures, len(loose))
	for name, v := range loose {
		if (*m)[name] = math.NaN(); v != nil {
			(*m)[name] = *v
		}
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// A Record is one event of a run: a line of metrics.jsonl and a message to the
// Observer. Its Kind tells which fields are set. All but Timing are a function of
// the recipe and the data alone.
type Record struct {
	// Kind is one of the constants KindStep, KindSkip, ...
	Kind string `json:"kind"`
	// Step counts from 1: the step that just ended. 0 is before the first one.
	Step int `json:"step"`

	Values     Measures          `json:"values,omitempty"`
	Skip       *SkipRecord       `json:"skip,omitempty"`
	Sample     *SampleRecord     `json:"sample,omitempty"`
	Checkpoint *CheckpointRecord `json:"checkpoint,omitempty"`
	Timing     *Timing           `json:"timing,omitempty"`
}

// Kinds of Record.
const (
	KindStep       = "step"       // Values and Timing are set
	KindSkip       = "skip"       // Skip is set, one record for each update of the step that was left out
	KindEval       = "eval"       // Values is set
	KindSample     = "sample"     // Sample is set, one record for each answer
	KindCheckpoint = "checkpoint" // Checkpoint is set; not in metrics.jsonl
)

// SkipRecord says why an update left the weights alone.
type SkipRecord struct {
	// Reason is a sentence.
	Reason string `json:"reason"`
	// InARow is the number of updates of this part left out in a row, or of steps that
	// broke off, this one included.
	InARow int `json:"in_a_row"`
}

// SampleRecord is an answer in full, with what it was worth.
type SampleRecord struct {
	Prompt string   `json:"prompt"`
	Answer string   `json:"answer"`
	Values Measures `json:"values,omitempty"`
}

// CheckpointRecord says that a checkpoint was written and read back.
type CheckpointRecord struct {
	// Path is the checkpoint's directory, Hash the SHA-256 of its manifest.
	Path  string `json:"path"`
	Hash  string `json:"hash"`
	Bytes int64  `json:"bytes"`
	// Final tells the finished model's directory from a checkpoint.
	Final bool `json:"final,omitempty"`
}

// Timing holds the fields that differ from run to run.
type Timing struct {
	// Seconds is the time of the step, and Phases what it went into, such as
	// "rollout", "reward" and "update".
	Seconds float64          `json:"seconds"`
	Phases  map[string]Phase `json:"phases,omitempty"`
	// ETA is the time to the last step in seconds.
	ETA float64 `json:"eta"`
}

// Phase is a part of a step: how long it took, and the tokens that went through a
// model in it.
type Phase struct {
	Seconds float64 `json:"seconds"`
	Tokens  int64   `json:"tokens,omitempty"`
}

// An Observer receives the records of a run as they happen, in order, from the
// goroutine of Run.Run: it should return at once. The record's maps stay unchanged
// afterwards and may be kept.
type Observer interface{ Observe(Record) }

// Observe is an Observer made of a function.
type Observe func(Record)

// Observe calls f.
func (f Observe) Observe(r Record) { f(r) }

var journalForm = checkpoint.Form[Record]{
	Check:   (*Record).check,
	Passing: func(r *Record) bool { return r.Kind == KindCheckpoint },
}

// check sees that a record holds what its kind promises.
func (r *Record) check() error {
	ok := false
	switch r.Kind {
	case KindStep, KindEval:
		ok = len(r.Values) > 0
	case KindSkip:
		ok = r.Skip != nil
	case KindSample:
		ok = r.Sample != nil
	case KindCheckpoint:
		ok = r.Checkpoint != nil
	}
	if !ok || r.Step < 0 {
		return fmt.Errorf("no whole record of kind %q", r.Kind)
	}
	return nil
}

// ReadMetrics reads the records of a run's directory, those of a running one
// too. A run that has not begun has none.
func ReadMetrics(runDir string) ([]Record, error) { return journalForm.Read(runDir) }
