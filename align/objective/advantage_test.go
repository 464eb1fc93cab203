package objective

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestGAELimits holds GAE against its definition as a sum, which is another
// program, and its two ends.
func TestGAELimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(t, "n")
		rewards, values := make([]float64, n), make([]float64, n)
		for i := range n {
			rewards[i], values[i] = number(t, "reward", 3), number(t, "value", 3)
		}
		gamma, lambda := rapid.Float64Range(0, 1).Draw(t, "gamma"), rapid.Float64Range(0, 1).Draw(t, "lambda")
		advantages, returns := GAE(rewards, values, gamma, lambda)
		for i := range n {
			want, power := 0.0, 1.0
			for j := i; j < n; j++ {
				next := 0.0
				if j+1 < n {
					next = values[j+1]
				}
				want += power * (rewards[j] + gamma*next - values[j])
				power *= gamma * lambda
			}
			if math.Abs(advantages[i]-want) > 1e-12 || returns[i] != advantages[i]+values[i] {
				t.Fatalf("advantage %d is %v, want %v; return %v", i, advantages[i], want, returns[i])
			}
		}
		_, returns = GAE(rewards, values, 1, 1)
		if n > 0 && math.Abs(returns[0]-sum(rewards)) > 1e-12*float64(n+1) {
			t.Fatalf("without discount the return is %v and not the sum of rewards %v", returns[0], sum(rewards))
		}
	})
}

func TestWhiten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 40).Draw(t, "n")
		x, mask := make([]float64, n), make([]bool, n)
		for i := range n {
			x[i], mask[i] = number(t, "x", 5), rapid.Bool().Draw(t, "mask")
		}
		x[0], x[1], mask[0], mask[1] = -3, 3, true, true // so that there is a spread
		white, kept := Whiten(x, mask, true), Whiten(x, mask, false)
		var in, out []float64
		for i := range n {
			if !mask[i] {
				if white[i] != 0 || kept[i] != 0 {
					t.Fatalf("what is masked became %v and %v", white[i], kept[i])
				}
				continue
			}
			in, out = append(in, x[i]), append(out, white[i])
		}
		inMean, _ := moments(in)
		mean, squares := moments(out)
		if math.Abs(mean) > 1e-12 || math.Abs(squares/float64(len(out)-1)-1) > 1e-6 {
			t.Fatalf("mean %v, variance %v", mean, squares/float64(len(out)-1))
		}
		if math.Abs(kept[0]-white[0]-inMean) > 1e-12 {
			t.Fatalf("the mean did not stay")
		}
	})
	for _, x := range [][]float64{nil, {2}, {0.1, 0.1, 0.1}} {
		for _, v := range Whiten(x, nil, true) {
			if v != 0 {
				t.Errorf("%v has no scale and became %v", x, v)
			}
		}
	}
	if got := Whiten([]float64{0.1, 0.1, 0.1}, nil, false); math.Abs(got[0]-0.1) > 1e-15 {
		t.Errorf("equal rewards moved to %v", got)
	}
	if got := Whiten([]float64{1, math.NaN()}, nil, true); got[0] == got[0] {
		t.Errorf("a NaN is lost: %v", got)
	}
}

func TestGroupAdvantages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 9).Draw(t, "n")
		rewards := make([]float64, n)
		equal := true
		for i := range n {
			rewards[i] = float64(rapid.IntRange(0, 3).Draw(t, "reward")) / 10
			equal = equal && rewards[i] == rewards[0]
		}
		for _, scale := range []Scale{ScaleGroup, ScaleBatch, ScaleNone} {
			a := GroupAdvantages(rewards, n, scale)
			if math.Abs(sum(a)) > 1e-10 {
				t.Fatalf("advantages %v of %v add up to %v", a, rewards, sum(a))
			}
			for i := range a {
				if equal && a[i] != 0 {
					t.Fatalf("equal rewards have the advantage %v", a[i])
				}
				for j := range a {
					if (rewards[i] < rewards[j]) != (a[i] < a[j]) {
						t.Fatalf("rewards %v are ordered otherwise than %v", rewards, a)
					}
				}
			}
		}
	})
}

// TestScales: two prompts whose answers differ by 1 and by 0.1, and one of which all are
// alike. Only its own deviation makes as much of the second as of the first.
func TestScales(t *testing.T) {
	rewards := []float64{1, 0, 0, 0.1, 5, 5}
	all := math.Sqrt((1+0+0+0.01+25+25-11.1*11.1/6)/5) + 1e-4
	for scale, want := range map[Scale][]float64{
		ScaleNone:  {0.5, -0.5, -0.05, 0.05, 0, 0},
		ScaleGroup: {0.5 / (math.Sqrt(0.5) + 1e-4), 0, 0, 0.05 / (math.Sqrt(0.005) + 1e-4), 0, 0},
		ScaleBatch: {0.5 / all, -0.5 / all, -0.05 / all, 0.05 / all, 0, 0},
	} {
		if scale == ScaleGroup {
			want[1], want[2] = -want[0], -want[3]
		}
		for i, got := range GroupAdvantages(rewards, 2, scale) {
			if math.Abs(got-want[i]) > 1e-12 {
				t.Errorf("%s: advantage %d is %v and not %v", scale, i, got, want[i])
			}
		}
	}
}

func TestTokenWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.IntRange(0, 20), 1, 8).Draw(t, "lengths")
		lengths[0]++
		total, some := 0, 0
		for _, n := range lengths {
			total += n
			if n > 0 {
				some++
			}
		}
		for mean, want := range map[Mean]float64{
			MeanAnswer:   float64(some) / float64(len(lengths)),
			MeanToken:    1,
			MeanConstant: float64(total) / float64(21*len(lengths)),
		} {
			all := 0.0
			for i, w := range TokenWeights(lengths, mean, 21) {
				all += w * float64(lengths[i])
			}
			if math.Abs(all-want) > 1e-12 {
				t.Fatalf("%s: weights of %v add up to %v, want %v", mean, lengths, all, want)
			}
		}
	})
}
