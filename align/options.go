package align

import (
	"context"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/task/grade"
	"github.com/polymath-lm/polymath/train"
)

// Options is what a run needs beside its recipe. None of it enters the bits.
type Options struct {
	// RunDir is the run's directory. Run makes it where it does not exist; one
	// that holds a run is refused without Resume.
	RunDir string
	// Resume goes on from the newest checkpoint in RunDir, or starts where
	// there has been none. Checkpoints that are gone are an error.
	Resume bool
	// Observer receives the records; nil ignores them.
	Observer Observer
	// DataDir is the directory below which the files of tasks are; Grading is what
	// graders of some tasks need, such as a sandbox for code.
	DataDir string
	Grading grade.Options
	// OpenJudge reaches the model of that name behind the API at an address, by which
	// rewards of the kinds judge and safety may go; nil: there are none.
	OpenJudge func(ctx context.Context, address, name string) (*Judge, error)
	// Memory is the memory that may be used, in bytes; 0 asks the system.
	Memory int64
	// NoSave writes no checkpoint and no model, for measurements.
	NoSave bool
	// Version is the program's, for manifests.
	Version string
	// Extra files go into every model directory beside those of the model to go on
	// from, by name.
	Extra map[string][]byte
}

// Result is what a run ended with.
type Result struct {
	// Step is the last step done; Finished is false where the run was
	// interrupted and can be resumed.
	Step     int
	Finished bool
	// ModelDir is the finished model or adapter, "" before that; Checkpoint the
	// last checkpoint.
	ModelDir   string
	Checkpoint string
	// Last are the measures of the last step, Eval those of the last measurement on
	// what is held out; nil where there was none.
	Last, Eval Measures
	// Skipped counts the updates that were left out.
	Skipped int
}

// Plan is what a run will take, known before the models are loaded.
type Plan struct {
	// Steps is the length of the run, and Items what there is to learn from: pairs or
	// prompts. HeldOut is how many more measure.
	Steps, Items, HeldOut int
	// Data is what became of the files of comparisons; nil where there are none.
	Data *preference.Report
	// Measured are the graders of rewards that were measured by labelled answers.
	Measured []MeasuredReward
	// Parameters counts those of the policy, or of the reward model, Trained those
	// that change, of all parts.
	Parameters, Trained int64
	// Memory is the predicted peak in parts.
	Memory train.Memory
	// Available is the memory that the run may use, in bytes; 0 where the
	// system does not tell.
	Available int64
	// DiskBytes is the most that the run's directory will hold at a time,
	// DiskFree what its file system has; -1 where the system does not tell.
	DiskBytes, DiskFree int64

	checkpointBytes, modelBytes int64
}
