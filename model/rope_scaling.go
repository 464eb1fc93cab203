package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Ways to stretch rotary embedding over more positions than it was trained on.
const (
	RopeLinear = "linear" // positions divided by Factor
	RopeYaRN   = "yarn"   // arXiv:2309.00071
	RopeLlama3 = "llama3" // Llama 3.1's rule by wavelength

	ropeDefault = "default" // none of them
)

// RopeScaling is config.json's rope_scaling. Factor is by how much the window
// grows; the fields of the other kinds are zero, which means the default.
type RopeScaling struct {
	Type              string  `json:"rope_type" yaml:"rope_type"`
	Factor            float64 `json:"factor" yaml:"factor"`
	OriginalPositions int     `json:"original_max_position_embeddings,omitempty" yaml:"original_max_position_embeddings"`
	AttentionFactor   float64 `json:"attention_factor,omitempty" yaml:"attention_factor"` // yarn; 0 = 0.1 ln(Factor) + 1
	BetaFast          float64 `json:"beta_fast,omitempty" yaml:"beta_fast"`               // yarn; 0 = 32
	BetaSlow          float64 `json:"beta_slow,omitempty" yaml:"beta_slow"`               // yarn; 0 = 1
	LowFreqFactor     float64 `json:"low_freq_factor,omitempty" yaml:"low_freq_factor"`   // llama3
	HighFreqFactor    float64 `json:"high_freq_factor,omitempty" yaml:"high_freq_factor"` // llama3
}

func (s *RopeScaling) validate() error {
	finite := []float64{s.Factor, s.AttentionFactor, s.BetaFast, s.BetaSlow, s.LowFreqFactor, s.HighFreqFactor}
	for _, f := range finite {
		if math.IsNaN(f) || math.IsInf(f, 0) || f < 0 || f > 1e9 {
			return fmt.Errorf("rope_scaling holds %v; its numbers must be finite and not negative", f)
		}
	}
	if s.Factor < 1 {
		return fmt.Errorf("rope_scaling.factor is %v; it must be at least 1", s.Factor)
	}
	switch s.Type {
	case RopeLinear:
		return nil
	case RopeYaRN, RopeLlama3:
	default:
		return fmt.Errorf("rope_scaling.rope_type %q is not one of linear, yarn, llama3", s.Type)
	}
	if s.OriginalPositions < 1 || s.OriginalPositions > 1<<30 {
		return fmt.Errorf("rope_scaling.original_max_position_embeddings is %d; rope_type %s needs it", s.OriginalPositions, s.Type)
	}
	if s.Type == RopeLlama3 && !(s.LowFreqFactor > 0 && s.HighFreqFactor > s.LowFreqFactor) {
		return fmt.Errorf("rope_scaling: high_freq_factor %v must be above low_freq_factor %v, and that above 0", s.HighFreqFactor, s.LowFreqFactor)
	}
	return nil
}

// readRope reads rope_scaling (or the newer rope_parameters, which carries
// theta as well) from raw.
func (c *Config) readRope(field string, raw json.RawMessage) error {
	theta, s, err := parseRope(field, raw, c.MaxPositions)
	if err == nil && theta != nil {
		c.RopeTheta = *theta
	}
	if err == nil && s != nil {
		c.RopeScaling = s
	}
	return err
}

// parseRope reads theta and the scaling from raw; either is nil if it does not
// say. positions is the window that is stretched if it does not say that.
func parseRope(field string, raw json.RawMessage, positions int) (theta *float64, s *RopeScaling, err error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, nil, fmt.Errorf("%s: want an object: %w", field, err)
	}
	if m == nil {
		return nil, nil, nil
	}
	s = &RopeScaling{}
	f := &fields{prefix: field + ".", left: m}
	f.take("type", &s.Type) // the older name of rope_type
	f.take("rope_type", &s.Type)
	f.take("rope_theta", &theta)
	f.take("factor", &s.Factor)
	f.take("original_max_position_embeddings", &s.OriginalPositions)
	f.take("attention_factor", &s.AttentionFactor)
	f.take("beta_fast", &s.BetaFast)
	f.take("beta_slow", &s.BetaSlow)
	f.take("low_freq_factor", &s.LowFreqFactor)
	f.take("high_freq_factor", &s.HighFreqFactor)
	f.want("partial_rotary_factor", 1.0)
	f.want("truncate", true)
	if f.err != nil {
		return nil, nil, f.err
	}
	if len(m) > 0 {
		return nil, nil, fmt.Errorf("%s%s: this decoder does not know the field", f.prefix, slices.Sorted(maps.Keys(m))[0])
	}
	if s.Type == "" || s.Type == ropeDefault {
		return theta, nil, nil
	}
	if (s.Type == RopeYaRN || s.Type == RopeLlama3) && s.OriginalPositions == 0 {
		s.OriginalPositions = positions
	}
	return theta, s, nil
}
