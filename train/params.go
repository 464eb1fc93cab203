package train

import (
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/optim"
)

// changing lists the parameters that some stage trains, in their order.
func changing(r *Recipe, params []*model.Param) []*model.Param {
	return slices.DeleteFunc(slices.Clone(params), func(p *model.Param) bool { return !r.everTrains(moduleOf(p)) })
}

// OptimizerParams gives each parameter of a model, or of an adapter, the rule of
// its group. The arrays are the parameters' own, and nil where they have none.
func OptimizerParams(o *OptimizerSpec, params []*model.Param) []optim.Param {
	out := make([]optim.Param, len(params))
	for i, p := range params {
		group := groupOf(o, p)
		out[i] = optim.Param{
			Name: p.Name, Groups: p.Groups, Out: p.Out, In: p.In,
			Master: p.Master, Grad: p.Grad, Scale: group.Scale, Decay: !p.NoDecay,
		}
		if group.Rule == Muon {
			out[i].Rule = optim.Muon
			out[i].Parts = rowParts(p)
		}
	}
	return out
}

// Settings are the constants that all groups share.
func (o *OptimizerSpec) Settings() optim.Settings {
	return optim.Settings{
		Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, WeightDecay: o.WeightDecay,
		Momentum: o.Momentum, Iterations: o.Iterations,
	}
}

// rowParts lists the rows of the matrices fused in each group.
func rowParts(p *model.Param) []int {
	var rows []int
	for _, part := range p.Parts {
		if part.Group == 0 {
			rows = append(rows, part.Rows)
		}
	}
	return rows
}

// groupOf tells the group by the parameter's name, which is the ecosystem's.
func groupOf(o *OptimizerSpec, p *model.Param) GroupSpec {
	switch moduleOf(p) {
	case GroupVision:
		return visionGroup(o.Vision, p)
	case GroupProjector:
		return orDefault(o.Projector)
	}
	switch {
	case p.NoDecay:
		return o.Norms
	case strings.Contains(p.Name, "embed_tokens"):
		return o.Embeddings
	case strings.HasPrefix(p.Name, "lm_head"), p.Name == model.ScoreName:
		return o.Head
	case strings.HasSuffix(p.Name, ".gate.weight"):
		return o.Router
	case strings.Contains(p.Name, ".self_attn."):
		return o.Attention
	}
	return o.Experts
}

// visionGroup is the rule of one parameter of the tower: Muon is for the matrices
// between its hidden states.
func visionGroup(g *GroupSpec, p *model.Param) GroupSpec {
	group := orDefault(g)
	if group.Rule == Muon && (p.NoDecay || !strings.Contains(p.Name, ".layers.")) {
		group.Rule = AdamW
	}
	return group
}

// orDefault is the group, or that of a recipe which does not say.
func orDefault(g *GroupSpec) GroupSpec {
	var group GroupSpec
	if group.SetDefaults(); g != nil {
		group = *g
	}
	return group
}
