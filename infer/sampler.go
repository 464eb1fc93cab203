package infer

import (
	"cmp"
	"slices"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// A Sampler chooses tokens by one Sampling. It owns scratch memory, so it
// serves one goroutine at a time, and does not allocate once it has seen a
// vocabulary.
type Sampler struct {
	sampling   Sampling
	candidates ranking
	scaled     []float32
	weights    []float32
}

// NewSampler returns a Sampler, or an error wrapping ErrSampling that names
// the impossible setting.
func NewSampler(s Sampling) (*Sampler, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	return &Sampler{sampling: s}, nil
}

// Sample chooses a token for the given choice and position from logits [V],
// which it leaves as they are. Temperature comes first, then top-k, top-p over
// what top-k left, and min-p. Logits of negative infinity and NaN are never
// chosen; when nothing else is there the result is -1.
//
// The same logits, settings, choice and position give the same token on every
// machine: ties have an order and sums are taken in order of token id.
func (s *Sampler) Sample(logits []float32, choice, position int) int32 {
	best := Greedy(logits)
	if best < 0 || s.sampling.Temperature == 0 {
		return best
	}
	s.weigh(logits, logits[best])
	kept := s.keep()
	total := sumWeights(kept)
	target := Uniform(s.sampling.Seed, choice, position) * total
	sum := 0.0
	for _, c := range kept {
		sum += float64(c.weight)
		if target < sum {
			return c.id
		}
	}
	return kept[len(kept)-1].id
}

// weigh lists the possible tokens in order of id, with their weights relative
// to the best one's, which is 1.
func (s *Sampler) weigh(logits []float32, highest float32) {
	s.candidates = s.candidates[:0]
	s.scaled = s.scaled[:0]
	for id, logit := range logits {
		if logit > negativeInfinity {
			s.candidates = append(s.candidates, candidate{id: int32(id), logit: logit})
			s.scaled = append(s.scaled, (logit-highest)/s.sampling.Temperature)
		}
	}
	s.weights = slices.Grow(s.weights[:0], len(s.scaled))[:len(s.scaled)]
	kernel.Exp(s.weights, s.scaled)
	for i := range s.candidates {
		s.candidates[i].weight = s.weights[i]
	}
}

// keep applies top-k, top-p and min-p and returns what is left in order of id.
// Each of them keeps the first few of one order, best first.
func (s *Sampler) keep() []candidate {
	all := s.candidates
	topK := len(all)
	if s.sampling.TopK > 0 {
		topK = min(topK, s.sampling.TopK)
	}
	filtersP := s.sampling.TopP > 0 && s.sampling.TopP < 1
	if topK == len(all) && !filtersP && s.sampling.MinP == 0 {
		return all
	}
	enough := -1.0 // no limit
	if filtersP && topK == len(all) {
		enough = float64(s.sampling.TopP) * sumWeights(all)
	}
	// The heap hands the best to the end of the slice, so what was taken is
	// the tail, best last.
	heap := all
	heap.build()
	if filtersP && topK < len(all) {
		kept := heap.take(topK, -1, 0)
		enough = float64(s.sampling.TopP) * sumBackward(kept)
		heap = all
		heap.build()
	}
	kept := heap.take(topK, enough, s.sampling.MinP)
	slices.SortFunc(kept, func(a, b candidate) int { return cmp.Compare(a.id, b.id) })
	return kept
}

// take pops at most n candidates, stopping once their weights reach enough (if
// that is not negative) or the next one's is below least; the first is always
// taken. The result is the tail of r, best last.
func (r ranking) take(n int, enough float64, least float32) []candidate {
	heap, sum := r, 0.0
	for taken := 0; taken < n && len(heap) > 0; taken++ {
		if taken > 0 && (heap[0].weight < least || enough >= 0 && sum >= enough) {
			break
		}
		var c candidate
		c, heap = heap.pop()
		sum += float64(c.weight)
	}
	return r[len(heap):]
}

func sumWeights(candidates []candidate) float64 {
	sum := 0.0
	for _, c := range candidates {
		sum += float64(c.weight)
	}
	return sum
}

// sumBackward adds from the last to the first: best first for what take
// returns, the order in which take itself adds.
func sumBackward(candidates []candidate) float64 {
	sum := 0.0
	for _, c := range slices.Backward(candidates) {
		sum += float64(c.weight)
	}
	return sum
}
