package train

import (
	"fmt"
	"slices"
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
	// Data says what became of each object of files of conversations; nil without
	// any.
	Data *conversation.Report
	// Vision is what seeing takes; nil for a model that cannot.
	Vision *VisionPlan
	// Stages are those of the recipe; nil without any.
	Stages []StagePlan
	// FLOPsPerToken is that of forward and backward, in documents of the shards' mean
	// length, or in a stage with rows of its own of their lengths; FLOPs that of the
	// run. Again is what batch.recompute computes again besides.
	FLOPsPerToken, FLOPs, Again float64
	// Memory is the predicted peak in parts, of the stage that needs most.
	Memory Memory
	// Available is the memory that the run may use, in bytes; 0 where the
	// system does not tell.
	Available int64
	// Advice says what to do where Memory is more than is Available, "" where it is
	// not.
	Advice string
	// DiskBytes is the most that the run's directory will hold at a time,
	// DiskFree what its file system has; -1 where the system does not tell.
	DiskBytes, DiskFree int64
}

// VisionPlan is the part of a plan that seeing takes.
type VisionPlan struct {
	// Tower and Projector count parameters.
	Tower     int64 `json:"tower"`
	Projector int64 `json:"projector"`
	// MemoryBytes is what they and their activations take of Plan.Memory, DiskBytes
	// what they take of each checkpoint.
	MemoryBytes int64 `json:"memory_bytes"`
	DiskBytes   int64 `json:"disk_bytes"`
	// Pictures are those that an epoch shows, Views what they are cut into and
	// ImageTokens the rows that the decoder reads of them.
	Pictures    int64 `json:"pictures"`
	Views       int64 `json:"views"`
	ImageTokens int64 `json:"image_tokens"`
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

// Add adds a line, unless it is of no bytes; format and args make its Arithmetic.
func (m *Memory) Add(name string, bytes int64, format string, args ...any) {
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
	// Advice says what to do about it, as a sentence without its full stop.
	Advice string
}

// Error is the arithmetic and what to do.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("the run needs %s of memory and %s are available:\n%s\n%s",
		size(e.Need.Total), size(e.Available), e.Need, e.Advice)
}

// What a program takes beside the arrays, as measured: Go's runtime, code and
// stacks, the records, mapped shards and what the collector has not yet found;
// and the heap's own tables.
const (
	programBytes = 44 << 20
	heapShare    = 64
)

// scratchBytes is what the kernels keep for each worker.
func scratchBytes(sequence int, cfg *model.Config) int64 {
	shape := kernel.AttentionShape{Heads: cfg.NumHeads, KVHeads: cfg.NumKVHeads, HeadDim: cfg.HeadDim}
	if shape.HeadDim == 0 {
		shape.HeadDim = cfg.HiddenSize / cfg.NumHeads
	}
	return shape.ScratchBytes(sequence, true)
}

// planMemory predicts the peak in a stage with that batch. seeing is the part of the
// tower and the projector.
func (t *Trainer) planMemory(b *BatchSpec) (m Memory, seeing int64) {
	r, cfg := t.recipe, t.cfg
	blind := withoutSight(cfg)
	total, _ := blind.Params()
	shapes := model.Shapes(blind)
	params := OptimizerParams(&r.Optimizer, changing(r, shapes))
	trained := elements(params)
	m.Add("masters", 4*total, "%d parameters x 4 bytes", total)
	m.Add("gradients", 4*trained, "%d parameters x 4 bytes", trained)
	m.Add("packed weights", model.ModelBytes(blind, true)-8*total, "bf16 in both orientations, padded to tiles")
	moments, _ := optim.Bytes(params)
	_, work := optim.Bytes(parameterShapes(r, cfg))
	m.Add("optimizer", moments, "two moments for adamw, one for muon, x 4 bytes")
	m.Add("muon workspace", work, "matrices of one batch")
	if r.EMA > 0 {
		m.Add("average", 4*trained, "%d parameters x 4 bytes", trained)
	}
	seeing = planSight(&m, r, cfg)
	seeing += t.addWork(&m, b)
	return m, seeing
}

// withoutSight is the decoder alone.
func withoutSight(cfg *model.Config) *model.Config {
	blind := *cfg
	blind.Vision = nil
	return &blind
}

// planSight adds tower and projector, with what trains them.
func planSight(m *Memory, r *Recipe, cfg *model.Config) (bytes int64) {
	if cfg.Vision == nil {
		return 0
	}
	tower, projector := cfg.Vision.Params(cfg.HiddenSize)
	params := sightParams(r, cfg)
	trained := elements(params)
	moments, _ := optim.Bytes(params)
	bytes = model.ModelBytes(cfg, true) - model.ModelBytes(withoutSight(cfg), true) - 4*(tower+projector) + 4*trained + moments
	if r.EMA > 0 {
		bytes += 4 * trained
	}
	m.Add("tower and projector", bytes, "%d parameters: masters and packed weights, gradients and moments of %d", tower+projector, trained)
	return bytes
}

