package infer

import (
	"errors"
	"math"
	"slices"
	"sort"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

func newSampler(t testing.TB, s Sampling) *Sampler {
	t.Helper()
	sampler, err := NewSampler(s)
	if err != nil {
		t.Fatal(err)
	}
	return sampler
}

// chiSquare fails if counts are too unlikely under weights: one chance in a
// million, with fixed seeds, so that a pass stays a pass.
func chiSquare(t *testing.T, counts []int, weights []float64) {
	t.Helper()
	var total float64
	for _, w := range weights {
		total += w
	}
	draws := 0
	for _, c := range counts {
		draws += c
	}
	statistic, kinds := 0.0, 0
	for i, w := range weights {
		expected := float64(draws) * w / total
		if w == 0 {
			if counts[i] != 0 {
				t.Errorf("token %d has probability 0 and was chosen %d times", i, counts[i])
			}
			continue
		}
		d := float64(counts[i]) - expected
		statistic += d * d / expected
		kinds++
	}
	if kinds < 2 {
		return
	}
	if p := (distuv.ChiSquared{K: float64(kinds - 1)}).Survival(statistic); p < 1e-6 {
		t.Errorf("chi-square %.1f with %d degrees of freedom: p = %.2g\ncounts %v", statistic, kinds-1, p, counts)
	}
}

// reference returns the kept tokens with their weights, straight from the
// definitions in float64.
func reference(logits []float32, s Sampling) []float64 {
	order := make([]int, len(logits))
	weights := make([]float64, len(logits))
	highest := slices.Max(logits)
	for i, l := range logits {
		order[i] = i
		weights[i] = math.Exp(float64(l-highest) / float64(s.Temperature))
	}
	sort.SliceStable(order, func(a, b int) bool { return logits[order[a]] > logits[order[b]] })
	if s.TopK > 0 && s.TopK < len(order) {
		order = order[:s.TopK]
	}
	total := 0.0
	for _, i := range order {
		total += weights[i]
	}
	kept := make([]float64, len(logits))
	sum := 0.0
	for rank, i := range order {
		outsideP := s.TopP > 0 && s.TopP < 1 && sum >= float64(s.TopP)*total
		if rank > 0 && (outsideP || weights[i] < float64(s.MinP)) {
			break
		}
		kept[i] = weights[i]
		sum += weights[i]
	}
	return kept
}

var skewed = []float32{0.5, -1, 2, 2, 0, -3, 1.25, 0.5, -0.75, 1}

func TestSamplerDistribution(t *testing.T) {
	for name, s := range map[string]Sampling{
		"plain":       {Temperature: 1},
		"cold":        {Temperature: 0.5},
		"hot":         {Temperature: 3},
		"top-k":       {Temperature: 1, TopK: 4},
		"top-k all":   {Temperature: 1, TopK: 99},
		"top-p":       {Temperature: 1, TopP: 0.6},
		"top-p all":   {Temperature: 1, TopP: 1},
		"min-p":       {Temperature: 1, MinP: 0.3},
		"all filters": {Temperature: 1.5, TopK: 7, TopP: 0.85, MinP: 0.15},
	} {
		t.Run(name, func(t *testing.T) {
			s.Seed = 20
			sampler := newSampler(t, s)
			counts := make([]int, len(skewed))
			for i := range 40_000 {
				counts[sampler.Sample(skewed, i%7, i)]++
			}
			chiSquare(t, counts, reference(skewed, s))
		})
	}
}

// Which tokens are kept is checked exactly, on settings away from the
// thresholds, where fp32 and float64 may round to different sides.
func TestFiltersKeepExactlyTheirTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		logits := rapid.SliceOfN(rapid.Map(rapid.IntRange(-8, 8), func(i int) float32 { return float32(i) / 2 }), 1, 40).Draw(t, "logits")
		s := Sampling{
			Temperature: 1,
			TopK:        rapid.IntRange(0, 45).Draw(t, "k"),
			TopP:        rapid.Float32Range(0, 1).Draw(t, "p"),
			MinP:        rapid.Float32Range(0, 1).Draw(t, "minP"),
		}
		near := s
		near.TopP = min(1, s.TopP*1.0001)
		near.MinP = min(1, s.MinP*1.0001)
		want := reference(logits, s)
		if !slices.Equal(want, reference(logits, near)) {
			return
		}
		sampler, err := NewSampler(s)
		if err != nil {
			t.Fatal(err)
		}
		sampler.weigh(logits, slices.Max(logits))
		got := make([]bool, len(logits))
		for _, c := range sampler.keep() {
			got[c.id] = true
		}
		for id := range logits {
			if got[id] != (want[id] > 0) {
				t.Fatalf("token %d kept: %v, want %v\nkept %v\nwant %v", id, got[id], want[id] > 0, got, want)
			}
		}
	})
}

