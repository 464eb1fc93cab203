package modelfile

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Plan is what a conversion will make.
type Plan struct {
	From, To   string
	ModelType  string
	Parameters int64
	Parts      []PlannedPart // by what they do, in the decoder's order
	Bytes      int64         // of the weights that are written
	WorkBytes  int64         // of the disk that is needed besides, until the end
	Notes      []string      // choices that could not be kept, and why
}

// PlannedPart is the weights of one role.
type PlannedPart struct {
	Role     string
	Elements int64
	From, To string // formats, such as bf16; several with + between
	Bytes    int64  // that are written
}

// makePlan chooses the format of each tensor and adds up.
func (c *Conversion) makePlan() error {
	c.choice = map[string]tensor.DType{}
	c.plan = Plan{From: c.src, To: c.dst, ModelType: c.w.Config().ModelType}
	if c.toGGUF {
		if err := c.checkGGUF(); err != nil {
			return err
		}
	}
	c.plan.Parameters, _ = c.w.Config().Params()
	if !c.toGGUF && c.options.DType == "" {
		c.options.DType = c.kept()
	}
	narrowed := map[string]int{}
	parts := map[model.Role]*PlannedPart{}
	for _, t := range c.w.Tensors() {
		to, fallback := c.choose(t)
		if fallback != "" {
			narrowed[fallback]++
		}
		c.choice[t.Name] = to
		size, err := tensor.SizeBytes(to, t.Shape)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", t.Name, err)
		}
		p := parts[t.Role]
		if p == nil {
			p = &PlannedPart{Role: t.Role.String()}
			parts[t.Role] = p
		}
		p.add(t, to, int64(size))
		c.plan.Bytes += int64(size)
		if c.worked(t) {
			c.plan.WorkBytes += int64(size) + trailerBytes
		}
	}
	for role := range model.Role(model.NumRoles) {
		if p := parts[role]; p != nil {
			c.plan.Parts = append(c.plan.Parts, *p)
		}
	}
	for note, n := range narrowed {
		c.plan.Notes = append(c.plan.Notes, fmt.Sprintf(note, n))
	}
	slices.Sort(c.plan.Notes)
	return nil
}

// checkGGUF sees that a GGUF file can have what the model is beside its weights.
func (c *Conversion) checkGGUF() error {
	cfg := c.w.Config()
	if err := model.CheckGGUF(cfg); err != nil {
		return fmt.Errorf("%s: %w", c.src, err)
	}
	pairs, err := Metadata(c.src, cfg)
	if err != nil {
		return err
	}
	c.plan.Notes = endsLeftOut(pairs, cfg)
	if t, err := tokenizer.Load(filepath.Join(c.src, tokenizerName)); err == nil && t.GGMLNote() != "" { // a GGUF file has none
		c.plan.Notes = append(c.plan.Notes, t.GGMLNote())
	}
	return nil
}

func (p *PlannedPart) add(t model.TensorInfo, to tensor.DType, size int64) {
	n := int64(1)
	for _, d := range t.Shape {
		n *= int64(d)
	}
	p.Elements += n
	p.Bytes += size
	p.From, p.To = joined(p.From, formatName(t.DType)), joined(p.To, formatName(to))
}

// joined adds a name to a list with + between.
func joined(list, name string) string {
	switch {
	case list == "":
		return name
	case slices.Contains(splitPlus(list), name):
		return list
	}
	return list + "+" + name
}

// kept is the one format that a directory gets where none is chosen: that of the
// source's products, and BF16 for blocks.
func (c *Conversion) kept() tensor.DType {
	kept := tensor.DType("")
	for _, t := range c.w.Tensors() {
		if plain(t.Role) {
			continue
		}
		switch {
		case t.DType == tensor.DTypeF32 || t.DType == tensor.DTypeF64:
			return tensor.DTypeF32
		case kept == "" && !t.DType.IsBlocked():
			kept = t.DType
		case kept != t.DType:
			kept = tensor.DTypeBF16
		}
	}
	if kept == "" {
		return tensor.DTypeBF16
	}
	return kept
}

// plain reports whether weights of a role are F32 in every GGUF file.
func plain(r model.Role) bool {
	return r == model.RoleNorm || r == model.RoleBias || r == model.RoleRouter
}

// choose returns the format that a tensor is written in. Where its rows do not
// divide into the blocks of the one that was asked for, fallback says so.
func (c *Conversion) choose(t model.TensorInfo) (to tensor.DType, fallback string) {
	o := &c.options
	if !c.toGGUF {
		return o.DType, ""
	}
	if plain(t.Role) {
		return tensor.DTypeF32, ""
	}
	to = o.DType
	byRole := map[model.Role]tensor.DType{
		model.RoleExpert: o.Experts, model.RoleAttention: o.Attention,
		model.RoleEmbedding: o.Embeddings, model.RoleHead: o.Output,
	}
	if own := byRole[t.Role]; own != "" {
		to = own
	}
	switch {
	case to == "" && t.DType == tensor.DTypeF64:
		return tensor.DTypeF32, ""
	case to == "":
		return t.DType, ""
	}
	row := t.Shape[len(t.Shape)-1]
	if block, _ := to.Block(); row%block == 0 {
		return to, ""
	}
	wanted := to
	to = tensor.DTypeBF16
	if row%32 == 0 {
		to = tensor.DTypeQ8_0
	}
	return to, fmt.Sprintf("%%d tensors become %s: rows of %d do not divide into blocks of %s", formatName(to), row, formatName(wanted))
}

// worked reports whether a tensor is encoded anew, and so kept in the work
// directory until the end.
func (c *Conversion) worked(t model.TensorInfo) bool {
	return c.choice[t.Name] != t.DType && !(c.toGGUF && plain(t.Role))
}

func splitPlus(list string) []string { return strings.Split(list, "+") }

// chosen is the format of a tensor of ours for package model.
func (c *Conversion) chosen(t model.TensorInfo) tensor.DType { return c.choice[t.Name] }
