package shard

import "testing"

func TestHeldOutIsTheSplit(t *testing.T) {
	s, _ := testSet(t, 1, 200, 20)
	for _, share := range []float64{0, 1e-30, 0.01, 0.1, 0.5, 0.999, 1} {
		_, held := s.Split(share)
		for doc := range s.NumDocs() {
			if id := s.ID(doc); HeldOut(id, share) != held.Holds(doc) {
				t.Errorf("share %v: %x is held out: %v", share, id, held.Holds(doc))
			}
		}
	}
}
