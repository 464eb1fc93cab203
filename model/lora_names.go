package model

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// adapterFile is an open file of an adapter, whose tensors have the names that
// those for the decoder alone would have, whatever the file calls them.
type adapterFile struct {
	*safetensors.File
	theirs map[string]string // names in the file; nil = they are ours
}

// called gives the names for an adapter of a model of this shape.
func (c *Config) called(f *safetensors.File) *adapterFile {
	if c.Vision == nil {
		return &adapterFile{File: f}
	}
	theirs := map[string]string{}
	for _, name := range f.Names() {
		ours := name
		if module, ok := strings.CutPrefix(name, adapterPrefix); ok {
			ours = adapterPrefix + plainName(module)
		}
		if _, twice := theirs[ours]; twice {
			ours = name // it has no place
		}
		theirs[ours] = name
	}
	return &adapterFile{File: f, theirs: theirs}
}

func (f *adapterFile) their(name string) string {
	if f.theirs == nil {
		return name
	}
	return f.theirs[name]
}

// Names lists the tensors.
func (f *adapterFile) Names() []string {
	if f.theirs == nil {
		return f.File.Names()
	}
	return slices.Sorted(maps.Keys(f.theirs))
}

// Has reports whether there is a tensor of the name.
func (f *adapterFile) Has(name string) bool { return f.File.Has(f.their(name)) }

// Tensor returns a tensor.
func (f *adapterFile) Tensor(name string) (*tensor.Tensor, error) {
	return f.File.Tensor(f.their(name))
}

// writtenAdapter returns what PEFT calls a tensor of the adapter of a model of this
// shape. In transformers a decoder that sees is a part of the model.
func (c *Config) writtenAdapter(name string) string {
	if c.Vision == nil {
		return name
	}
	return adapterPrefix + "model.language_model." + strings.TrimPrefix(name, adapterPrefix+"model.")
}

// targetModules is what PEFT finds the updated modules by: the last parts of their
// names, or of a model that sees, whose tower has modules of the same names, an
// expression that means the decoder's alone.
func (c *Config) targetModules(names []string) any {
	if c.Vision == nil {
		return names
	}
	for i, name := range names {
		names[i] = regexp.QuoteMeta(name)
	}
	return `.*\blanguage_model\..*\.(` + strings.Join(names, "|") + `)`
}
