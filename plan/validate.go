package plan

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// Limits that keep products of sizes within 63 bits.
const (
	maxWidth  = 1 << 24
	maxLayers = 1 << 14
	maxParams = 1e17
)

// Validate returns a *recipe.ValueError that names the first field whose value is
// impossible.
func (m *Model) Validate() error {
	a := &m.Attention
	checks := []size{
		{"vocabulary", m.Vocabulary, 1, maxWidth},
		{"width", m.Width, 1, maxWidth},
		{"layers", m.Layers, 1, maxLayers},
		{"positions", m.Positions, 0, maxWidth},
		{"context", m.Context, 1, 1 << 30},
		{"norms_per_layer", m.NormsPerLayer, 0, 8},
		{"predictors", m.Predictors, 0, 64},
		{"attention.heads", a.Heads, 1, maxLayers},
		{"attention.window", a.Window, 0, 1 << 30},
		{"attention.full_every", a.FullEvery, 0, maxLayers},
		{"feed_forward.hidden", m.FeedForward.Hidden, 0, maxWidth},
	}
	if t := a.Latent; t != nil {
		checks = append(checks, size{"attention.latent.query_rank", t.QueryRank, 0, maxWidth}, size{"attention.latent.kv_rank", t.KVRank, 1, maxWidth},
			size{"attention.latent.rope_dim", t.RopeDim, 0, maxLayers}, size{"attention.latent.plain_dim", t.PlainDim, 0, maxLayers},
			size{"attention.latent.value_dim", t.ValueDim, 1, maxLayers})
	} else {
		checks = append(checks, size{"attention.kv_heads", a.KVHeads, 1, a.Heads}, size{"attention.head_dim", a.HeadDim, 1, maxLayers})
	}
	if x := m.Experts; x != nil {
		checks = append(checks, size{"experts.number", x.Number, 1, maxLayers}, size{"experts.active", x.Active, 1, x.Number},
			size{"experts.hidden", x.Hidden, 1, maxWidth}, size{"experts.shared", x.Shared, 0, maxLayers},
			size{"experts.shared_hidden", x.SharedHidden, 0, maxWidth}, size{"experts.dense_layers", x.DenseLayers, 0, m.Layers}, size{"experts.every", x.Every, 0, maxLayers})
	}
	for _, c := range checks {
		if err := c.check(); err != nil {
			return err
		}
	}
	return cmp.Or(m.validateLayers(), m.validateReports(), m.validateWhole())
}

// validateLayers checks that layers which are named are there.
func (m *Model) validateLayers() error {
	named := map[string][]int{"attention.full_layers": m.Attention.FullLayers}
	if x := m.Experts; x != nil {
		named["experts.dense"] = x.Dense
		if x.Shared > 0 && x.SharedHidden == 0 {
			return recipe.Bad("experts.shared_hidden", "it is missing: there are %d shared experts", x.Shared)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(named)) {
		for _, l := range named[key] {
			if l < 0 || l >= m.Layers {
				return recipe.Bad(key, "there is no layer %d: they are 0 to %d", l, m.Layers-1)
			}
		}
	}
	return nil
}

// validateReports checks what is reported of the model.
func (m *Model) validateReports() error {
	if !(m.TrainingTokens >= 0) || math.IsInf(m.TrainingTokens, 0) {
		return recipe.Bad("training_tokens", "%v is impossible: it must be 0 or more", m.TrainingTokens)
	}
	for _, r := range m.Reported {
		if !slices.Contains(figures, r.What) {
			return recipe.Bad("reported", "there is no figure %q: use one of %s", r.What, joined(figures))
		}
	}
	return nil
}

func joined(figures []Figure) string {
	list := make([]string, len(figures))
	for i, f := range figures {
		list[i] = string(f)
	}
	return strings.Join(list, ", ")
}

// size is a value with its limits.
type size struct {
	key              string
	value, low, high int
}

func (s size) check() error {
	if s.value < s.low || s.value > s.high {
		return recipe.Bad(s.key, "%d is impossible: it must be between %d and %d", s.value, s.low, s.high)
	}
	return nil
}

// validateWhole checks what concerns several fields.
func (m *Model) validateWhole() error {
	switch m.Norm {
	case NormWeight, NormBias, NormPlain:
	default:
		return recipe.Bad("norm", "there is no norm %q: use %s, %s or %s", m.Norm, NormWeight, NormBias, NormPlain)
	}
	switch m.Attention.QKNorm {
	case "", QKNormHead, QKNormWidth:
	default:
		return recipe.Bad("attention.qk_norm", "there is no norm %q: use %s or %s", m.Attention.QKNorm, QKNormHead, QKNormWidth)
	}
	if m.Attention.Latent == nil && m.Attention.Heads%m.Attention.KVHeads != 0 {
		return recipe.Bad("attention.kv_heads", "%d does not divide heads, %d", m.Attention.KVHeads, m.Attention.Heads)
	}
	if m.FeedForward.Hidden == 0 && m.SparseLayers() < m.Layers {
		return recipe.Bad("feed_forward.hidden", "0 is impossible: %d layers are dense", m.Layers-m.SparseLayers())
	}
	if m.roughParams() > maxParams {
		return recipe.Bad("layers", "%d of this width make more than %.0e parameters, the most that are counted", m.Layers, float64(maxParams))
	}
	return nil
}

// roughParams is an upper bound in floating point, which does not overflow.
func (m *Model) roughParams() float64 {
	d, a := float64(m.Width), &m.Attention
	heads := 4 * d * float64(a.Heads) * float64(a.HeadDim)
	if t := a.Latent; t != nil {
		h := float64(a.Heads)
		heads = d*float64(t.QueryRank+t.KVRank+t.RopeDim) + h*float64(t.PlainDim+t.RopeDim)*(d+float64(t.QueryRank)) + h*float64(t.ValueDim+t.PlainDim)*(d+float64(t.KVRank))
	}
	hidden := float64(m.FeedForward.Hidden)
	if x := m.Experts; x != nil {
		hidden += float64(x.Number)*float64(x.Hidden) + float64(x.Shared)*float64(x.SharedHidden)
	}
	return d*float64(2*m.Vocabulary+m.Positions) + float64(m.Layers+m.Predictors)*(heads+3*d*hidden)
}
