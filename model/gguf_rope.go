package model

import (
	"fmt"
	"math"

	"github.com/polymath-lm/polymath/tensor/gguf"
)

// ggufRope reads theta and the way it is stretched.
func (c *Config) ggufRope(k *keys, facts ggufFacts) {
	k.real("rope.freq_base", &c.RopeTheta)
	if sliding := c.RopeTheta; c.ModelType == Mellum && k.real(keySlidingTheta, &sliding) {
		c.setThetas(c.RopeTheta, sliding)
	}
	turned := c.headDim()
	if k.number("rope.dimension_count", &turned); turned != c.headDim() {
		k.fail("rope.dimension_count", "is %d of a head's %d numbers; this decoder turns all of them", turned, c.headDim())
	}
	s := &RopeScaling{Type: RopeLinear, Factor: 1} // as llama.cpp has it
	k.text("rope.scaling.type", &s.Type)
	if !k.real("rope.scaling.factor", &s.Factor) {
		k.real("rope.scale_linear", &s.Factor) // its older name
	}
	k.number("rope.scaling.original_context_length", &s.OriginalPositions)
	attention := 1.0
	k.real("rope.scaling.attn_factor", &attention)
	k.real("rope.scaling.yarn_beta_fast", &s.BetaFast)
	k.real("rope.scaling.yarn_beta_slow", &s.BetaSlow)
	if extrapolation := 1.0; k.real("rope.scaling.yarn_ext_factor", &extrapolation) && extrapolation != 1 {
		k.fail("rope.scaling.yarn_ext_factor", "is %v; this decoder does 1", extrapolation)
	}
	if s.OriginalPositions == 0 {
		s.OriginalPositions = c.MaxPositions
	}
	switch s.Type {
	case "none":
	case RopeLinear:
		if s.Factor != 0 && s.Factor != 1 {
			c.RopeScaling = &RopeScaling{Type: RopeLinear, Factor: s.Factor}
		}
	case RopeYaRN:
		c.RopeScaling = s
		if attention != 1 {
			s.AttentionFactor = attention * (0.1*math.Log(s.Factor) + 1)
		}
	default:
		k.fail("rope.scaling.type", "%q is not one of none, linear, yarn", s.Type)
	}
	if s.Type != RopeYaRN && attention != 1 {
		k.fail("rope.scaling.attn_factor", "is %v; this decoder scales attention with yarn only", attention)
	}
	if k.err == nil {
		k.err = c.ggufFactors(facts, s.OriginalPositions)
	}
}

// ropeFactors returns the numbers of rope_freqs.weight, nil if it is absent.
func ropeFactors(file *gguf.File) ([]float32, error) {
	if !file.Has(ggufRopeFreqs) {
		return nil, nil
	}
	t, err := file.Tensor(ggufRopeFreqs)
	if err != nil {
		return nil, err
	}
	if t.Len() > 1<<12 {
		return nil, fmt.Errorf("tensor %s has %d numbers", ggufRopeFreqs, t.Len())
	}
	factors := make([]float32, t.Len())
	return factors, t.CopyF32(factors)
}

// ggufFactors finds the rule of Llama 3 by which the factors of the frequencies
// were made. llama.cpp applies them in the architecture llama only.
func (c *Config) ggufFactors(facts ggufFacts, original int) error {
	if archOf(c.ModelType) != archLlama {
		return nil
	}
	factors, err := facts.factors()
	if err != nil || factors == nil {
		return err
	}
	if len(factors) != c.headDim()/2 {
		return fmt.Errorf("tensor %s has %d numbers; a head of %d needs %d", ggufRopeFreqs, len(factors), c.headDim(), c.headDim()/2)
	}
	if c.RopeScaling != nil {
		return fmt.Errorf("tensor %s scales frequencies, and so does rope.scaling.type %s: this decoder does one of them", ggufRopeFreqs, c.RopeScaling.Type)
	}
	largest := 1.0
	for i, f := range factors {
		if !(f >= 1 && f <= 1e6) {
			return fmt.Errorf("tensor %s: number %d is %v; it must be between 1 and 1e6", ggufRopeFreqs, i, f)
		}
		largest = max(largest, float64(f))
	}
	if largest == 1 {
		return nil
	}
	s := &RopeScaling{Type: RopeLlama3, Factor: largest, LowFreqFactor: 1, HighFreqFactor: 4} // as in all Llamas
	for _, s.OriginalPositions = range []int{original, 8192} {
		if s.makes(factors, c) {
			c.RopeScaling = s
			return nil
		}
	}
	if s.OriginalPositions = original; s.findBounds(factors, c) {
		c.RopeScaling = s
		return nil
	}
	return fmt.Errorf("tensor %s holds factors that the rule of Llama 3 does not make: this decoder does no other", ggufRopeFreqs)
}

// llama3Factors returns by how much the rule slows each frequency.
func (s *RopeScaling) llama3Factors(c *Config) []float32 {
	plain := *c
	plain.RopeScaling = nil
	before, _ := plain.ropeFrequencies()
	plain.RopeScaling = s
	after, _ := plain.ropeFrequencies()
	factors := make([]float32, len(before))
	for i := range factors {
		factors[i] = float32(before[i] / after[i])
	}
	return factors
}

// factorError is how far the factors of other programs, which compute in
// float32, may be from ours.
const factorError = 1e-4

func (s *RopeScaling) makes(factors []float32, c *Config) bool {
	if s.validate() != nil {
		return false
	}
	for i, f := range s.llama3Factors(c) {
		if math.Abs(float64(f/factors[i])-1) > factorError {
			return false
		}
	}
	return true
}

// findBounds sets the rule's two bounds from the frequencies in between, whose
// part that is kept is linear in how often they turn within the original window.
// Where there is one or none in between, many bounds make the same factors, and
// the steepest line that its neighbors allow is as good as any.
func (s *RopeScaling) findBounds(factors []float32, c *Config) bool {
	plain := *c
	plain.RopeScaling = nil
	frequencies, _ := plain.ropeFrequencies()
	above, below := math.Inf(1), 0.0 // turns of the last that is kept, of the first that is slowed
	var turns, kept []float64
	for i, f := range factors {
		share := (1/float64(f) - 1/s.Factor) / (1 - 1/s.Factor)
		n := float64(s.OriginalPositions) * frequencies[i] / (2 * math.Pi)
		switch {
		case share >= 1-1e-3:
			above = min(above, n)
		case share <= 1e-3:
			below = max(below, n)
		default:
			turns, kept = append(turns, n), append(kept, share)
		}
	}
	switch n := len(turns); n {
	case 0:
		s.LowFreqFactor, s.HighFreqFactor = max(below, above/4), above
	case 1:
		slope := max(kept[0]/(turns[0]-below), (1-kept[0])/(above-turns[0]))
		s.LowFreqFactor, s.HighFreqFactor = turns[0]-kept[0]/slope, turns[0]+(1-kept[0])/slope
	default:
		slope := (kept[0] - kept[n-1]) / (turns[0] - turns[n-1])
		low := turns[0] - kept[0]/slope
		s.LowFreqFactor, s.HighFreqFactor = toGrid(low), toGrid(low+1/slope)
	}
	return s.makes(factors, c)
}

// toGrid rounds to a hundredth, since people choose such numbers.
func toGrid(x float64) float64 { return math.Round(x*100) / 100 }
