package model

import (
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/tensor"
)

// Close closes the file that the model keeps open, if any. The model must not
// be used after it. A model that is collected closes its file as well, so
// calling Close is only for those who cannot wait; calling it twice does
// nothing.
func (m *Model) Close() error {
	if m.resident != nil {
		return m.resident.close()
	}
	if m.weights == nil {
		return nil
	}
	return m.weights.Close()
}

// SizeBytes returns the memory of the model's weights in the formats in which it
// holds them, with masters and gradients. Embeddings that are looked up in the
// file do not count: the system keeps of them what is used.
func (m *Model) SizeBytes() int64 {
	if m.resident != nil {
		return m.resident.plan.Held
	}
	n := int64(0)
	for _, p := range m.params {
		for _, w := range []*kernel.Packed{p.W, p.WT} {
			if w != nil {
				n += w.SizeBytes()
			}
		}
		if !(m.weights != nil && m.weights.mapsTable(p)) {
			n += 2 * int64(len(p.Table))
		}
		n += 4 * int64(len(p.Vector)+len(p.Master)+len(p.Grad))
	}
	return n
}

// mapsTable reports whether a loaded model's p.Table is the file itself.
func (w *Weights) mapsTable(p *Param) bool {
	if _, ok := w.at[p.Name]; !ok || len(p.Table) == 0 {
		return false
	}
	t, err := w.raw(p.Name)
	return err == nil && t.DType == tensor.DTypeBF16 && &t.Data[0] == &tensor.Bytes(p.Table)[0]
}
