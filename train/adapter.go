package train

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/train/optim"
)

// hashWeights identifies a directory without a manifest by its configuration, how
// pictures become numbers, and its weights.
func hashWeights(dir string) (string, error) {
	entries, err := os.ReadDir(dir) // in order of name
	if err != nil {
		return "", err
	}
	names := []string{"config.json"}
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".safetensors" || e.Name() == "preprocessor_config.json" || e.Name() == "processor_config.json" {
			names = append(names, e.Name())
		}
	}
	h := sha256.New()
	for _, name := range names {
		sum, err := atomicfile.Hash(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%q %s\n", name, sum)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// loadBase loads the model to go on from, whose weights stay as they are, and
// puts a new adapter on it.
func (t *Trainer) loadBase() (err error) {
	base := t.base
	t.base = nil // the model takes it over
	if t.model, err = model.LoadWeights(base, model.LoadOptions{}); err != nil {
		return err
	}
	return t.model.AddAdapter(t.recipe.Lora.Adapter(), t.recipe.Seed)
}

// loadCheckpoint loads the model of a checkpoint, or verifies its adapter and
// makes one that is to be filled from the masters.
func (t *Trainer) loadCheckpoint(dir string) (err error) {
	if t.recipe.Lora.Rank == 0 {
		t.model, err = model.Load(dir, true)
		return err
	}
	if _, err := model.Verify(dir); err != nil {
		return err
	}
	return t.loadBase()
}

// planAdapter plans a run that trains an adapter.
func (t *Trainer) planAdapter() error {
	r, cfg, p := t.recipe, t.cfg, &t.plan
	shapes, scratch := model.AdapterShapes(cfg, r.Lora.Adapter(), r.Batch.Rows*r.Batch.Sequence)
	if len(shapes) == 0 {
		return recipe.Bad("lora.targets", "the model has none of them: %v", r.Lora.Targets)
	}
	params := OptimizerParams(&r.Optimizer, shapes)
	packed := int64(0)
	for _, s := range shapes {
		p.Trained += int64(s.Len())
		packed += s.SizeBytes(true) - 8*int64(s.Len())
	}
	var err error
	if t.base, err = model.OpenWeights(r.Model.From); err != nil {
		return err
	}
	base, transposed := BaseBytes(t.base)
	moments, _ := optim.Bytes(params)
	var m Memory
	m.Add("base model", base, "as its files have it: %d parameters", p.Parameters)
	m.Add("transposed base", transposed, "bf16, for the gradients that pass through")
	m.Add("masters", 4*p.Trained, "%d parameters of the adapter x 4 bytes", p.Trained)
	m.Add("gradients", 4*p.Trained, "%d parameters x 4 bytes", p.Trained)
	m.Add("packed adapter", packed, "bf16 in both orientations, padded to tiles")
	m.Add("optimizer", moments, "two moments x 4 bytes")
	if r.EMA > 0 {
		m.Add("average", 4*p.Trained, "%d parameters x 4 bytes", p.Trained)
	}
	m.Add("adapter's work", scratch, "between A and B, for some rows at a time")
	t.addWork(&m, &r.Batch)
	p.Memory = m
	checkpoint := 8*p.Trained + moments
	if r.EMA > 0 {
		checkpoint += 4 * p.Trained
	}
	p.DiskBytes = int64(keptCheckpoints(r, p.Steps)+1)*checkpoint + 4*p.Trained
	return nil
}

// BaseBytes is the memory of a model that stays as it is, and of the transposed
// form of its matrices.
func BaseBytes(w *model.Weights) (base, transposed int64) {
	stored := map[string]model.TensorInfo{}
	for _, t := range w.Tensors() {
		stored[t.Name] = t
	}
	for _, p := range model.Shapes(w.Config()) {
		if p.Forms&nn.Product == 0 {
			base += p.SizeBytes(false)
			continue
		}
		transposed += 2 * int64(kernel.PackedLen(p.Groups, p.Out, p.In))
		if p.Forms&nn.Lookup != 0 {
			base += 2 * int64(p.Len())
		}
		for _, part := range p.Parts {
			t := stored[part.Name]
			if elements, _ := t.DType.Block(); t.DType.IsBlocked() && p.In%max(elements, 1) == 0 {
				base += kernel.QuantizedBytes(t.DType, p.In, part.Rows)
			} else {
				base += 2 * int64(kernel.PackedLen(1, p.In, part.Rows))
			}
		}
	}
	return base, transposed
}
