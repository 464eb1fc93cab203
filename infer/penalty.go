package infer

// adjusts reports whether s changes logits before the temperature.
func (s *Sampling) adjusts() bool {
	return len(s.Bias) > 0 || s.PresencePenalty != 0 || s.FrequencyPenalty != 0 ||
		s.RepetitionPenalty != 0 && s.RepetitionPenalty != 1
}

// An adjuster applies biases and penalties to the logits of one sequence.
type adjuster struct {
	sampling *Sampling
	seen     map[int32]int // by token, how often it was generated; prompt tokens are there with 0
}

func newAdjuster(s *Sampling, prompt []int32) *adjuster {
	a := &adjuster{sampling: s, seen: make(map[int32]int)}
	for _, id := range prompt {
		a.seen[id] = 0
	}
	return a
}

// accept counts a generated token.
func (a *adjuster) accept(id int32) { a.seen[id]++ }

// apply changes logits [V]. Each token's is changed on its own, so the order of
// the map does not show.
func (a *adjuster) apply(logits []float32) {
	for id, bias := range a.sampling.Bias {
		if int(id) < len(logits) {
			logits[id] += bias
		}
	}
	for id, n := range a.seen {
		if int(id) < len(logits) {
			logits[id] = a.sampling.penalize(logits[id], n)
		}
	}
}

// penalize returns the logit of a token that is in the prompt or was generated
// n times.
func (s *Sampling) penalize(logit float32, n int) float32 {
	if r := s.RepetitionPenalty; r != 0 && logit > 0 {
		logit /= r
	} else if r != 0 {
		logit *= r
	}
	if n > 0 {
		logit -= s.PresencePenalty
		logit -= float32(s.FrequencyPenalty * float32(n))
	}
	return logit
}
