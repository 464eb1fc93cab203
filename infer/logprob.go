package infer

import (
	"slices"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// Logprob is a token with the natural logarithm of its probability under the
// model itself, before temperature, filters and masks.
type Logprob struct {
	ID      int32
	Logprob float32
}

// Logprobs returns the log-probability of token chosen under logits [V] and
// the top most probable tokens, best first, ties by lower id. The logits are
// the model's own and are only read. top more than the vocabulary gives all
// of it. Logprobs may be called from several goroutines.
func Logprobs(logits []float32, chosen int32, top int) (own Logprob, best []Logprob) {
	lse := kernel.LogSumExp(logits)
	own = Logprob{ID: chosen, Logprob: logits[chosen] - lse}
	if top <= 0 {
		return own, nil
	}
	top = min(top, len(logits))
	best = make([]Logprob, 0, top+1)
	for id, logit := range logits {
		if len(best) == top && logit <= best[top-1].Logprob {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, logit, func(l Logprob, logit float32) int {
			if l.Logprob >= logit { // equals stay in front: they have lower ids
				return -1
			}
			return 1
		})
		best = slices.Insert(best, at, Logprob{ID: int32(id), Logprob: logit})
		best = best[:min(len(best), top)]
	}
	for i := range best {
		best[i].Logprob -= lse
	}
	return own, best
}
