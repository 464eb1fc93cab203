package cli

import (
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/align"
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
	fmt.Fprintf(w, "data      %s to learn from, %s held out; %s\n", progress.Count(int64(p.Items)), progress.Count(int64(p.HeldOut)), plural(int64(p.Steps), "step"))
	printNeeds(w, p.Memory, p.Available, p.DiskBytes, p.DiskFree)
}

// printNeeds writes the memory and the disk that a run takes.
func printNeeds(w io.Writer, memory train.Memory, available, disk, free int64) {
	fmt.Fprintf(w, "memory    %s of %s\n", progress.Bytes(memory.Total), progress.Bytes(available))
	for _, part := range memory.Parts {
		fmt.Fprintf(w, "          %-20s %10s  %s\n", part.Name, progress.Bytes(part.Bytes), part.Arithmetic)
	}
	room := "an unknown amount"
	if free >= 0 {
		room = progress.Bytes(free)
	}
	fmt.Fprintf(w, "disk      %s of %s free\n", progress.Bytes(disk), room)
}
