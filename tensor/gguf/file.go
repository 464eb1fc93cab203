// Package gguf reads and writes models in the GGUF format, in one file or in
// several parts.
//
// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
package gguf

import (
	"fmt"

	"github.com/polymath-lm/polymath/tensor"
)

// File is an open model: one file, or all parts of a model. Goroutines may
// share it until it is closed.
type File struct {
	path     string // of the first part, for messages
	maps     []*tensor.Mapping
	names    []string
	tensors  map[string]stored
	metadata *Metadata
}

// stored is a tensor with its place. The tensor has no DType where its format
// cannot be read.
type stored struct {
	tensor tensor.Tensor
	format *format
	place  tensor.Location
}

// Open maps the file at path, and all parts of its model where it is the first
// of several, named NAME-00001-of-0000N.gguf. Versions 2 and 3, little-endian,
// are read. Everything that a header says is checked; an error names the file
// and, where there is one, the key or tensor.
func Open(path string) (*File, error) {
	f := newFile(path)
	if err := f.addAll(); err != nil {
		_ = f.Close() // the other error matters
		return nil, err
	}
	return f, nil
}

func newFile(path string) *File { return &File{path: path, tensors: map[string]stored{}} }

// add maps one file and enters its tensors.
func (f *File) add(path string) (*header, error) {
	m, err := tensor.Map(path)
	if err != nil {
		return nil, err
	}
	f.maps = append(f.maps, m)
	return f.enter(path, m.Bytes())
}

// enter enters the tensors of a file's content.
func (f *File) enter(path string, data []byte) (*header, error) {
	h, err := parseHeader(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, e := range h.entries {
		if f.Has(e.name) {
			return nil, fmt.Errorf("%s: tensor %q is in another part too", path, e.name)
		}
		begin, end := h.start+int(e.begin), h.start+int(e.end)
		f.tensors[e.name] = stored{
			tensor: tensor.Tensor{Name: e.name, DType: e.format.dtype, Shape: e.shape, Data: data[begin:end:end]},
			format: e.format,
			place:  tensor.Location{Path: path, Offset: int64(begin)},
		}
		f.names = append(f.names, e.name)
	}
	return h, nil
}

// Names returns the names of all tensors in the order of the data. The caller
// must not change the slice.
func (f *File) Names() []string { return f.names }

// Metadata returns what the first part says beside its tensors.
func (f *File) Metadata() *Metadata { return f.metadata }

// Has reports whether there is a tensor of that name.
func (f *File) Has(name string) bool { _, ok := f.tensors[name]; return ok }

// Tensor returns the tensor of that name, its shape outermost first. Its data
// lies in the mapped file, read-only, and ends with Close; only where the file's
// writer did not align it to its elements is it a copy, made anew at each call.
// A format that package tensor does not have is an error that names it.
func (f *File) Tensor(name string) (*tensor.Tensor, error) {
	t, err := f.Mapped(name)
	if err != nil {
		return nil, err
	}
	if width := t.DType.Bits() / 8; width > 1 && !tensor.Aligned(t.Data, width) {
		t.Data = tensor.AlignedCopy(t.Data)
	}
	return t, nil
}

// Mapped is Tensor, but never a copy: the data may not be aligned to its
// elements, so that they must be read as bytes.
func (f *File) Mapped(name string) (*tensor.Tensor, error) {
	s, err := f.find(name)
	if err != nil {
		return nil, err
	}
	t := s.tensor
	if t.DType == "" {
		return nil, fmt.Errorf("%s: tensor %q is in the format %s, which is not read: get the model in Q8_0, Q6_K, Q5_K, Q4_K, Q4_0, MXFP4, BF16, F16 or F32", f.path, name, s.format.name)
	}
	return &t, nil
}

// Locate returns where the data of the tensor of that name begins, for whoever
// reads it without the mapping. Its size and form are Tensor's.
func (f *File) Locate(name string) (tensor.Location, error) {
	s, err := f.find(name)
	return s.place, err
}

func (f *File) find(name string) (stored, error) {
	s, ok := f.tensors[name]
	if !ok {
		return stored{}, fmt.Errorf("%s: no tensor %q", f.path, name)
	}
	return s, nil
}

// Close ends the mapping. No tensor's data may be touched after it.
func (f *File) Close() error {
	var first error
	for _, m := range f.maps {
		if err := m.Close(); first == nil {
			first = err
		}
	}
	f.maps, f.tensors, f.names = nil, nil, nil
	return first
}
