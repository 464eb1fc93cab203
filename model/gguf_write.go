package model

import (
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// Choice says in which format a tensor is written; "" = as it is. It is asked
// for the weights of products and for the embedding table; norms and biases,
// and the router, whose scores choose, are F32 in every GGUF file. Formats of
// blocks must divide the rows, the last dimension of Shape.
type Choice func(t TensorInfo) tensor.DType

// WriteGGUF writes w as one GGUF file, tensor by tensor, and returns its SHA-256
// in hexadecimal. meta are further keys, such as the vocabulary's and
// general.name; what is said of the model itself is written from its Config, the
// special tokens too where meta does not have them, and those that end a text
// where it has none of these. A Config that llama.cpp
// would compute otherwise is an error that names the field, see CheckGGUF. The
// experts that GGUF keeps in one tensor must be chosen one format. Tensors that
// keep their format are copied as they lie; llama.cpp's order of rows is made.
func WriteGGUF(path string, w *Weights, meta []gguf.Pair, choose Choice, tell Progress) (sha256hex string, err error) {
	defer runtime.KeepAlive(w)
	if err := CheckGGUF(w.cfg); err != nil {
		return "", err
	}
	out := ggufWriter{w: w, choose: choose, count: &counted{tell: tell}}
	list, err := out.sources()
	if err != nil {
		return "", err
	}
	return gguf.Write(path, mergePairs(ggufPairs(w.cfg, list), meta), list)
}

// mergePairs returns own without what extra says as well, and then extra. The
// tokens that end a text are said together.
func mergePairs(own, extra []gguf.Pair) []gguf.Pair {
	said := map[string]bool{}
	for _, p := range extra {
		said[p.Key] = true
	}
	ends := slices.ContainsFunc(extra, endsText)
	var all []gguf.Pair
	for _, p := range own {
		if !said[p.Key] && !(ends && endsText(p)) {
			all = append(all, p)
		}
	}
	return append(all, extra...)
}

// endsText reports whether the pair names a token that ends a text.
func endsText(p gguf.Pair) bool {
	return slices.ContainsFunc(endTokens, func(name string) bool { return p.Key == tokenKey(name) })
}

// ggufWriter lists the tensors of a file.
type ggufWriter struct {
	w      *Weights
	choose Choice
	count  *counted
	list   []tensor.Source
}

func (g *ggufWriter) sources() ([]tensor.Source, error) {
	stacks := map[string]int{} // index in list
	for _, t := range g.w.list {
		p := ggufPlace(g.w.cfg, t)
		d, err := g.format(t)
		if err != nil {
			return nil, err
		}
		fill := g.fill(t.Name, p, d)
		if p.expert < 0 {
			g.add(tensor.Source{Name: p.name, DType: d, Shape: t.Shape, Fill: fill})
			continue
		}
		i, ok := stacks[p.name]
		if !ok {
			stacks[p.name] = len(g.list)
			g.add(tensor.Source{Name: p.name, DType: d, Shape: append([]int{1}, t.Shape...), Fill: fill})
			continue
		}
		s := &g.list[i]
		if s.DType != d {
			return nil, fmt.Errorf("tensor %s was chosen the format %s, but the experts before it in %s have %s", t.Name, d, p.name, s.DType)
		}
		before := s.Fill
		s.Shape[0]++
		s.Fill = func(w io.Writer) error {
			if err := before(w); err != nil {
				return err
			}
			return fill(w)
		}
	}
	if err := g.addHead(); err != nil {
		return nil, err
	}
	g.addRopeFactors()
	for _, s := range g.list {
		size, err := tensor.SizeBytes(s.DType, s.Shape)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", s.Name, err)
		}
		g.count.total += int64(size)
	}
	return g.list, nil
}

func (g *ggufWriter) add(s tensor.Source) { g.list = append(g.list, s) }

// addHead writes tied embeddings twice where llama.cpp does not tie them.
func (g *ggufWriter) addHead() error {
	if !g.w.cfg.TieEmbeddings || !untiedGGUF(g.w.cfg.ModelType) {
		return nil
	}
	t := g.w.list[g.w.at[embedName]]
	d, err := g.format(t)
	if err != nil {
		return err
	}
	p := place{name: ggufHead, expert: -1}
	g.add(tensor.Source{Name: p.name, DType: d, Shape: t.Shape, Fill: g.fill(t.Name, p, d)})
	return nil
}

// untiedGGUF reports whether llama.cpp ties no embeddings of the model type.
func untiedGGUF(modelType string) bool { return modelType == OLMoE || modelType == Mellum }

// addRopeFactors writes what the rule of Llama 3 makes of the frequencies.
func (g *ggufWriter) addRopeFactors() {
	if s := g.w.cfg.RopeScaling; s != nil && s.Type == RopeLlama3 {
		factors := s.llama3Factors(g.w.cfg)
		g.add(tensor.FromF32(ggufRopeFreqs, factors, len(factors)).Source())
	}
}

// format returns the format in which a tensor is written.
func (g *ggufWriter) format(t TensorInfo) (tensor.DType, error) {
	switch t.Role {
	case RoleNorm, RoleBias, RoleRouter:
		return tensor.DTypeF32, nil
	}
	d := g.choose(t)
	if d == "" {
		d = t.DType
	}
	if d == tensor.DTypeF64 || !readable(d) {
		return "", fmt.Errorf("tensor %s: weights are not written in the format %q", t.Name, d)
	}
	if elements, _ := d.Block(); t.Shape[len(t.Shape)-1]%elements != 0 {
		return "", fmt.Errorf("tensor %s: rows of %d numbers do not divide into %s's blocks of %d; choose Q8_0 or BF16 for it",
			t.Name, t.Shape[len(t.Shape)-1], d, elements)
	}
	return d, nil
}

// fill writes the tensor of that name as p has it.
func (g *ggufWriter) fill(name string, p place, d tensor.DType) func(io.Writer) error {
	return func(w io.Writer) error {
		t, err := g.w.stored(name)
		if err != nil {
			return err
		}
		switch {
		case t.heads == p.heads: // as it lies, or it lies so already
			t.heads = 0
		default:
			t.heads = -p.heads
		}
		if err := writeRows(g.count.through(w), t, d); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	}
}
