package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/model/nn"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// Weights is a model as its Config and its tensors by name, each read when it is
// asked for: what a conversion passes on tensor by tensor, and what Load fills a
// Model from. Names, shapes and the order of rows are the ecosystem's
// (model.layers.0.self_attn.q_proj.weight, outermost dimension first), whatever
// the file holds: those of the decoder of a model that sees are those of one that
// does not. Goroutines may share it until it is closed.
type Weights struct {
	cfg  *Config
	path string // for messages; empty if there is no file
	list []TensorInfo
	at   map[string]int // index in list
	// raw returns a tensor as it lies, and what became of its rows.
	raw   func(name string) (stored, error)
	file  source // nil = nothing to close
	owner *Model // who closes the file, if that is a model
	gguf  *gguf.File
	isDir bool
}

// TensorInfo is what there is to know of a tensor without its data.
type TensorInfo struct {
	Name  string
	Role  Role
	Layer int          // -1 = it belongs to none
	DType tensor.DType // in the file
	Shape []int
}

// Role says what a tensor does in the decoder.
type Role int

// The roles of tensors.
const (
	RoleEmbedding   Role = iota
	RoleHead             // from hidden states to logits, or to the one number of a reward model; tied embeddings have the role RoleEmbedding
	RoleNorm             // the weights of an RMSNorm
	RoleBias             // of query, key and value, or of the choice of experts
	RoleRouter           // from hidden states to the experts' scores
	RoleAttention        // query, key, value and output products
	RoleFeedForward      // a dense layer's products, or a shared expert's
	RoleExpert           // one expert's products
	RoleVision           // all of the vision tower and its projector
)

// NumRoles is how many roles there are.
const NumRoles = int(RoleVision) + 1

var roleNames = [...]string{"embedding", "head", "norm", "bias", "router", "attention", "feed-forward", "expert", "vision"}

// String returns the role in words.
func (r Role) String() string {
	if r < 0 || int(r) >= len(roleNames) {
		return fmt.Sprintf("role %d", int(r))
	}
	return roleNames[r]
}

// stored is a tensor whose rows may lie in another order than is wanted.
type stored struct {
	*tensor.Tensor
	heads int             // > 0: the two halves of each of so many heads lie interleaved; < 0: they are to be
	at    tensor.Location // where its data begins; no Path = in no file
}

// source is an open file of tensors.
type source interface {
	Names() []string
	Has(name string) bool
	Tensor(name string) (*tensor.Tensor, error)
	Locate(name string) (tensor.Location, error)
	Close() error
}

// NewWeights returns a model whose tensors get returns, in the format that
// format tells before: so tensors of other Weights may be changed on the way.
// An invalid cfg is an error. The caller keeps what get reads open.
func NewWeights(cfg *Config, format func(name string) tensor.DType, get func(name string) (*tensor.Tensor, error)) (*Weights, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	w := newWeights(cfg.clone())
	for i := range w.list {
		w.list[i].DType = format(w.list[i].Name)
	}
	w.raw = func(name string) (stored, error) {
		t, err := get(name)
		if err != nil {
			return stored{}, err
		}
		if info := &w.list[w.at[name]]; t.DType != info.DType || !slices.Equal(t.Shape, info.Shape) {
			return stored{}, fmt.Errorf("tensor %s is %s %v; it was to be %s %v", name, t.DType, t.Shape, info.DType, info.Shape)
		}
		return stored{Tensor: t}, nil
	}
	return w, nil
}

// newWeights lists the tensors of a model of cfg, without their formats.
func newWeights(cfg *Config) *Weights {
	w := &Weights{cfg: cfg, at: map[string]int{}}
	m := build(cfg)
	for _, p := range m.params {
		for _, part := range p.Parts {
			w.add(TensorInfo{Name: part.Name, Role: roleOf(p, part.Name), Layer: layerOf(part.Name), Shape: p.PartShape(part)})
		}
	}
	if cfg.Scalar {
		w.add(TensorInfo{Name: ScoreName, Role: RoleHead, Layer: -1, Shape: []int{1, cfg.HiddenSize}})
	}
	for l := range m.layers {
		if cfg.RouterBias && m.layers[l].moe != nil {
			w.add(TensorInfo{Name: biasName(cfg, l), Role: RoleBias, Layer: l, Shape: []int{cfg.NumExperts}})
		}
	}
	return w
}

func (w *Weights) add(t TensorInfo) {
	w.at[t.Name] = len(w.list)
	w.list = append(w.list, t)
}

func layerOf(name string) int {
	layer := -1
	if rest, ok := strings.CutPrefix(name, "model.layers."); ok {
		if _, err := fmt.Sscanf(rest, "%d", &layer); err != nil {
			panic(fmt.Sprintf("model: layer of %s: %v", name, err)) // the names are ours
		}
	}
	return layer
}

func roleOf(p *Param, name string) Role {
	switch {
	case isSight(name):
		return RoleVision
	case p.Forms&nn.NormWeight != 0:
		return RoleNorm
	case strings.HasSuffix(name, ".bias"):
		return RoleBias
	case p.Forms&nn.Lookup != 0:
		return RoleEmbedding
	case name == headName:
		return RoleHead
	case strings.Contains(name, ".self_attn."):
		return RoleAttention
	case strings.Contains(name, ".experts."):
		return RoleExpert
	case strings.HasSuffix(name, ".gate.weight"):
		return RoleRouter
	}
	return RoleFeedForward
}

const (
	embedName = "model.embed_tokens.weight"
	normName  = "model.norm.weight"
	headName  = "lm_head.weight"
)

// Config returns the model's shape; the caller must not change it.
func (w *Weights) Config() *Config { return w.cfg }

// Tensors lists all tensors in the model's order. The caller must not change
// the slice.
func (w *Weights) Tensors() []TensorInfo { return w.list }

// Tensor returns a tensor that Tensors lists; another name is an error. Its data
// may lie in the file, read-only, until Close.
func (w *Weights) Tensor(name string) (*tensor.Tensor, error) {
	t, err := w.stored(name)
	if err != nil {
		return nil, err
	}
	if t.heads != 0 || !t.aligned() {
		return t.inOrder(), nil
	}
	return t.Tensor, nil
}

// aligned reports whether the elements can be viewed as they lie.
func (t stored) aligned() bool {
	_, width := t.DType.Block()
	return t.DType.IsBlocked() || tensor.Aligned(t.Data, width)
}

func (w *Weights) stored(name string) (stored, error) {
	if _, ok := w.at[name]; !ok {
		return stored{}, fmt.Errorf("a model of type %s with this configuration has no tensor %q", w.cfg.ModelType, name)
	}
	return w.raw(name)
}

// GGUF returns the open file if the model is one in the GGUF format, for its
// metadata, and nil otherwise.
func (w *Weights) GGUF() *gguf.File { return w.gguf }

// Dir returns the directory if the model is one, and "" otherwise.
func (w *Weights) Dir() string {
	if w.isDir {
		return w.path
	}
	return ""
}

// SizeBytes returns the size of all tensors in their formats.
func (w *Weights) SizeBytes() int64 {
	total := int64(0)
	for _, t := range w.list {
		n, err := tensor.SizeBytes(t.DType, t.Shape)
		if err != nil {
			panic(fmt.Sprintf("model: %s: %v", t.Name, err)) // checked when it was opened
		}
		total += int64(n)
	}
	return total
}

// Close closes the file. No tensor's data may be touched after it.
func (w *Weights) Close() error {
	if w.file == nil {
		return nil
	}
	return w.file.Close()
}

// check compares the tensors of w.file with those that the Config asks for, and
// enters their formats. called is what the file calls a tensor of ours, and
// known whether there is a use for one of the file's.
func (w *Weights) check(called func(name string) string, known func(string) bool) error {
	for _, i := range w.byName() {
		info := &w.list[i]
		theirs := called(info.Name)
		if !w.file.Has(theirs) {
			return fmt.Errorf("tensor %s is missing", theirs)
		}
		t, err := w.raw(info.Name)
		if err != nil {
			return err
		}
		if !slices.Equal(t.Shape, info.Shape) {
			return fmt.Errorf("tensor %s has shape %v; the configuration asks for %v", theirs, t.Shape, info.Shape)
		}
		if !readable(t.DType) {
			return fmt.Errorf("tensor %s: this program does not read numbers of format %s; convert it to BF16, F16 or F32", theirs, t.DType)
		}
		info.DType = t.DType
	}
	for _, name := range w.file.Names() {
		if !known(name) {
			return fmt.Errorf("tensor %s has no place in a model of type %s", name, w.cfg.ModelType)
		}
	}
	return nil
}

func (w *Weights) byName() []int {
	var order []int
	for _, name := range slices.Sorted(maps.Keys(w.at)) {
		order = append(order, w.at[name])
	}
	return order
}

// readable reports whether Tensor.CopyF32 reads the format.
func readable(d tensor.DType) bool {
	switch d {
	case tensor.DTypeF64, tensor.DTypeF32, tensor.DTypeF16, tensor.DTypeBF16:
		return true
	}
	return d.IsBlocked()
}
