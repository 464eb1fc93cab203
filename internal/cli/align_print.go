package cli

import (
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/align"
	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/train"
)

// alignOutcome is what --json prints of a run.
type alignOutcome struct {
	Step       int            `json:"step"`
	Finished   bool           `json:"finished"`
	Model      string         `json:"model,omitempty"`
	Checkpoint string         `json:"checkpoint,omitempty"`
	Last       align.Measures `json:"last,omitempty"`
	Eval       align.Measures `json:"eval,omitempty"`
	Skipped    int            `json:"skipped"`
}

func outcomeOf(r align.Result) alignOutcome {
	return alignOutcome{
		Step: r.Step, Finished: r.Finished, Model: r.ModelDir, Checkpoint: r.Checkpoint, Last: r.Last, Eval: r.Eval, Skipped: r.Skipped,
	}
}

// alignPlan is what --json prints of a plan.
type alignPlan struct {
	Steps      int   `json:"steps"`
	Items      int   `json:"items"`
	HeldOut    int   `json:"held_out"`
	Parameters int64 `json:"parameters"`
	Trained    int64 `json:"trained"`
	Memory     int64 `json:"memory_bytes"`
	Available  int64 `json:"available_bytes"`
	Disk       int64 `json:"disk_bytes"`
	DiskFree   int64 `json:"disk_free_bytes"`
}

func planOf(p align.Plan) alignPlan {
	return alignPlan{
		Steps: p.Steps, Items: p.Items, HeldOut: p.HeldOut, Parameters: p.Parameters, Trained: p.Trained,
		Memory: p.Memory.Total, Available: p.Available, Disk: p.DiskBytes, DiskFree: p.DiskFree,
	}
}

// printAlignPlan writes what a run will take.
func printAlignPlan(w io.Writer, p align.Plan) {
	fmt.Fprintf(w, "model     %s parameters, %s are trained\n", progress.Short(float64(p.Parameters)), progress.Short(float64(p.Trained)))
	if p.Data != nil {
		printComparisons(w, p.Data)
	}
	for _, m := range p.Measured {
		a := m.Accuracy
		fmt.Fprintf(w, "grader    %s: of %s it tells the class of %s right, and of %s whether they refuse\n", m.Name,
			plural(int64(a.All.N), "labelled answer"), withBounds(a.All), withBounds(a.Refuses))
	}
	fmt.Fprintf(w, "data      %s to learn from, %s held out; %s\n", progress.Count(int64(p.Items)), progress.Count(int64(p.HeldOut)), plural(int64(p.Steps), "step"))
	printNeeds(w, p.Memory, p.Available, p.DiskBytes, p.DiskFree)
}

// printComparisons writes what became of files of comparisons.
// withBounds writes a share with its interval.
func withBounds(e stat.Estimate) string {
	return fmt.Sprintf("%.1f%% (%.1f to %.1f)", 100*e.Value, 100*e.Low, 100*e.High)
}

func printComparisons(w io.Writer, r *preference.Report) {
	fmt.Fprintf(w, "pairs     %s from %s: %s tokens\n", progress.Count(int64(r.Pairs)), plural(int64(r.Objects), "object"), progress.Short(float64(r.Tokens)))
	if left := r.Ties + r.Identical + r.Duplicates; left > 0 {
		fmt.Fprintf(w, "          %s are left out: %d of equal rank, %d of equal words, %d twice\n", progress.Count(int64(left)), r.Ties, r.Identical, r.Duplicates)
	}
	if r.Conflicts > 0 {
		fmt.Fprintf(w, "          %s are there the other way round too\n", progress.Count(int64(r.Conflicts)))
	}
	if r.Dropped > 0 {
		fmt.Fprintf(w, "          %s are left out: longer than a row\n", plural(int64(r.Dropped), "comparison"))
	}
	if r.CutShort > 0 {
		fmt.Fprintf(w, "          of %s the beginning of the prompt is: longer than a row\n", progress.Count(int64(r.CutShort)))
	}
	printUnused(w, r.Ignored, r.Bad, r.BadLines)
}

// printNeeds writes the memory and the disk that a run takes.
func printNeeds(w io.Writer, memory train.Memory, available, disk, free int64) {
	fmt.Fprintf(w, "memory    %s of %s\n", progress.Bytes(memory.Total), progress.Bytes(available))
	width := 20
	for _, part := range memory.Parts {
		width = max(width, len(part.Name))
	}
	for _, part := range memory.Parts {
		fmt.Fprintf(w, "          %-*s %10s  %s\n", width, part.Name, progress.Bytes(part.Bytes), part.Arithmetic)
	}
	room := "an unknown amount"
	if free >= 0 {
		room = progress.Bytes(free)
	}
	fmt.Fprintf(w, "disk      %s of %s free\n", progress.Bytes(disk), room)
}
