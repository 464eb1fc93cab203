// Package safetensors reads and writes models in the safetensors format, in
// one file or in several with an index.
//
// Source: https://github.com/huggingface/safetensors (format description).
package safetensors

import (
	"fmt"
	"maps"

	"github.com/polymath-lm/polymath/tensor"
)

// File is an open model: one file, or all files of a sharded model. Goroutines
// may share it until it is closed.
type File struct {
	maps     []*tensor.Mapping
	tensors  map[string]*tensor.Tensor
	places   map[string]tensor.Location
	names    []string
	metadata map[string]string
	path     string // for messages
}

// Open maps the file at path. Everything that its header says is checked; an
// error names the file and, where there is one, the tensor.
func Open(path string) (*File, error) {
	f := newFile(path)
	if err := f.add(path); err != nil {
		f.closeQuietly()
		return nil, err
	}
	return f, nil
}

func newFile(path string) *File {
	return &File{path: path, tensors: map[string]*tensor.Tensor{}, places: map[string]tensor.Location{}, metadata: map[string]string{}}
}

// add maps one file and enters its tensors.
func (f *File) add(path string) error {
	m, err := tensor.Map(path)
	if err != nil {
		return err
	}
	f.maps = append(f.maps, m)
	h, err := parseHeader(m.Bytes())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, e := range h.entries {
		if f.tensors[e.name] != nil {
			return fmt.Errorf("%s: tensor %q is in another file too", path, e.name)
		}
		data := m.Bytes()[h.start+e.begin : h.start+e.end : h.start+e.end]
		f.tensors[e.name] = &tensor.Tensor{Name: e.name, DType: e.dtype, Shape: e.shape, Data: data}
		f.places[e.name] = tensor.Location{Path: path, Offset: int64(h.start + e.begin)}
		f.names = append(f.names, e.name)
	}
	maps.Copy(f.metadata, h.metadata)
	return nil
}

// Names returns the names of all tensors in the order of the data. The caller
// must not change the slice.
func (f *File) Names() []string { return f.names }

// Metadata returns the free text that the file carries. The caller must not
// change the map.
func (f *File) Metadata() map[string]string { return f.metadata }

// Has reports whether there is a tensor of that name.
func (f *File) Has(name string) bool { return f.tensors[name] != nil }

// Tensor returns the tensor of that name. Its data lies in the mapped file,
// read-only, and ends with Close; only where the file's writer did not align
// it to its elements is it a copy, made anew at each call.
func (f *File) Tensor(name string) (*tensor.Tensor, error) {
	t, err := f.Mapped(name)
	if err != nil {
		return nil, err
	}
	if width := (t.DType.Bits() + 7) / 8; width&(width-1) == 0 && !tensor.Aligned(t.Data, width) {
		aligned := *t
		aligned.Data = tensor.AlignedCopy(t.Data)
		return &aligned, nil
	}
	return t, nil
}

// Mapped is Tensor, but never a copy: the data may not be aligned to its
// elements, so that they must be read as bytes.
func (f *File) Mapped(name string) (*tensor.Tensor, error) {
	t := f.tensors[name]
	if t == nil {
		return nil, fmt.Errorf("%s: no tensor %q", f.path, name)
	}
	return t, nil
}

// Locate returns where the data of the tensor of that name begins, for whoever
// reads it without the mapping. Its size and form are Tensor's.
func (f *File) Locate(name string) (tensor.Location, error) {
	if f.tensors[name] == nil {
		return tensor.Location{}, fmt.Errorf("%s: no tensor %q", f.path, name)
	}
	return f.places[name], nil
}

// Close ends the mapping. No tensor's data may be touched after it.
func (f *File) Close() error {
	var first error
	for _, m := range f.maps {
		if err := m.Close(); first == nil {
			first = err
		}
	}
	f.maps, f.tensors, f.places, f.names = nil, nil, nil, nil
	return first
}

// closeQuietly is for when another error is being returned.
func (f *File) closeQuietly() { _ = f.Close() }
