package model

import (
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// slidingTheta returns the theta of the layers that slide.
func (c *Config) slidingTheta() float64 { return orDefault(c.SlidingRopeTheta, c.RopeTheta) }

// slidingFrequencies is ropeFrequencies for the layers that slide. In Mellum they
// have their own theta and are not stretched: a window is not longer than it was
// in training.
func (c *Config) slidingFrequencies() (frequencies []float64, scale float64) {
	if c.ModelType != Mellum {
		return c.ropeFrequencies()
	}
	own := Config{HiddenSize: c.HiddenSize, NumHeads: c.NumHeads, HeadDim: c.HeadDim, RopeTheta: c.slidingTheta()}
	return own.ropeFrequencies()
}

// ropeFrequencies returns by how many radians each pair of a head turns from
// one position to the next, and the factor of cosines and sines.
func (c *Config) ropeFrequencies() (frequencies []float64, scale float64) {
	d := c.headDim()
	frequencies = make([]float64, d/2)
	for i := range frequencies {
		frequencies[i] = 1 / kernel.Pow(c.RopeTheta, float64(2*i)/float64(d))
	}
	s := c.RopeScaling
	if s == nil {
		return frequencies, 1
	}
	switch s.Type {
	case RopeYaRN:
		return frequencies, s.yarn(frequencies, c.RopeTheta)
	case RopeLlama3:
		s.llama3(frequencies)
	default:
		for i := range frequencies {
			frequencies[i] /= s.Factor
		}
	}
	return frequencies, 1
}

// yarn slows the pairs that turn less than BetaSlow times within the original
// window by Factor, leaves those that turn more than BetaFast times alone, and
// blends in between (arXiv:2309.00071, 3.2). It returns the temperature, 3.4.
func (s *RopeScaling) yarn(frequencies []float64, theta float64) float64 {
	d := float64(2 * len(frequencies))
	pair := func(turns float64) float64 { // the pair that turns so often
		return d * kernel.Log(float64(s.OriginalPositions)/(turns*2*math.Pi)) / (2 * kernel.Log(theta))
	}
	low := max(math.Floor(pair(orDefault(s.BetaFast, 32))), 0)
	high := min(math.Ceil(pair(orDefault(s.BetaSlow, 1))), d-1)
	if low == high {
		high += 0.001
	}
	for i, f := range frequencies {
		slowed := min(max((float64(i)-low)/(high-low), 0), 1)
		frequencies[i] = float64(f/s.Factor*slowed) + float64(f*(1-slowed))
	}
	return orDefault(s.AttentionFactor, float64(0.1*kernel.Log(s.Factor))+1)
}

// llama3 slows long waves by Factor and blends those of middle length.
func (s *RopeScaling) llama3(frequencies []float64) {
	n := float64(s.OriginalPositions)
	for i, f := range frequencies {
		wave := 2 * math.Pi / f
		kept := min(max((n/wave-s.LowFreqFactor)/(s.HighFreqFactor-s.LowFreqFactor), 0), 1)
		frequencies[i] = float64((1-kept)*f/s.Factor) + float64(kept*f)
	}
}

func orDefault(v, otherwise float64) float64 {
	if v == 0 {
		return otherwise
	}
	return v
}

// RopeBytes returns the memory of the angles of so many positions, which a Model
// keeps once a pass has reached them; training takes half as much again.
func RopeBytes(cfg *Config, positions int) int64 {
	m := build(cfg)
	bytes := m.rope.SizeBytes(positions)
	if m.slidingRope != m.rope {
		bytes += m.slidingRope.SizeBytes(positions)
	}
	return bytes
}
