package train

import (
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/conversation"
	"github.com/polymath-lm/polymath/train/optim"
)

// Plan is what a run will take, known before anything is allocated.
type Plan struct {
	// Parameters counts all of the model, Active those that work on one token.
	// Trained counts those that change: all, or those of an adapter.
	Parameters, Active, Trained int64
	// Steps is the length of the run, Tokens all tokens it will see, and
	// ShardTokens what the shards hold for training: Tokens / ShardTokens is
	// the number of epochs.
	Steps       int
	Tokens      int64
	ShardTokens int64
	// RowTokens is what the rows of one epoch hold, with what fills them up:
	// Tokens / RowTokens is the number of epochs too.
	RowTokens int64
	// Data says what became of each object of a file of conversations; nil without
	// one.
	Data *conversation.Report
	// FLOPsPerToken is that of forward and backward, in documents of the
	// shards' mean length; FLOPs that of the run.
	FLOPsPerToken, FLOPs float64
	// Memory is the predicted peak in parts.
	Memory Memory
	// Available is the memory that the run may use, in bytes; 0 where the
	// system does not tell.
	Available int64
	// DiskBytes is the most that the run's directory will hold at a time,
	// DiskFree what its file system has; -1 where the system does not tell.
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

func (m *Memory) add(name string, bytes int64, format string, args ...any) {
	if bytes == 0 {
		return
	}
	m.Parts = append(m.Parts, MemoryPart{name, bytes, fmt.Sprintf(format, args...)})
	m.Total += bytes
}

// String is the sum as a table.
func (m Memory) String() string {
	var b strings.Builder
	for _, p := range m.Parts {
		fmt.Fprintf(&b, "%10s  %-22s %s\n", size(p.Bytes), p.Name, p.Arithmetic)
	}
	fmt.Fprintf(&b, "%10s  together", size(m.Total))
	return b.String()
}

// size writes bytes for people.
func size(bytes int64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.2f GiB", float64(bytes)/(1<<30))
}

// MemoryError refuses a run that does not fit.
type MemoryError struct {
	Need      Memory
	Available int64
}

// Error is the arithmetic and what to do.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("the run needs %s of memory and %s are available:\n%s\n"+
		"Lower batch.rows (activations), or the sizes of model (everything else)",
		size(e.Need.Total), size(e.Available), e.Need)
}

// What a program takes beside the arrays, as measured: Go's runtime, code and
// stacks, the records, mapped shards and what the collector has not yet found;
// and the heap's own tables.
const (
	programBytes = 40 << 20
	heapShare    = 64
)

// scratchBytes is what the kernels keep for each worker.
func scratchBytes(r *Recipe, cfg *model.Config) int64 {
	shape := kernel.AttentionShape{Heads: cfg.NumHeads, KVHeads: cfg.NumKVHeads, HeadDim: cfg.HeadDim}
	if shape.HeadDim == 0 {
		shape.HeadDim = cfg.HiddenSize / cfg.NumHeads
	}
	return shape.ScratchBytes(r.Batch.Sequence, true)
}

// planMemory predicts the peak of a run.
func planMemory(r *Recipe, cfg *model.Config, params []optim.Param, steps int) Memory {
	var m Memory
	total, _ := cfg.Params()
	weights := model.ModelBytes(cfg, true)
	m.add("masters", 4*total, "%d parameters x 4 bytes", total)
	m.add("gradients", 4*total, "%d parameters x 4 bytes", total)
	m.add("packed weights", weights-8*total, "bf16 in both orientations, padded to tiles")
	moments, work := optim.Bytes(params)
	m.add("optimizer", moments, "two moments for adamw, one for muon, x 4 bytes")
	m.add("muon workspace", work, "matrices of one batch")
	if r.EMA > 0 {
		m.add("average", 4*total, "%d parameters x 4 bytes", total)
	}
	m.addWork(r, cfg, steps)
	return m
}

// addWork adds what a run takes beside weights and optimizer.
func (m *Memory) addWork(r *Recipe, cfg *model.Config, steps int) {
	tokens := r.Batch.Rows * r.Batch.Sequence
	m.add("activations", model.WorkspaceBytes(cfg, tokens, true), "%d rows x %d tokens, %d layers", r.Batch.Rows, r.Batch.Sequence, cfg.NumLayers)
	m.add("records", int64(steps)*recordBytes(cfg), "%d steps, %d experts in each layer", steps, cfg.NumExperts)
	m.add("rows read ahead", loaderBytes(r), "%d steps of %d tokens", prefetchSteps+2, r.Batch.Tokens)
	if len(r.Sample.Prompts) > 0 {
		o := sampleOptions(r, cfg)
		p := infer.FootprintOf(cfg, o)
		m.add("samples", p.CacheBytes()+p.WorkBytes, "one sequence's keys and values, activations of %d tokens", o.Chunk+1)
	}
	m.add("heap tables", m.Total/heapShare, "1/%d of the above: the collector's tables, and rounding to pages", heapShare)
	m.add("program", programBytes, "runtime, code and stacks")
	m.add("workers", int64(par.Threads())*scratchBytes(r, cfg), "%d workers' scratch for products and documents of %d tokens", par.Threads(), r.Batch.Sequence)
}

// recordBytes is the memory of one step's record, which a run keeps for its
// page: the numbers, in a list that grows by doubling, and each layer's load.
func recordBytes(cfg *model.Config) int64 {
	const numbers, perLayer = 600, 24 + 8 // of a layer: the list of loads, and the entropy
	return numbers + int64(cfg.NumLayers)*(perLayer+8*int64(cfg.NumExperts))
}

// keptCheckpoints is how many checkpoints a run will have in the end. Each
// interruption may add one, until checkpoint.keep.
func keptCheckpoints(r *Recipe, steps int) int {
	saved := 1
	if every := r.Checkpoint.Every; every > 0 {
		saved += steps / every
	}
	return min(r.Checkpoint.Keep, saved)
}

// planDisk is the most that a run's directory holds at a time: the checkpoints
// that stay, one being written, and the finished model.
func planDisk(r *Recipe, cfg *model.Config, params []optim.Param, steps int) int64 {
	total, _ := cfg.Params()
	moments, _ := optim.Bytes(params)
	checkpoint := 2*total + 4*total + moments
	if r.EMA > 0 {
		checkpoint += 4 * total
	}
	return int64(keptCheckpoints(r, steps)+1)*checkpoint + 2*total
}

// parameterShapes lists the parameters of a configuration without arrays.
func parameterShapes(r *Recipe, cfg *model.Config) []optim.Param {
	return groupParams(r, model.Shapes(cfg))
}
