package model

import (
	"errors"
	"fmt"
	"slices"
)

// Kinds of attention that LayerTypes names, by the ecosystem's names.
const (
	FullAttention    = "full_attention"
	SlidingAttention = "sliding_attention"
)

// Window returns how many keys a query of layer l sees, itself included; 0 = all.
func (c *Config) Window(l int) int {
	if c.LayerTypes != nil && c.LayerTypes[l] != SlidingAttention {
		return 0
	}
	return c.SlidingWindow
}

// layerTypes returns the kind of every layer.
func (c *Config) layerTypes() []string {
	kinds := make([]string, c.NumLayers)
	for l := range kinds {
		kinds[l] = FullAttention
		if c.Window(l) > 0 {
			kinds[l] = SlidingAttention
		}
	}
	return kinds
}

// marshalWindow writes what readWindow reads.
func (c *Config) marshalWindow(m map[string]any) {
	switch {
	case c.ModelType == Mistral || c.ModelType == Mixtral:
		m["sliding_window"] = unless(c.SlidingWindow == 0, c.SlidingWindow)
	case c.ModelType == Mellum:
		m["sliding_window"], m["layer_types"] = unless(c.SlidingWindow == 0, c.SlidingWindow), c.layerTypes()
	case c.SlidingWindow > 0:
		m["sliding_window"], m["use_sliding_window"], m["max_window_layers"] = c.SlidingWindow, true, 0
	}
	if c.LayerTypes != nil && c.ModelType != Mellum {
		m["layer_types"] = c.LayerTypes
		m["max_window_layers"] = slices.Index(c.LayerTypes, SlidingAttention)
	}
}

// setLayerTypes makes kinds, one for each layer, the kinds of attention; where
// they are all the same, SlidingWindow alone says so.
func (c *Config) setLayerTypes(kinds []string) {
	switch {
	case !slices.Contains(kinds, SlidingAttention):
		c.SlidingWindow, c.LayerTypes = 0, nil
	case !slices.Contains(kinds, FullAttention):
		c.LayerTypes = nil
	default:
		c.LayerTypes = kinds
	}
}

func (c *Config) validateLayerTypes() error {
	if c.LayerTypes == nil {
		return nil
	}
	switch {
	case c.ModelType != Qwen2 && c.ModelType != Qwen3 && c.ModelType != Mellum:
		return fmt.Errorf("layer_types: the layers of model_type %s are of one kind of attention; use mellum", c.ModelType)
	case len(c.LayerTypes) != c.NumLayers:
		return fmt.Errorf("layer_types names the kinds of %d layers; num_hidden_layers is %d", len(c.LayerTypes), c.NumLayers)
	}
	for l, kind := range c.LayerTypes {
		if kind != FullAttention && kind != SlidingAttention {
			return fmt.Errorf("layer_types: layer %d is %q; this decoder does %s and %s", l, kind, FullAttention, SlidingAttention)
		}
	}
	slides := slices.Contains(c.LayerTypes, SlidingAttention)
	switch {
	case slides && c.SlidingWindow == 0:
		return fmt.Errorf("layer_types names layers of %s, but sliding_window is 0", SlidingAttention)
	case !slides && c.SlidingWindow > 0:
		return fmt.Errorf("layer_types names no layer of %s, but sliding_window is %d; set it to 0", SlidingAttention, c.SlidingWindow)
	}
	return nil
}

// What files that do not say it mean: from which layer on a Qwen slides, and
// Mellum's window.
const (
	qwenWindowLayers = 28
	mellumWindow     = 1024
)

// readWindow reads the sliding window and which layers have it. Mistral and
// Mixtral have it in all layers unless it is null, Qwen3MoE with
// use_sliding_window, Llama and OLMoE never. Qwen2, Qwen3 and Mellum say it by
// layer; there the list rules, and without one the Qwens' max_window_layers, from
// which on layers slide.
func (c *Config) readWindow(f *fields) {
	window, use, from := 0, false, qwenWindowLayers
	if raw, ok := f.left["sliding_window"]; ok && string(raw) == "null" {
		c.SlidingWindow = 0
	} else if c.ModelType == Mellum {
		window = mellumWindow
	}
	f.take("sliding_window", &window)
	if c.ModelType != Mellum {
		f.take("use_sliding_window", &use)
		f.take("max_window_layers", &from)
	}
	var kinds []string
	f.take("layer_types", &kinds)
	if f.err != nil {
		return
	}
	switch c.ModelType {
	case Mistral, Mixtral:
		use = window != 0
	case Llama, OLMoE:
		use = false
	case Mellum:
		use, from = window != 0, c.NumLayers
	}
	if use && window == 0 {
		f.err = errors.New("use_sliding_window is true, but sliding_window is missing")
		return
	}
	if use {
		c.SlidingWindow = window
	}
	switch c.ModelType {
	case Qwen2, Qwen3, Mellum:
		f.err = c.readLayerTypes(from, kinds)
	default:
		f.err = c.wantLayerTypes(kinds)
	}
}

// readLayerTypes makes kinds the kinds of attention; without them layers slide
// from the given one on.
func (c *Config) readLayerTypes(from int, kinds []string) error {
	if c.NumLayers < 1 || c.NumLayers > maxLayers {
		return nil // Validate says so
	}
	if kinds == nil {
		for l := range c.NumLayers {
			kind := FullAttention
			if l >= from && c.SlidingWindow > 0 {
				kind = SlidingAttention
			}
			kinds = append(kinds, kind)
		}
	}
	slides := slices.Contains(kinds, SlidingAttention)
	if slides && c.SlidingWindow == 0 && c.ModelType != Mellum {
		return fmt.Errorf("layer_types names layers of %s, but use_sliding_window is false", SlidingAttention)
	}
	if !slides {
		c.SlidingWindow = 0
	}
	c.LayerTypes = kinds
	if err := c.validateLayerTypes(); err != nil {
		return err
	}
	c.setLayerTypes(kinds)
	return nil
}

// wantLayerTypes refuses kinds that are not those of a model type whose layers are
// all of one kind.
func (c *Config) wantLayerTypes(kinds []string) error {
	want := FullAttention
	if c.SlidingWindow > 0 {
		want = SlidingAttention
	}
	for _, k := range kinds {
		if k != want {
			return fmt.Errorf("layer_types: model_type %s does not mix kinds of attention, and %q is not %s", c.ModelType, k, want)
		}
	}
	return nil
}
