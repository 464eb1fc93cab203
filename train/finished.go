package train

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/energy"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// Finished is a run that took its last step, as its directory tells.
type Finished struct {
	Dir    string
	Recipe *Recipe
	// RecipeHash is that of the recipe as the program wrote it that trained, Model that
	// of the finished model's manifest, and Metrics that of metrics.jsonl; in hex.
	RecipeHash, Model, Metrics string
	Conditions                 Conditions
	// Parameters, Active and Tokens are as in Plan.
	Parameters, Active, Tokens int64
	Steps                      int
	// FLOPs is the run's compute as it was planned; 0 where the program that trained
	// was too old to say.
	FLOPs float64
	// Began is when the run did; zero where the program was too old to say.
	Began time.Time
	// Eval is the held-out measurement after the last step.
	Eval EvalRecord
	// Skipped counts steps that left the weights alone, Seconds is the time of all.
	Skipped int
	Seconds float64
	// Energy is nil where nobody measured.
	Energy *energy.Spent
}

// Conditions are what two runs must have in common for their held-out losses to be
// comparable.
type Conditions struct {
	// Corpus and Tokenizer are SHA-256 in hex.
	Corpus    string `json:"corpus"`
	Tokenizer string `json:"tokenizer"`
	// HeldOut is the share of documents, EvalRows and Sequence the rows of them that
	// are measured and their length in tokens.
	HeldOut  float64 `json:"held_out"`
	EvalRows int     `json:"eval_rows"`
	Sequence int     `json:"sequence"`
}

// Differ says in what two runs differ, "" for in nothing.
func (c Conditions) Differ(other Conditions) string {
	switch {
	case c.Corpus != other.Corpus:
		return "their shards are not the same"
	case c.Tokenizer != other.Tokenizer:
		return "their tokenizers are not the same"
	case c.HeldOut != other.HeldOut:
		return fmt.Sprintf("data.held_out is %v and %v", c.HeldOut, other.HeldOut)
	case c.EvalRows != other.EvalRows:
		return fmt.Sprintf("eval.rows is %d and %d", c.EvalRows, other.EvalRows)
	case c.Sequence != other.Sequence:
		return fmt.Sprintf("batch.sequence is %d and %d", c.Sequence, other.Sequence)
	}
	return ""
}

// Conditions are those of the run to come.
func (t *Trainer) Conditions() Conditions { return conditions(t.recipe, &t.hashes) }

func conditions(r *Recipe, h *hashes) Conditions {
	return Conditions{
		Corpus: h.Corpus, Tokenizer: h.Tokenizer,
		HeldOut: r.Data.HeldOut, EvalRows: r.Eval.Rows, Sequence: r.Batch.Sequence,
	}
}

// ReadFinished reads the run in a directory. One that is not finished, or measured no
// held-out loss at its end, is an error that says so.
func ReadFinished(runDir string) (*Finished, error) {
	info, err := readInfo(runDir)
	if err != nil {
		return nil, err
	}
	if info.Steps == 0 {
		return nil, fmt.Errorf("%s is not the directory of a run: it has no %s", runDir, infoFile)
	}
	records, err := ReadMetrics(runDir)
	if err != nil {
		return nil, err
	}
	f := &Finished{
		Dir: runDir, Recipe: info.Recipe, RecipeHash: info.Hashes.Recipe, Conditions: conditions(info.Recipe, &info.Hashes),
		Parameters: info.Parameters, Active: info.Active, Tokens: info.Tokens,
		Steps: info.Steps, FLOPs: info.FLOPs, Began: info.Began, Energy: info.Energy,
	}
	if f.Tokens == 0 {
		f.Tokens = int64(info.Steps) * int64(info.Recipe.Batch.Tokens)
	}
	if err := f.take(records); err != nil {
		return nil, fmt.Errorf("%s: %w", runDir, err)
	}
	if f.Model, err = checkpoint.ModelHash(filepath.Join(runDir, modelDir)); err != nil {
		return nil, fmt.Errorf("%s has no finished model: %w", runDir, err)
	}
	f.Metrics, err = atomicfile.Hash(filepath.Join(runDir, metricsFile))
	return f, err
}

// take sums up the records of a finished run.
func (f *Finished) take(records []Record) error {
	last, measured := 0, false
	for i := range records {
		r := &records[i]
		last = r.Step
		if r.Timing != nil {
			f.Seconds += r.Timing.Seconds
		}
		switch r.Kind {
		case KindSkip:
			f.Skipped++
		case KindEval:
			f.Eval, measured = *r.Eval, r.Step == f.Steps
		}
	}
	switch {
	case last < f.Steps:
		return fmt.Errorf("the run is not finished: step %d of %d", last, f.Steps)
	case !measured || !finite(f.Eval.Loss):
		return fmt.Errorf("no held-out loss was measured after the last step: set data.held_out")
	}
	return nil
}