func TestTiesTakeTheLowerID(t *testing.T) {
	flat := []float32{1, 3, 3, 2, 3}
	if got := newSampler(t, Sampling{}).Sample(flat, 0, 0); got != 1 {
		t.Errorf("greedy chose %d, want 1", got)
	}
	s := newSampler(t, Sampling{Temperature: 1, TopK: 2})
	for position := range 200 {
		if got := s.Sample(flat, 0, position); got != 1 && got != 2 {
			t.Fatalf("top-k of 2 chose %d, want 1 or 2", got)
		}
	}
}

func TestForbiddenTokens(t *testing.T) {
	nan := float32(math.NaN())
	for _, s := range []Sampling{{}, {Temperature: 1}, {Temperature: 1, TopP: 0.9}, {Temperature: 1, TopK: 3}} {
		sampler := newSampler(t, s)
		for position := range 100 {
			got := sampler.Sample([]float32{negativeInfinity, nan, 0.5, negativeInfinity, -100}, 0, position)
			if got != 2 && got != 4 {
				t.Fatalf("%+v chose token %d", s, got)
			}
		}
		if got := sampler.Sample([]float32{negativeInfinity, nan}, 0, 0); got != -1 {
			t.Errorf("%+v chose %d where nothing is allowed", s, got)
		}
	}
}

func TestSamplerDoesNotAllocate(t *testing.T) {
	logits := make([]float32, 5000)
	for i := range logits {
		logits[i] = float32(i%97) / 10
	}
	s := newSampler(t, Sampling{Temperature: 1, TopK: 50, TopP: 0.9, MinP: 0.01})
	position := 0
	if n := testing.AllocsPerRun(20, func() { s.Sample(logits, 0, position); position++ }); n > 0 {
		t.Errorf("%v allocations a token", n)
	}
}

func TestImpossibleSampling(t *testing.T) {
	nan := float32(math.NaN())
	for _, s := range []Sampling{
		{Temperature: -1},
		{Temperature: nan},
		{Temperature: 101},
		{TopK: -1},
		{TopP: -0.1},
		{TopP: 1.1},
		{TopP: nan},
		{MinP: 2},
		{MinP: nan},
	} {
		if _, err := NewSampler(s); !errors.Is(err, ErrSampling) {
			t.Errorf("%+v: %v, want ErrSampling", s, err)
		}
	}
}

func TestLogprobs(t *testing.T) {
	own, top := Logprobs(skewed, 4, 3)
	sum := 0.0
	for _, l := range skewed {
		sum += math.Exp(float64(l))
	}
	close := func(got float32, logit float64) bool { return math.Abs(float64(got)-(logit-math.Log(sum))) < 1e-5 }
	if own.ID != 4 || !close(own.Logprob, 0) {
		t.Errorf("own = %+v", own)
	}
	ids := []int32{}
	for _, l := range top {
		ids = append(ids, l.ID)
		if !close(l.Logprob, float64(skewed[l.ID])) {
			t.Errorf("token %d has log-probability %v", l.ID, l.Logprob)
		}
	}
	if !slices.Equal(ids, []int32{2, 3, 6}) {
		t.Errorf("the most probable are %v, want 2, 3, 6", ids)
	}
	if _, all := Logprobs(skewed, 0, 1000); len(all) != len(skewed) {
		t.Errorf("%d of %d tokens", len(all), len(skewed))
	}
}
