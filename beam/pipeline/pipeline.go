// Package pipeline builds a corpus as an Apache Beam pipeline. Its steps call
// what package corpus calls, so that the shards are those of a build on one
// machine.
package pipeline

import (
	"errors"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// Job is what all machines know of a build.
type Job struct {
	// Name is the name of the recipe's file and Recipe its text. Relative paths in
	// it must lead to the same files on all machines.
	Name   string
	Recipe string
	// Work is the directory into which the machines write: a path that all of them
	// share, or gs:// or s3://.
	Work string
	// Rounds is how often the clusters of near duplicates are brought together.
	// Too few are an error and no wrong result.
	Rounds int
	// RunBytes is about how much text a machine sorts at a time.
	RunBytes int64
	// Decisions is the number of files of decisions. A machine sorts one at a time.
	Decisions int
}

// Defaults of a Job.
const (
	DefaultRounds    = 12
	DefaultRunBytes  = 128 << 20
	DefaultDecisions = 16
)

// Check reports what is impossible, or cannot be done by many machines.
func (j *Job) Check() error {
	r, err := j.recipe()
	if err != nil {
		return err
	}
	switch {
	case r.Dedup.Lines != nil:
		return apart("dedup.lines")
	case r.Dedup.Substrings != nil:
		return apart("dedup.substrings")
	case j.Work == "":
		return errors.New("no directory for the machines' files: give --work")
	case j.Rounds < 1 || j.Rounds > 100:
		return fmt.Errorf("--rounds %d: give 1 to 100", j.Rounds)
	case j.RunBytes < 1<<16:
		return fmt.Errorf("--run_bytes %d: give at least %d", j.RunBytes, 1<<16)
	case j.Decisions < 1:
		return fmt.Errorf("--decisions %d: give at least 1", j.Decisions)
	}
	for i := range r.Sources {
		if r.Sources[i].Sample > 0 {
			return apart(fmt.Sprintf("sources[%d].sample", i))
		}
	}
	for name, steps := range r.Pipelines {
		for i := range steps {
			if steps[i].Perplexity != nil {
				return apart(fmt.Sprintf("pipelines.%s[%d].perplexity", name, i))
			}
		}
	}
	return nil
}

// apart refuses a key of the recipe.
func apart(key string) error {
	return recipe.Bad(key, "%s is not done by the Beam pipeline; take the key out, or build on one machine with polymath corpus build", key)
}

func (j *Job) recipe() (*corpus.Recipe, error) { return corpus.ParseRecipe(j.Name, []byte(j.Recipe)) }

// Build adds the whole pipeline of a job to s. It leaves its results in the job's
// directory of work, where Finish finds them.
func Build(s beam.Scope, j Job) error {
	if err := j.Check(); err != nil {
		return err
	}
	r, err := j.recipe()
	if err != nil {
		return err
	}
	found := read(s.Scope("read"), j, len(r.Sources))
	var gone []beam.PCollection
	if r.Dedup.Exact {
		gone = append(gone, exact(s.Scope("exact"), found.texts))
	}
	if r.Dedup.MinHash != nil {
		gone = append(gone, near(s.Scope("near"), found.bands, j.Rounds))
	}
	left := settle(s.Scope("settle"), j, found.docs, gone)
	decisions(s.Scope("decisions"), j, beam.Flatten(s, found.dropped, left.lines))
	counts := count(s.Scope("count"), j, left.counts)
	plan := plan(s.Scope("plan"), j, counts)
	var tokens beam.PCollection
	if r.Tokenizer.Train != nil {
		tokens = trained(s.Scope("tokenizer"), j, left.docs, counts)
	} else {
		tokens = opened(s.Scope("tokenizer"), j)
	}
	pack(s.Scope("pack"), j, left.docs, plan, tokens)
	return nil
}
