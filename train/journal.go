package train

import (
	"fmt"

	"github.com/polymath-lm/polymath/train/checkpoint"
)

// metricsFile is the name of the journal in a run's directory and in a
// checkpoint's training/.
const metricsFile = checkpoint.MetricsFile

// journal is metrics.jsonl. A checkpoint's record is kept out of the file.
type journal = checkpoint.Journal[Record]

var journalForm = checkpoint.Form[Record]{
	Check:   (*Record).check,
	Passing: func(r *Record) bool { return r.Kind == KindCheckpoint },
}

// check sees that a record holds what its kind promises.
func (r *Record) check() error {
	ok := false
	switch r.Kind {
	case KindStep:
		ok = r.Train != nil
	case KindSkip:
		ok = r.Train != nil && r.Skip != nil
	case KindEval:
		ok = r.Eval != nil
	case KindSample:
		ok = r.Sample != nil
	case KindCheckpoint:
		ok = r.Checkpoint != nil
	}
	if !ok {
		return fmt.Errorf("no whole record of kind %q", r.Kind)
	}
	return nil
}

// ReadMetrics reads the records of a run's directory, those of a running one
// too. A run that has not begun has none.
func ReadMetrics(runDir string) ([]Record, error) { return journalForm.Read(runDir) }
