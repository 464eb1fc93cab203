package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// What Mellum's config.json says by layer or by kind of attention, and other types
// once (transformers 5.24, models/mellum): the rotary embedding, and which layers
// have experts.

// marshalRopes writes the rotary embedding of each kind of attention.
func (c *Config) marshalRopes(m map[string]any) {
	delete(m, "rope_theta")
	delete(m, "rope_scaling")
	usual := func(theta float64) any { return map[string]any{"rope_type": ropeDefault, "rope_theta": real(theta)} }
	full := usual(c.RopeTheta)
	if c.RopeScaling != nil {
		full = struct {
			*RopeScaling
			Theta real `json:"rope_theta"`
		}{c.RopeScaling, real(c.RopeTheta)}
	}
	m["rope_parameters"] = map[string]any{FullAttention: full, SlidingAttention: usual(c.slidingTheta())}
}

// readRopes reads what marshalRopes writes. Kinds that no layer has may be
// missing; without the field the thetas are the defaults.
func (c *Config) readRopes(f *fields) {
	var ropes map[string]json.RawMessage
	if !f.take("rope_parameters", &ropes) || f.err != nil || c.NumLayers < 1 || c.NumLayers > maxLayers { // Validate says so
		return
	}
	const field = "rope_parameters."
	var thetas [2]float64
	for i, kind := range []string{FullAttention, SlidingAttention} {
		raw, ok := ropes[kind]
		delete(ropes, kind)
		used := slices.Contains(c.layerTypes(), kind)
		if (!ok || string(raw) == "null") && !used {
			continue
		}
		theta, s, err := parseRope(f.prefix+field+kind, raw, c.MaxPositions)
		switch {
		case !ok:
			err = fmt.Errorf("%s%s%s: missing", f.prefix, field, kind)
		case err == nil && theta == nil:
			err = fmt.Errorf("%s%s%s.rope_theta: missing", f.prefix, field, kind)
		case err == nil && s != nil && kind == SlidingAttention && used:
			err = fmt.Errorf("%s%s%s.rope_type: this decoder does not stretch layers that slide; it must be default, not %q", f.prefix, field, kind, s.Type)
		}
		if err != nil {
			f.err = err
			return
		}
		thetas[i] = *theta
		if kind == FullAttention {
			c.RopeScaling = s
		}
	}
	if len(ropes) > 0 {
		f.err = fmt.Errorf("%s%s%s: this decoder does not know the kind of attention", f.prefix, field, slices.Sorted(maps.Keys(ropes))[0])
		return
	}
	c.setThetas(thetas[0], thetas[1])
}

// setThetas takes the thetas of both kinds, 0 where a kind is missing.
func (c *Config) setThetas(full, sliding float64) {
	c.RopeTheta, c.SlidingRopeTheta = orDefault(full, sliding), sliding
	if c.SlidingRopeTheta == c.RopeTheta {
		c.SlidingRopeTheta = 0
	}
}

// Kinds of feed-forward that mlp_layer_types names.
const (
	sparseMLP = "sparse"
	denseMLP  = "dense"
)

// mlpLayerTypes returns the kind of every layer's feed-forward.
func (c *Config) mlpLayerTypes() []string {
	kinds := make([]string, c.NumLayers)
	for l := range kinds {
		kinds[l] = denseMLP
		if c.Sparse(l) {
			kinds[l] = sparseMLP
		}
	}
	return kinds
}

// readMLPLayerTypes reads which layers have experts, and refuses layers that
// predict further tokens.
func (c *Config) readMLPLayerTypes(f *fields) {
	for _, name := range []string{"num_mtp_layers", "num_nextn_predict_layers"} {
		f.want(name, 0.0)
	}
	f.want("mtp_layer_types", nil)
	f.want("mtp_mlp_layer_types", nil)
	var kinds []string
	if !f.take("mlp_layer_types", &kinds) || f.err != nil {
		return
	}
	if len(kinds) != c.NumLayers {
		f.err = fmt.Errorf("%smlp_layer_types names the kinds of %d layers; num_hidden_layers is %d", f.prefix, len(kinds), c.NumLayers)
		return
	}
	for l, kind := range kinds {
		switch {
		case kind == denseMLP && c.NumExperts > 0:
			c.MLPOnlyLayers = append(c.MLPOnlyLayers, l)
		case kind == sparseMLP && c.NumExperts == 0:
			f.err = fmt.Errorf("%smlp_layer_types: layer %d is %s, but num_experts is 0", f.prefix, l, kind)
		case kind != denseMLP && kind != sparseMLP:
			f.err = fmt.Errorf("%smlp_layer_types: layer %d is %q; it must be %s or %s", f.prefix, l, kind, denseMLP, sparseMLP)
		}
	}
}
