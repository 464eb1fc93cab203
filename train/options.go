package train

import "github.com/polymath-lm/polymath/internal/energy"

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
	// Begin, if not nil, is called when a new run is sure to begin: it fits, RunDir is
	// its own and the model is loaded. Until then nothing of the run is in RunDir but
	// shards of conversations. An error from it ends Run; a resumed run does not call it.
	Begin func() error
	// DryRun says that only the plan is asked for: shards of conversations are made
	// in a temporary directory and not in RunDir.
	DryRun bool
	// Preparing, if not nil, is told the share of a file of conversations that New
	// has read. An error from it ends New.
	Preparing func(share float64) error
	// PeakFLOPS is the machine's measured limit in bf16 products, in floating
	// point operations a second, for MFU; 0 leaves it out.
	PeakFLOPS float64
	// Memory is the memory that may be used, in bytes; 0 asks the system.
	Memory int64
	// NoSave writes no checkpoint and no model, for measurements: Result names
	// neither, and an interrupted run cannot go on.
	NoSave bool
	// Meter, if not nil, measures the run's energy; Carbon is the intensity of the
	// electricity in grams of carbon dioxide per kilowatt-hour, 0 where it is not known.
	Meter  *energy.Meter
	Carbon float64
	// Version is the program's, for manifests.
	Version string
	// Extra files go into every model directory beside those of the model to go on
	// from and tokenizer.json, by name, such as tokenizer_config.json.
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
	// Loss is that of the last step that was not skipped, Eval the last held-out measurement.
	Loss float64
	Eval EvalRecord
	// Skipped counts the skipped steps.
	Skipped int
	// Energy is that of the run, its resumed parts together; nil without a Meter.
	Energy *energy.Spent
	// Tokens are those of the steps so far.
	Tokens int64
}
