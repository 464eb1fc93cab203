package align

import (
	"fmt"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/memory"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train"
	"github.com/polymath-lm/polymath/train/checkpoint"
	"github.com/polymath-lm/polymath/train/optim"
)

// planTrained adds to a plan a model that the run trains, as the recipe says: its
// weights, or an adapter on them. path is the model to go on from.
func (r *Run) planTrained(p *Plan, name, path string) error {
	if r.recipe.Lora.Rank > 0 {
		return r.planAdapter(p, name, path)
	}
	cfg, _, err := readConfig(path)
	if err != nil {
		return err
	}
	total, _ := cfg.Params()
	params := train.OptimizerParams(&r.recipe.Optimizer, model.Shapes(cfg))
	p.Memory.Add(name+": masters", 4*total, "%d parameters x 4 bytes", total)
	p.Memory.Add(name+": gradients", 4*total, "%d parameters x 4 bytes", total)
	p.Memory.Add(name+": packed weights", model.ModelBytes(cfg, true)-8*total, "bf16 in both orientations, padded to tiles")
	p.addOptimizer(name, params)
	moments, _ := optim.Bytes(params)
	p.Trained += total
	p.checkpointBytes += 2*total + 4*total + moments
	p.modelBytes = max(p.modelBytes, 2*total)
	return nil
}

func (r *Run) planAdapter(p *Plan, name, path string) error {
	w, err := openWeights(path)
	if err != nil {
		return err
	}
	defer w.Close()
	shapes, scratch := model.AdapterShapes(w.Config(), r.recipe.Lora.Adapter(), r.tokens())
	if len(shapes) == 0 {
		return &ValueError{Key: "lora.targets", Problem: fmt.Sprintf("%s has none of them: %v", path, r.recipe.Lora.Targets)}
	}
	var trained, packed int64
	for _, s := range shapes {
		trained += int64(s.Len())
		packed += s.SizeBytes(true) - 8*int64(s.Len())
	}
	base, transposed := train.BaseBytes(w)
	p.Memory.Add(name+": base model", base, "as its files have it")
	p.Memory.Add(name+": transposed base", transposed, "bf16, for the gradients that pass through")
	p.Memory.Add(name+": adapter", 8*trained+packed, "%d parameters: masters, gradients, packed weights", trained)
	p.Memory.Add(name+": adapter's work", scratch, "between A and B, for some rows at a time")
	params := train.OptimizerParams(&r.recipe.Optimizer, shapes)
	p.addOptimizer(name, params)
	moments, _ := optim.Bytes(params)
	p.Trained += trained
	p.checkpointBytes += 8*trained + moments
	p.modelBytes = max(p.modelBytes, 4*trained)
	return nil
}

func (p *Plan) addOptimizer(name string, params []optim.Param) {
	moments, work := optim.Bytes(params)
	p.Memory.Add(name+": optimizer", moments, "two moments for adamw, one for muon, x 4 bytes")
	p.Memory.Add(name+": muon workspace", work, "matrices of one batch")
}

// planFixed adds to a plan a model that stays as it is.
func (r *Run) planFixed(p *Plan, name, path string) error {
	w, err := openWeights(path)
	if err != nil {
		return err
	}
	defer w.Close()
	base, _ := train.BaseBytes(w)
	p.Memory.Add(name, base, "as its files have it")
	return nil
}

// planPasses adds to a plan the workspace of a model of this shape for tokens
// tokens at a time, for training or for forward passes alone.
func (r *Run) planPasses(p *Plan, name string, cfg *model.Config, tokens int, trains bool) {
	bytes := model.WorkspaceBytes(cfg, tokens, trains)
	if trains {
		bytes = model.TrainingWorkspaceBytes(cfg, tokens, r.recipe.Batch.Recompute)
	}
	p.Memory.Add(name+": activations", bytes, "%d tokens, %d layers", tokens, cfg.NumLayers)
}

// tokens is the number of tokens of a microbatch.
func (r *Run) tokens() int { return r.recipe.Batch.Rows * r.recipe.Batch.Sequence }

// What a program takes beside the arrays, as measured: Go's runtime, code, tokenizers
// and stacks; in runs that ask questions, tasks and graders; and the heap's own tables.
const (
	programBytes = 64 << 20
	taskBytes    = 40 << 20
	heapShare    = 64
	recordBytes  = 4 << 10 // of the records of a step: some dozens of measures
)

// finishPlan adds what every run takes and looks at the machine.
func (r *Run) finishPlan() {
	p := &r.plan
	shape := kernel.AttentionShape{Heads: r.cfg.NumHeads, KVHeads: r.cfg.NumKVHeads, HeadDim: r.cfg.HeadDim}
	p.Memory.Add("records", int64(p.Steps)*recordBytes, "%d steps", p.Steps)
	p.Memory.Add("heap tables", p.Memory.Total/heapShare, "1/%d of the above: the collector's tables, and rounding to pages", heapShare)
	p.Memory.Add("program", programBytes, "runtime, code and stacks")
	if !r.recipe.learnsFromPairs() {
		p.Memory.Add("tasks", taskBytes, "questions and graders")
	}
	p.Memory.Add("workers", int64(par.Threads())*shape.ScratchBytes(r.recipe.Batch.Sequence, true), "%d workers' scratch for products and attention", par.Threads())
	if p.Available = r.options.Memory; p.Available == 0 {
		p.Available = memory.Available()
	}
	p.DiskBytes = int64(r.keptCheckpoints()+1)*p.checkpointBytes + p.modelBytes
	p.DiskFree = checkpoint.Free(r.options.RunDir)
}

// keptCheckpoints is how many checkpoints a run will have in the end. Each
// interruption may add one, until checkpoint.keep.
func (r *Run) keptCheckpoints() int {
	saved := 1
	if every := r.recipe.Checkpoint.Every; every > 0 {
		saved += r.plan.Steps / every
	}
	return min(r.recipe.Checkpoint.Keep, saved)
}

// fits refuses a run that does not fit in memory or on the disk.
func (r *Run) fits() error {
	p := &r.plan
	if p.Available > 0 && p.Memory.Total > p.Available {
		return &train.MemoryError{
			Need: p.Memory, Available: p.Available,
			Advice: "Lower batch.rows or set batch.recompute (activations), train an adapter (lora), or take a smaller model",
		}
	}
	if r.options.NoSave {
		return nil
	}
	var taken int64 // of DiskBytes, on the disk already
	for _, name := range []string{checkpoint.Dir, modelDir, adapterDir} {
		bytes, err := checkpoint.Size(filepath.Join(r.options.RunDir, name))
		if err != nil {
			return err
		}
		taken += bytes
	}
	if p.DiskFree >= 0 && p.DiskBytes-taken > p.DiskFree {
		return fmt.Errorf("%s needs %.1f MiB of disk for its checkpoints (%d kept, one being written) and %.1f MiB are free: "+
			"make room, or lower checkpoint.keep", r.options.RunDir, mebibytes(p.DiskBytes-taken), r.keptCheckpoints(), mebibytes(p.DiskFree))
	}
	return nil
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }
