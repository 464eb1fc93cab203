package model

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model/nn"
)

// AdapterConfig is the shape of a low-rank adapter (arXiv:2106.09685): which
// products of a model it updates, and how.
type AdapterConfig struct {
	// Rank is the number of columns of B, at least 1.
	Rank int
	// Alpha divided by Rank scales the update, or with RankStable divided by the
	// square root of Rank (arXiv:2312.03732).
	Alpha      float64
	RankStable bool
	// Targets are the updated products by the last part of their tensors' names,
	// such as q_proj: see AdapterTargets.
	Targets []string
}

// AdapterTargets lists what AdapterConfig.Targets may name. In a mixture of
// experts the last three mean those of every expert, whatever the model's
// files call them.
func AdapterTargets() []string {
	return []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
}

// mixtralTargets are the names that Mixtral's files have for experts' products.
var mixtralTargets = map[string]string{"w1": "gate_proj", "w3": "up_proj", "w2": "down_proj"}

// Check returns an error that names the field of an impossible value.
func (c *AdapterConfig) Check() error {
	switch {
	case c.Rank < 1 || c.Rank > 1<<14:
		return fmt.Errorf("rank of %d is impossible: it must be between 1 and %d", c.Rank, 1<<14)
	case !(c.Alpha > 0) || c.Alpha > 1<<20:
		return fmt.Errorf("alpha of %v is impossible: it must be more than 0 and at most %d", c.Alpha, 1<<20)
	case len(c.Targets) == 0:
		return errors.New("targets are missing: name at least one of " + strings.Join(AdapterTargets(), ", "))
	}
	for i, target := range c.Targets {
		if !slices.Contains(AdapterTargets(), target) {
			return fmt.Errorf("targets: there is no %q, only %s", target, strings.Join(AdapterTargets(), ", "))
		}
		if slices.Contains(c.Targets[:i], target) {
			return fmt.Errorf("targets: %s is listed twice", target)
		}
	}
	return nil
}

// scale is the factor of B·A.
func (c *AdapterConfig) scale() float32 {
	if c.RankStable {
		return float32(c.Alpha / math.Sqrt(float64(c.Rank)))
	}
	return float32(c.Alpha / float64(c.Rank))
}

// adapter is what AddAdapter and LoadAdapter put on a model.
type adapter struct {
	config  AdapterConfig
	params  []*Param
	updated []*Param // base Params with a LoRA
	train   bool
}

// AddAdapter puts a new adapter on a model that was loaded for inference, to be
// trained: A is random, a function of seed, and B zero, so that the model's
// results stay what they were. From then on backward passes add to the
// gradients of AdapterParams and of nothing else. It allocates the transposed
// form of every matrix of the decoder, in bf16; a vision tower stays as it is. A
// model that is trainable itself, has an adapter, or whose weights are not all in
// memory is an error.
func (m *Model) AddAdapter(c AdapterConfig, seed uint64) error {
	if err := m.putAdapter(c, true, targetsOf(c)); err != nil {
		return err
	}
	for _, p := range m.adapter.params {
		p.Init(seed)
	}
	m.Sync()
	return nil
}

// AdapterParams returns the arrays of the adapter in a fixed order, by layer;
// none without an adapter. The caller must not change the slice.
func (m *Model) AdapterParams() []*Param {
	if m.adapter == nil {
		return nil
	}
	return m.adapter.params
}

// Adapter returns the shape of the adapter; ok is false without one.
func (m *Model) Adapter() (c AdapterConfig, ok bool) {
	if m.adapter == nil {
		return AdapterConfig{}, false
	}
	return m.adapter.config, true
}

// AdapterShapes lists the parameters that AddAdapter would make for a model of
// this shape, without arrays, and the memory in bytes that passes of rows tokens
// take beside the workspace. Both must be valid.
func AdapterShapes(cfg *Config, c AdapterConfig, rows int) (params []*Param, scratchBytes int64) {
	own := *cfg
	m := build(&own)
	a := m.layOutAdapter(c, targetsOf(c))
	if own.NumExperts > 0 {
		rows *= own.NumExpertsPerTok
	}
	return a.params, nn.LoRAScratchBytes(m.params, rows)
}

// targetsOf is the choice of a config's targets.
func targetsOf(c AdapterConfig) func(module string) bool {
	return func(module string) bool { return slices.Contains(c.Targets, targetOf(module)) }
}

// targetOf is the name that AdapterConfig has for a module.
func targetOf(module string) string {
	name := module[strings.LastIndexByte(module, '.')+1:]
	if strings.Contains(module, ".block_sparse_moe.experts.") {
		return mixtralTargets[name]
	}
	return name
}

// moduleOf is the ecosystem's module that part is the weight of.
func moduleOf(part nn.Part) string { return strings.TrimSuffix(part.Name, ".weight") }

var errHasAdapter = errors.New("the model has an adapter already")

// putAdapter allocates an adapter on the modules of choose.
func (m *Model) putAdapter(c AdapterConfig, train bool, choose func(module string) bool) error {
	switch {
	case m.adapter != nil:
		return errHasAdapter
	case m.trainable:
		return errors.New("the model was opened for training all weights; open it for inference to put an adapter on it")
	}
	if train {
		if err := m.needTransposed(); err != nil {
			return err
		}
	}
	a := m.layOutAdapter(c, choose)
	if len(a.params) == 0 {
		return fmt.Errorf("the model has none of the adapter's targets: %s", strings.Join(c.Targets, ", "))
	}
	a.train = train
	for _, p := range a.params {
		p.Alloc(train)
	}
	m.adapter = a
	return nil
}

// needTransposed makes the form of every matrix of the decoder that backward
// passes need; below it nothing is trained.
func (m *Model) needTransposed() error {
	for _, p := range m.params[:m.decoder] {
		if p.Forms&nn.Product != 0 && (p.W == nil || p.Pager != nil) {
			return fmt.Errorf("%s is not in memory: training needs the whole model in memory", p.Name)
		}
	}
	for _, p := range m.params[:m.decoder] {
		if p.Forms&nn.Product != 0 && p.WT == nil {
			p.WT = kernel.NewPacked(p.Groups, p.Out, p.In)
			p.WT.PackTransposed(p.W)
		}
	}
	return nil
}

// layOutAdapter makes the parameters without arrays, and hangs them in.
func (m *Model) layOutAdapter(c AdapterConfig, choose func(module string) bool) *adapter {
	a := &adapter{config: c}
	for _, p := range m.params[:m.decoder] {
		if p.Forms != nn.Product || strings.HasSuffix(p.Name, ".gate.weight") || p.Name == "lm_head.weight" {
			continue
		}
		if l := newLoRA(p, c, choose); l != nil {
			p.LoRA = l
			a.updated = append(a.updated, p)
			a.params = append(a.params, l.A)
			for _, part := range l.Parts {
				a.params = append(a.params, part.B)
			}
		}
	}
	return a
}

// adapterPrefix is what PEFT puts before the names of modules.
const adapterPrefix = "base_model.model."

// newLoRA makes the update of p's chosen parts: of those of group 0, since
// groups are alike. It is nil if there are none.
func newLoRA(p *Param, c AdapterConfig, choose func(module string) bool) *nn.LoRA {
	base := strings.TrimSuffix(p.Name, ".weight")
	l := &nn.LoRA{Scale: c.scale(), A: &Param{
		Name: base + ".lora_A.weight", Groups: p.Groups, In: p.In, Forms: nn.Product,
		InitStd: 1 / math.Sqrt(3*float64(p.In)), // of what PEFT draws, uniform below 1/sqrt(In)
	}}
	pieces := make([][]nn.Piece, p.Groups) // of A
	byRow := map[int]*Param{}
	for _, part := range p.Parts {
		module := moduleOf(part)
		if !choose(module) {
			continue
		}
		b := byRow[part.Row]
		if b == nil {
			name := base + "." + targetOf(module) + ".lora_B.weight"
			if targetOf(module) == base[strings.LastIndexByte(base, '.')+1:] {
				name = base + ".lora_B.weight"
			}
			b = &Param{Name: name, Groups: p.Groups, In: c.Rank, Forms: nn.Product}
			byRow[part.Row] = b
			l.Parts = append(l.Parts, nn.LoRAPart{Row: part.Row, B: b})
		}
		b.AddGroup(part.Group, nn.Piece{Name: adapterPrefix + module + ".lora_B.weight", Rows: part.Rows})
		pieces[part.Group] = append(pieces[part.Group], nn.Piece{Name: adapterPrefix + module + ".lora_A.weight", Rows: c.Rank})
	}
	if len(l.Parts) == 0 {
		return nil
	}
	for g, list := range pieces {
		l.A.AddGroup(g, list...)
	}
	return l
}
