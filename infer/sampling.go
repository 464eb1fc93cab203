package infer

import (
	"errors"
	"fmt"
	"math"
)

// ErrSampling is wrapped by every error about sampling settings that make no
// sense, such as a negative temperature.
var ErrSampling = errors.New("impossible sampling setting")

// Sampling says how a token is chosen from its logits. The zero value is
// greedy: the highest logit, and among equals the lowest id.
type Sampling struct {
	// Temperature divides the logits; 0 is greedy. At most 100.
	Temperature float32
	// TopK keeps the K highest logits; 0 keeps all. Ties go to the lower id.
	TopK int
	// TopP keeps the fewest tokens, best first, whose probabilities reach
	// TopP together (Holtzman et al., arXiv:1904.09751); 0 and 1 keep all.
	TopP float32
	// MinP keeps the tokens that are at least MinP times as probable as the
	// best one (Nguyen et al., arXiv:2407.01082); 0 keeps all.
	MinP float32
	// RepetitionPenalty divides positive logits, and multiplies negative ones,
	// of tokens that the prompt or the completion has (Keskar et al.,
	// arXiv:1909.05858, 4.1); 0 and 1 are off. At most 10.
	RepetitionPenalty float32
	// PresencePenalty is subtracted from the logits of tokens that the
	// completion has, FrequencyPenalty once for each time; -10 to 10.
	PresencePenalty, FrequencyPenalty float32
	// Bias is added to the logits of tokens by id, before the penalties. The
	// caller must not change it while a completion is under way.
	Bias map[int32]float32
	// Seed and the choice and position of each token are all that its random
	// number depends on: see Uniform.
	Seed uint64
}

// Validate reports the first setting that is out of its range, as an error
// wrapping ErrSampling.
func (s Sampling) Validate() error {
	switch {
	case !(s.Temperature >= 0 && s.Temperature <= 100):
		return fmt.Errorf("%w: temperature %v; give 0 (greedy) to 100", ErrSampling, s.Temperature)
	case s.TopK < 0:
		return fmt.Errorf("%w: top-k %d; give 0 (all tokens) or more", ErrSampling, s.TopK)
	case !(s.TopP >= 0 && s.TopP <= 1):
		return fmt.Errorf("%w: top-p %v; give 0 to 1", ErrSampling, s.TopP)
	case !(s.MinP >= 0 && s.MinP <= 1):
		return fmt.Errorf("%w: min-p %v; give 0 to 1", ErrSampling, s.MinP)
	case !(s.RepetitionPenalty >= 0 && s.RepetitionPenalty <= 10):
		return fmt.Errorf("%w: repetition penalty %v; give 1 (off) to 10", ErrSampling, s.RepetitionPenalty)
	case !(s.PresencePenalty >= -10 && s.PresencePenalty <= 10):
		return fmt.Errorf("%w: presence penalty %v; give -10 to 10, 0 is off", ErrSampling, s.PresencePenalty)
	case !(s.FrequencyPenalty >= -10 && s.FrequencyPenalty <= 10):
		return fmt.Errorf("%w: frequency penalty %v; give -10 to 10, 0 is off", ErrSampling, s.FrequencyPenalty)
	}
	for id, bias := range s.Bias {
		if id < 0 || !(bias >= -1000 && bias <= 1000) {
			return fmt.Errorf("%w: bias %v for token %d; give -1000 to 1000, for ids from 0", ErrSampling, bias, id)
		}
	}
	return nil
}

// negativeInfinity is the logit of a token that a Mask forbids.
var negativeInfinity = float32(math.Inf(-1))

// Greedy returns the id of the highest logit, the lowest id among equals, and
// -1 when no logit is above negative infinity. A NaN is never chosen.
func Greedy(logits []float32) int32 {
	best, highest := int32(-1), negativeInfinity
	for id, logit := range logits {
		if logit > highest {
			best, highest = int32(id), logit
		}
	}
	return best
}
