package random

import (
	"math"
	"slices"
	"testing"
)

// The first outputs of SplitMix64 for seed 1234567 as Vigna's reference program
// (prng.di.unimi.it/splitmix64.c) has them.
func TestReference(t *testing.T) {
	want := []uint64{6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821}
	s := New(1234567)
	for i, w := range want {
		if got := s.Uint64(); got != w {
			t.Errorf("number %d is %d, not %d", i, got, w)
		}
	}
}

// Each number below n comes about as often, and neighboring streams are not alike.
func TestBelow(t *testing.T) {
	const n, draws = 10, 100_000
	var counts [n]int
	equal := 0
	for i := range uint64(draws / 2) {
		a, b := At(7, i), At(7, i+1)
		x, y := a.Below(n), b.Below(n)
		counts[x]++
		counts[At(i, 7).Below(n)]++
		if x == y {
			equal++
		}
	}
	for v, c := range counts {
		if math.Abs(float64(c)-draws/n) > 5*math.Sqrt(draws/n) {
			t.Errorf("%d came %d times of %d", v, c, draws)
		}
	}
	if share := float64(equal) / (draws / 2); math.Abs(share-1./n) > 0.01 {
		t.Errorf("neighboring streams begin alike in %v of all cases", share)
	}
}

func TestLists(t *testing.T) {
	s := New(1)
	list := []int{1, 2, 3, 4, 5}
	for range 200 {
		some := Sample(s, list, 3)
		seen := slices.Clone(some)
		slices.Sort(seen)
		if len(slices.Compact(seen)) != 3 || !slices.Contains(list, some[0]) {
			t.Fatalf("a sample of %v", some)
		}
		if v := s.Other(5, 2); v == 2 || v < 0 || v > 4 {
			t.Fatalf("other than 2: %d", v)
		}
		if v := s.Between(-1, 1); v < -1 || v > 1 {
			t.Fatalf("between -1 and 1: %d", v)
		}
	}
	if !slices.Equal(list, []int{1, 2, 3, 4, 5}) {
		t.Errorf("sampling changed the list: %v", list)
	}
}
