package train

import (
	"context"
	"errors"
)

// Options is what a run needs beside its recipe. None of it enters the bits.
type Options struct {
	// RunDir is the run's directory. It is made where it does not exist; one
	// that holds a run is refused without Resume.
	RunDir string
	// Resume goes on from the newest checkpoint in RunDir, or starts where
	// there is none.
	Resume bool
	// Observer receives the records; nil ignores them.
	Observer Observer
	// TokenBytes [vocabulary] is the length in bytes of each token, for bits
	// per byte; nil leaves them out.
	TokenBytes []int
	// PeakFLOPS is the machine's measured limit in bf16 products, in floating
	// point operations a second, for MFU; 0 leaves it out.
	PeakFLOPS float64
	// Memory is the memory that may be used, in bytes; 0 asks the system.
	Memory int64
}

// Plan is what a run will take, known before anything is allocated.
type Plan struct {
	// Parameters counts all, Active those that work on one token.
	Parameters, Active int64
	// Steps is the length of the run, Tokens all tokens it will see, and
	// ShardTokens what the shards hold for training: Tokens / ShardTokens is
	// the number of epochs.
	Steps       int
	Tokens      int64
	ShardTokens int64
	// FLOPsPerToken is that of forward and backward, FLOPs that of the run.
	FLOPsPerToken, FLOPs float64
	// Memory is the predicted peak in parts.
	Memory Memory
	// Available is the memory that the run may use, in bytes.
	Available int64
	// DiskBytes is the most that checkpoints will hold at a time, DiskFree
	// what the run's file system has.
	DiskBytes, DiskFree int64
}

// Memory is a prediction in parts, in bytes.
type Memory struct {
	Parts []MemoryPart
	Total int64
}

// MemoryPart is one line of the sum.
type MemoryPart struct {
	Name  string
	Bytes int64
	// Arithmetic says how the number comes about.
	Arithmetic string
}

// Result is what a run ended with.
type Result struct {
	// Step is the last step done; Finished is false where the run was
	// interrupted and can be resumed.
	Step     int
	Finished bool
	// ModelDir is the finished model, Checkpoint the last checkpoint.
	ModelDir   string
	Checkpoint string
	// Loss is the last step's, Eval the last held-out measurement.
	Loss float64
	Eval EvalRecord
	// Skipped counts the skipped steps.
	Skipped int
}

// Trainer is one run. Its methods are for one goroutine.
type Trainer struct{}

// New prepares a run: it opens the shards, plans the memory and refuses what
// does not fit, and loads or initializes the model.
func New(r *Recipe, o Options) (*Trainer, error) { return nil, errors.ErrUnsupported }

// Plan is the dry run.
func (t *Trainer) Plan() Plan { return Plan{} }

// Run trains to the last step. When ctx ends it saves a checkpoint and returns
// with Result.Finished false and no error.
func (t *Trainer) Run(ctx context.Context) (Result, error) { return Result{}, errors.ErrUnsupported }
