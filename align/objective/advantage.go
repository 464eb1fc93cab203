package objective

import (
	"math"
	"slices"
)

// GAE returns the advantages and returns of one episode by generalized advantage
// estimation (Schulman et al., arXiv:1506.02438, equations 11 to 16):
//
//	delta[t] = rewards[t] + gamma*values[t+1] - values[t]     values[T] = 0
//	advantages[t] = delta[t] + gamma*lambda*advantages[t+1]
//	returns[t] = advantages[t] + values[t]
//
// The episode ends after the last reward; nothing follows it. Both results are
// new and as long as rewards, which may be empty.
func GAE(rewards, values []float64, gamma, lambda float64) (advantages, returns []float64) {
	if len(rewards) != len(values) {
		panic("objective: GAE of rewards and values of different lengths")
	}
	advantages, returns = make([]float64, len(rewards)), make([]float64, len(rewards))
	next, following := 0.0, 0.0
	for t := len(rewards) - 1; t >= 0; t-- {
		delta := rewards[t] + float64(gamma*next) - values[t]
		following = delta + float64(float64(gamma*lambda)*following)
		advantages[t], returns[t] = following, following+values[t]
		next = values[t]
	}
	return advantages, returns
}

// whitenEpsilon is added to the variance, TRL's and OpenAI's lm-human-preferences' value.
const whitenEpsilon = 1e-8

// Whiten returns x with mean 0 and variance 1 over what mask selects (nil = all
// of it), and 0 elsewhere:
//
//	(x - mean) / sqrt(variance + 1e-8)     variance with n-1 below
//
// Where fewer than two are selected, or all that are selected are equal, there is
// no scale and those are 0. shiftMean false leaves the mean where it was, as is
// usual for rewards.
func Whiten(x []float64, mask []bool, shiftMean bool) []float64 {
	if mask != nil && len(mask) != len(x) {
		panic("objective: Whiten with a mask of another length")
	}
	out := make([]float64, len(x))
	chosen := make([]float64, 0, len(x))
	for i, v := range x {
		if mask == nil || mask[i] {
			chosen = append(chosen, v)
		}
	}
	if len(chosen) == 0 {
		return out
	}
	mean, squares := moments(chosen)
	scale := 0.0
	if len(chosen) > 1 && !allEqual(chosen) {
		scale = 1 / math.Sqrt(squares/float64(len(chosen)-1)+whitenEpsilon)
	}
	for i, v := range x {
		if mask != nil && !mask[i] {
			continue
		}
		if scale != 0 {
			out[i] = float64((v - mean) * scale)
		}
		if !shiftMean {
			out[i] += mean
		}
	}
	return out
}

// groupEpsilon is added to a standard deviation of rewards, TRL's value.
const groupEpsilon = 1e-4

// Scale says by what differences of rewards are divided.
type Scale string

// The scales of the literature.
const (
	// ScaleGroup is the standard deviation of a prompt's own answers (GRPO,
	// arXiv:2402.03300, 4.1.2). So of every prompt as much is learned, however little
	// its answers differ by: where all are wrong, a small price is as good as a large one.
	ScaleGroup Scale = "group"
	// ScaleBatch is that of all answers of the step, which leaves prompts their
	// proportions (arXiv:2508.08221, 4.2).
	ScaleBatch Scale = "batch"
	// ScaleNone is 1: it favors no prompts whose answers are nearly all right or all
	// wrong (Dr. GRPO, arXiv:2503.20783, 3.2).
	ScaleNone Scale = "none"
)

// GroupAdvantages returns the advantages of the answers to several prompts, n to each,
// those to one in a row:
//
//	(rewards[i] - mean of its group) / (std + 1e-4)     std with n-1 below
//
// where scale says whose std. Where all rewards of a group are equal, or there is but one,
// advantages are exactly 0.
func GroupAdvantages(rewards []float64, n int, scale Scale) []float64 {
	out := make([]float64, 0, len(rewards))
	by := 1.0
	if scale == ScaleBatch {
		by = deviation(rewards)
	}
	for group := range slices.Chunk(rewards, max(n, 1)) {
		if allEqual(group) {
			out = append(out, make([]float64, len(group))...)
			continue
		}
		if scale == ScaleGroup {
			by = deviation(group)
		}
		mean, _ := moments(group)
		for _, r := range group {
			out = append(out, (r-mean)/by)
		}
	}
	return out
}

// deviation is the standard deviation and groupEpsilon.
func deviation(x []float64) float64 {
	_, squares := moments(x)
	return math.Sqrt(squares/float64(max(len(x)-1, 1))) + groupEpsilon
}

// allEqual is false where there is a NaN.
func allEqual(x []float64) bool {
	for _, v := range x {
		if v != x[0] {
			return false
		}
	}
	return true
}

// Mean says what a policy's loss is the mean of.
type Mean string

// The means of the literature: what tokens of answers of different lengths weigh.
const (
	// MeanAnswer is the mean over answers of the mean over their tokens: a token
	// of a long answer weighs less (GRPO, arXiv:2402.03300, equation 3).
	MeanAnswer Mean = "answer"
	// MeanToken is the mean over all tokens (DAPO, arXiv:2503.14476, 3.3).
	MeanToken Mean = "token"
	// MeanConstant divides the sum over all tokens by answers times the longest
	// length allowed, so that no weight depends on a length (Dr. GRPO,
	// arXiv:2503.20783, 3.2).
	MeanConstant Mean = "constant"
)

// TokenWeights returns for each answer what each of its tokens' losses is
// multiplied with before they are added up. lengths are the answers' tokens, of
// the whole step and not of a microbatch; maxLength is used by MeanConstant alone.
// An answer of no tokens counts as an answer and weighs 0. It panics on a mean
// that is none.
func TokenWeights(lengths []int, mean Mean, maxLength int) []float64 {
	total := 0
	for _, n := range lengths {
		total += n
	}
	out := make([]float64, len(lengths))
	for i, n := range lengths {
		if n == 0 {
			continue
		}
		switch mean {
		case MeanAnswer:
			out[i] = 1 / (float64(len(lengths)) * float64(n))
		case MeanToken:
			out[i] = 1 / float64(total)
		case MeanConstant:
			out[i] = 1 / (float64(len(lengths)) * float64(maxLength))
		default:
			panic("objective: no mean is called " + string(mean))
		}
	}
	return out
}