// sightParams are the parameters of tower and projector that some stage trains.
func sightParams(r *Recipe, cfg *model.Config) []optim.Param {
	shapes := slices.DeleteFunc(slices.Clone(model.Shapes(cfg)), func(p *model.Param) bool { return moduleOf(p) == GroupDecoder })
	return OptimizerParams(&r.Optimizer, changing(r, shapes))
}

// elements counts the weights of parameters.
func elements(params []optim.Param) (n int64) {
	for _, p := range params {
		n += int64(p.Groups) * int64(p.Out) * int64(p.In)
	}
	return n
}

// addWork adds what a run takes beside weights and optimizer in a stage with that
// batch; seeing is the tower's part.
func (t *Trainer) addWork(m *Memory, b *BatchSpec) (seeing int64) {
	r, cfg, tokens := t.recipe, t.cfg, t.passTokens(b)
	blind := model.TrainingWorkspaceBytes(withoutSight(cfg), tokens, b.Recompute)
	again := ""
	if b.Recompute {
		again = ": what enters each, and all of one"
	}
	m.Add("activations", blind, "%d rows x %d tokens, %d layers%s", max(tokens/b.Sequence, 1), min(b.Sequence, tokens), cfg.NumLayers, again)
	m.Add("positions", model.PositionBytes(cfg, t.longest(b)), "cosines and sines for %d tokens", t.longest(b))
	if cfg.Vision != nil {
		seeing = model.TrainingWorkspaceBytes(cfg, tokens, b.Recompute) - blind
		m.Add("tower's activations", seeing, "%d views of %d tokens, %d layers", tokens/cfg.Vision.Patches(), cfg.Vision.Patches(), cfg.Vision.NumLayers)
	}
	m.Add("records", int64(t.plan.Steps)*recordBytes(cfg), "%d steps, %d experts in each layer", t.plan.Steps, cfg.NumExperts)
	m.Add("rows read ahead", loaderBytes(b), "%d steps of %d tokens", prefetchSteps+2, b.Tokens)
	if len(r.Sample.Prompts) > 0 {
		o := t.sampleOptions(cfg)
		p := infer.FootprintOf(cfg, o)
		m.Add("samples", p.CacheBytes()+p.WorkBytes, "one sequence's keys and values, activations of %d tokens", o.Chunk+1)
	}
	m.Add("heap tables", m.Total/heapShare, "1/%d of the above: the collector's tables, and rounding to pages", heapShare)
	m.Add("program", programBytes, "runtime, code and stacks")
	m.Add("workers", int64(par.Threads())*scratchBytes(b.Sequence, cfg), "%d workers' scratch for products and documents of %d tokens", par.Threads(), b.Sequence)
	return seeing
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
// that stay, one being written, and the finished model. seeing is what tower and
// projector take of each checkpoint.
func planDisk(r *Recipe, cfg *model.Config, steps int) (total, seeing int64) {
	size := func(all int64, params []optim.Param) int64 {
		moments, _ := optim.Bytes(params)
		bytes := 2*all + 4*all + moments
		if r.EMA > 0 {
			bytes += 4 * elements(params)
		}
		return bytes
	}
	all, _ := cfg.Params()
	if cfg.Vision != nil {
		tower, projector := cfg.Vision.Params(cfg.HiddenSize)
		seeing = size(tower+projector, sightParams(r, cfg))
	}
	return int64(keptCheckpoints(r, steps)+1)*size(all, parameterShapes(r, cfg)) + 2*all, seeing
}

// parameterShapes lists the parameters of a configuration that a run trains,
// without arrays.
func parameterShapes(r *Recipe, cfg *model.Config) []optim.Param {
	return OptimizerParams(&r.Optimizer, changing(r, model.Shapes(cfg)))
}

// advise says what to do where a run does not fit.
func (t *Trainer) advise() {
	p := &t.plan
	if p.Available == 0 || p.Memory.Total <= p.Available {
		return
	}
	p.Advice = "Lower batch.rows (activations), or the sizes of model (everything else)"
	now, lean := t.peak(false), t.peak(true)
	if lean >= now {
		return
	}
	fits := "which is still too much"
	if saved := now - lean; p.Memory.Total-saved <= p.Available {
		fits = "which fits"
	}
	p.Advice = fmt.Sprintf("With batch.recompute: true it would need %s, %s: activations of %s in place of %s, for a third more work. Or lower batch.rows (activations), or the sizes of model (everything else)",
		size(p.Memory.Total-now+lean), fits, size(t.activations(true)), size(t.activations(false)))
}

// peak is what the stage that needs most takes beside weights and optimizer, if all
// stages compute activations again or as the recipe says.
func (t *Trainer) peak(recompute bool) (most int64) {
	for i := range t.legs {
		b := t.legs[i].batch
		b.Recompute = b.Recompute || recompute
		var m Memory
		t.addWork(&m, &b)
		t.legs[i].feed.eyes.plan(&m, &b)
		most = max(most, m.Total)
	}
	return most
}

// activations is the largest stage's, likewise.
func (t *Trainer) activations(recompute bool) (most int64) {
	for i := range t.legs {
		b := &t.legs[i].batch
		most = max(most, model.TrainingWorkspaceBytes(t.cfg, t.passTokens(b), b.Recompute || recompute))
	}
	return most
}
