package model

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
)

// MergeAdapter returns w with the adapter in dir added to its matrices, tensor
// by tensor as they are asked for: bf16(w + scale·B·A), summed in fp32 over the
// rank in ascending order. The others stay as they are. The caller keeps w open.
// Errors are those of Model.LoadAdapter, and once ctx has ended its own.
func MergeAdapter(ctx context.Context, w *Weights, dir string) (*Weights, error) {
	updates, err := readUpdates(w.cfg, dir)
	if err != nil {
		return nil, err
	}
	return merge(ctx, w, updates)
}

// Merged is Weights of a model with an adapter that was opened for training: the
// file's with the adapter added, as MergeAdapter does. An adapter that was not
// is an error: its directory exists already. The adapter must not change while
// they are in use.
func (m *Model) Merged() (*Weights, error) {
	switch {
	case m.adapter == nil:
		return m.Weights()
	case !m.adapter.train:
		return nil, errNotTrained
	case m.weights == nil:
		return nil, errNoFile
	}
	base := *m.weights
	base.file, base.owner = nil, m
	return merge(context.Background(), &base, m.adapter.updates())
}

// updates are those of the adapter in memory, by the names of the tensors that
// they change. They alias the masters.
func (a *adapter) updates() map[string]update {
	all := map[string]update{}
	for _, p := range a.updated {
		l := p.LoRA
		for _, part := range l.A.Parts {
			module := strings.TrimSuffix(strings.TrimPrefix(part.Name, adapterPrefix), ".lora_A.weight")
			all[module+".weight"] = update{a: l.A.PartOf(part, l.A.Group(part.Group)), rank: a.config.Rank, scale: l.Scale}
		}
		for _, lp := range l.Parts {
			for _, part := range lp.B.Parts {
				module := strings.TrimSuffix(strings.TrimPrefix(part.Name, adapterPrefix), ".lora_B.weight")
				u := all[module+".weight"]
				u.b = lp.B.PartOf(part, lp.B.Group(part.Group))
				all[module+".weight"] = u
			}
		}
	}
	return all
}

// merge returns w with the updates of tensors added.
func merge(ctx context.Context, w *Weights, updates map[string]update) (*Weights, error) {
	format := func(name string) tensor.DType {
		if _, ok := updates[name]; ok {
			return tensor.DTypeBF16
		}
		return w.list[w.at[name]].DType
	}
	return NewWeights(w.cfg, format, func(name string) (*tensor.Tensor, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t, err := w.Tensor(name)
		u, ok := updates[name]
		if err != nil || !ok {
			return t, err
		}
		return u.add(t)
	})
}

// update is what an adapter adds to one tensor: scale·b·a.
type update struct {
	a, b  []float32 // [rank, in], [out, rank]
	rank  int
	scale float32
}

// readUpdates reads the adapter in dir for a model of this shape, by the names
// of the tensors that it changes.
func readUpdates(cfg *Config, dir string) (map[string]update, error) {
	if err := verifyIfPresent(dir); err != nil {
		return nil, err
	}
	c, err := readAdapterConfig(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, adapterWeightsName)
	file, err := openAdapter(dir, cfg)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m := &Model{cfg: cfg}
	if err := m.checkAdapter(c, file, modulesOf(file, &c)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	updates := map[string]update{}
	for _, name := range file.Names() {
		module, ok := strings.CutSuffix(strings.TrimPrefix(name, adapterPrefix), ".lora_A.weight")
		if !ok {
			continue
		}
		u := update{rank: c.Rank, scale: c.scale()}
		if u.a, err = readF32(file, name); err == nil {
			u.b, err = readF32(file, adapterPrefix+module+".lora_B.weight")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		updates[module+".weight"] = u
	}
	return updates, nil
}

func readF32(file *adapterFile, name string) ([]float32, error) {
	t, err := file.Tensor(name)
	if err != nil {
		return nil, err
	}
	x := make([]float32, t.Len())
	if err := t.CopyF32(x); err != nil {
		return nil, err
	}
	return x, checkFinite(name, x)
}

// checkFinite is an error where an adapter's training went wrong, or its file was
// damaged: one such number would spoil every result.
func checkFinite(name string, x []float32) error {
	for i, v := range x {
		if v-v != 0 {
			return fmt.Errorf("tensor %s: number %d is %v, and must be finite", name, i, v)
		}
	}
	return nil
}

// add returns t with the update, in bf16. It starts from what the model
// computes with, t rounded to bf16.
func (u *update) add(t *tensor.Tensor) (*tensor.Tensor, error) {
	out, in := t.Shape[0], t.Shape[1]
	w, sum := make([]float32, out*in), make([]tensor.BF16, out*in)
	if err := t.CopyF32(w); err != nil {
		return nil, err
	}
	errs := make([]error, out)
	par.For(out, func(_, r int) {
		row, rounded := w[r*in:(r+1)*in], sum[r*in:(r+1)*in]
		kernel.ToBF16(rounded, row)
		delta := make([]float32, in)
		for k := range u.rank {
			b := u.b[r*u.rank+k]
			for i, a := range u.a[k*in : (k+1)*in] {
				delta[i] += float32(b * a)
			}
		}
		for i, d := range delta {
			row[i] = rounded[i].Float32() + float32(u.scale*d)
		}
		kernel.ToBF16(rounded, row)
		errs[r] = checkFinite(t.Name, row)
	})
	for r, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("row %d with the adapter's update: %w", r, err)
		}
	}
	return &tensor.Tensor{Name: t.Name, DType: tensor.DTypeBF16, Shape: t.Shape, Data: tensor.Bytes(sum)}, nil
}
