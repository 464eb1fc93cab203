package quantize

import (
	"context"
	"fmt"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// read returns group g of p in fp32, from the source.
func (r *run) read(p *model.Param, g int) ([]float32, error) {
	w := make([]float32, p.GroupLen())
	for _, part := range p.Parts {
		if part.Group != g {
			continue
		}
		t, err := r.source.Tensor(part.Name)
		if err == nil {
			err = t.CopyF32(p.PartOf(part, w))
		}
		if err != nil {
			return nil, err
		}
	}
	return w, nil
}

// format returns the format that p's tensors get: they are of one role.
func (r *run) format(p *model.Param) tensor.DType { return r.formats[p.Parts[0].Name] }

// install gives the model's layer the weights that it became.
func (r *run) install(number int, file *layerFile) error {
	for _, p := range r.model.LayerParams(number) {
		w := make([]float32, p.GroupLen())
		for g := range p.Groups {
			for _, part := range p.Parts {
				if part.Group != g {
					continue
				}
				t, err := file.tensor(part.Name, r.formats[part.Name], p.PartShape(part))
				if err == nil {
					err = t.CopyF32(p.PartOf(part, w))
				}
				if err != nil {
					return err
				}
			}
			p.SetGroup(g, w)
		}
	}
	return nil
}

// tensor returns the function that gives the result's tensors by name until ctx
// ends.
func (res *Result) tensor(ctx context.Context, r *run) func(name string) (*tensor.Tensor, error) {
	infos := map[string]model.TensorInfo{}
	for _, t := range r.source.Tensors() {
		infos[t.Name] = t
	}
	return func(name string) (*tensor.Tensor, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		info, ok := infos[name]
		if !ok {
			return nil, fmt.Errorf("the model has no tensor %q", name)
		}
		if info.Layer >= 0 {
			file, err := res.work.layer(info.Layer)
			if err == nil && file == nil {
				err = fmt.Errorf("layer %d is missing in %s", info.Layer, res.work.dir)
			}
			if err != nil {
				return nil, err
			}
			return file.tensor(name, r.formats[name], info.Shape)
		}
		t, err := r.source.Tensor(name)
		if err != nil {
			return nil, err
		}
		return convert(t, r.formats[name])
	}
}

// convert rounds a whole tensor to nearest.
func convert(t *tensor.Tensor, d tensor.DType) (*tensor.Tensor, error) {
	if t.DType == d {
		return t, nil
	}
	x := make([]float32, t.Len())
	if err := t.CopyF32(x); err != nil {
		return nil, err
	}
	out := &tensor.Tensor{Name: t.Name, DType: d, Shape: t.Shape}
	if !d.IsBlocked() {
		return plain(out, x)
	}
	out, err := newTensor(out)
	if err == nil {
		err = roundRows(out.Data, d, x, t.Shape[len(t.Shape)-1], nil)
	}
	return out, err
}

// newTensor allocates t's data.
func newTensor(t *tensor.Tensor) (*tensor.Tensor, error) {
	n, err := tensor.SizeBytes(t.DType, t.Shape)
	if err != nil {
		return nil, err
	}
	t.Data = make([]byte, n)
	return t, nil
}

// plain makes t of numbers x, which it may alias, in a format without blocks.
func plain(t *tensor.Tensor, x []float32) (*tensor.Tensor, error) {
	switch t.DType {
	case tensor.DTypeF32:
		return tensor.FromF32(t.Name, x, t.Shape...), nil
	case tensor.DTypeBF16:
		data := make([]tensor.BF16, len(x))
		kernel.ToBF16(data, x)
		return tensor.FromBF16(t.Name, data, t.Shape...), nil
	case tensor.DTypeF16:
		data := make([]tensor.F16, len(x))
		for i, v := range x {
			if data[i] = tensor.F16FromFloat32(v); data[i].IsInf() && v-v == 0 {
				return nil, fmt.Errorf("%v is larger than any number of F16; choose BF16 or F32", v)
			}
		}
		t.Data = tensor.Bytes(data)
		return t, nil
	}
	return nil, fmt.Errorf("format %q is not one to quantize to", t.DType)
}
