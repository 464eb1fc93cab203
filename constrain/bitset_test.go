package constrain

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestBitsetRestrict compares with one bit at a time.
func TestBitsetRestrict(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		s := newBitset(rng.IntN(300))
		density := rng.IntN(100)
		for id := range len(s) * 64 {
			if rng.IntN(100) < density {
				s.set(int32(id))
			}
		}
		logits := make([]float32, rng.IntN(400))
		for i := range logits {
			logits[i] = float32(i)
		}
		s.restrict(logits)
		for i, x := range logits {
			if want := float32(i); s.has(int32(i)) && x != want || !s.has(int32(i)) && !math.IsInf(float64(x), -1) {
				t.Fatalf("logit %d of %d is %v", i, len(logits), x)
			}
		}
	}
}
