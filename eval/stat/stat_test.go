package stat

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestMeanOfFew(t *testing.T) {
	for _, c := range []struct {
		name     string
		values   []float64
		clusters []string
		want     Estimate
	}{
		{"none", nil, nil, Estimate{Interval: IntervalNone}},
		{"one item", []float64{1}, nil, Estimate{Value: 1, High: 1, N: 1, Clusters: 1, Interval: IntervalNone}},
		{"one cluster", []float64{1, 0}, []string{"a", "a"}, Estimate{Value: 0.5, High: 1, N: 2, Clusters: 1, Interval: IntervalNone}},
		{"one cluster without bounds", []float64{2, 4}, []string{"a", "a"}, Estimate{Value: 3, Low: 3, High: 3, N: 2, Clusters: 1, Interval: IntervalNone}},
	} {
		if got := Mean(c.values, c.clusters); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		} else if got.Available() {
			t.Errorf("%s: is available", c.name)
		}
	}
}

// TestAllRight wants bounds that say what few clusters may have hidden.
func TestAllRight(t *testing.T) {
	ones := make([]float64, 40)
	clusters := make([]string, 40)
	for i := range ones {
		ones[i], clusters[i] = 1, strconv.Itoa(i/10)
	}
	alone, together := Mean(ones, nil), Mean(ones, clusters)
	if alone.High != 1 || together.High != 1 || !(together.Low < 0.4) || !(alone.Low > 0.9) {
		t.Errorf("40 items %+v, in 4 clusters %+v", alone, together)
	}
	for i := range ones {
		ones[i] = 0.7
	}
	if e := Mean(ones, nil); !(e.Low < 0.6 && e.High > 0.75) {
		t.Errorf("0.7 always: %+v", e)
	}
	d := Paired(ones, ones, clusters)
	if d.P != 1 || d.Value != 0 || !(d.High > 0.3) || math.Abs(d.Low+d.High) > 1e-9 || !(d.Detectable > d.High) {
		t.Errorf("no difference: %+v", d)
	}
}

// TestAllDifferAlike wants no certainty of few clusters whose differences are the same.
func TestAllDifferAlike(t *testing.T) {
	clusters := []string{"a", "a", "a", "a", "a", "b", "b", "b", "b", "b"}
	a := []float64{1, 1, 0, 0, 0, 1, 1, 1, 0, 0}
	b := []float64{1, 1, 1, 0, 0, 1, 1, 1, 1, 0}
	none, all := make([]float64, 10), make([]float64, 10)
	for i := range all {
		all[i] = 1
	}
	for _, d := range []Difference{Paired(a, b, clusters), Paired(none, all, clusters)} {
		if !(d.P > 0.2) || !(d.Low < 0.1) || !(d.Detectable > d.Value) || !d.Available() {
			t.Errorf("%+v", d)
		}
	}
	if d := Paired(b, a, clusters); !(d.High > 0) || d.Value >= 0 {
		t.Errorf("%+v", d)
	}
	if d := Paired([]float64{5, 6}, []float64{7, 8}, nil); d.P != 1 || d.Available() || d.Value != 2 {
		t.Errorf("without bounds: %+v", d)
	}
	if d := Paired(none[:1:1], all[:1:1], nil); d.P != 1 {
		t.Errorf("one item: %+v", d)
	}
}

// TestWeightedFull: a part of few items that are all right is not known exactly.
func TestWeightedFull(t *testing.T) {
	half := make([]float64, 100)
	for i := range 50 {
		half[i] = 1
	}
	e := Weighted([]float64{9, 1}, []Estimate{Mean([]float64{1, 1, 1}, nil), Mean(half, nil)})
	if math.Abs(e.Value-0.95) > 1e-12 || !(e.Low < 0.6) || !(e.High <= 1) {
		t.Errorf("%+v", e)
	}
}

func draw01(t *rapid.T, label string, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(rapid.IntRange(0, 1).Draw(t, label))
	}
	return out
}

func drawClusters(t *rapid.T, n int) []string {
	if rapid.Bool().Draw(t, "no clusters") {
		return nil
	}
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "cluster"))
	}
	return out
}

// TestProperties: bounds hold the value and stay in range, everything can be
// written as JSON, models change places with signs, and repeats give the same bits.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		a, b, clusters := draw01(t, "a", n), draw01(t, "b", n), drawClusters(t, n)
		if rapid.Bool().Draw(t, "parts") {
			for i := range a {
				a[i], b[i] = a[i]*0.5, (b[i]+a[i])/2
			}
		}
		for _, e := range []Estimate{Mean(a, clusters), Weighted([]float64{1, 2}, []Estimate{Mean(a, clusters), Mean(b, clusters)})} {
			if !(0 <= e.Low && e.Low <= e.Value && e.Value <= e.High && e.High <= 1) {
				t.Fatalf("%+v", e)
			}
		}
		d, back := Paired(a, b, clusters), Paired(b, a, clusters)
		if !(-1 <= d.Value && d.Low <= d.Value+1e-12 && d.Value <= d.High+1e-12 && d.P >= 0 && d.P <= 1) {
			t.Fatalf("%+v", d)
		}
		if math.Abs(d.Low+back.High) > 1e-9 || math.Abs(d.P-back.P) > 1e-12 || d.OnlyA != back.OnlyB {
			t.Fatalf("%+v, with places changed %+v", d, back)
		}
		if d.Value != 0 && d.Available() && (d.P < 0.02 && d.Low < 0 && d.High > 0 || d.P > 0.1 && (d.Low > 0 || d.High < 0)) {
			t.Fatalf("test and interval differ: %+v", d)
		}
		asJSON(t, d)
	})
}

func asJSON(t *rapid.T, x any) {
	if _, err := json.Marshal(x); err != nil {
		t.Fatal(err)
	}
}

func TestCalibrationProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "n")
		right, clusters := draw01(t, "right", n), drawClusters(t, n)
		levels := rapid.IntRange(1, 50).Draw(t, "levels")
		confidence := make([]float64, n)
		for i := range confidence {
			confidence[i] = float64(rapid.IntRange(0, levels).Draw(t, "confidence")) / float64(levels)
		}
		c := Calibrate(confidence, right, clusters)
		asJSON(t, c)
		if !reflect.DeepEqual(c, Calibrate(confidence, right, clusters)) {
			t.Fatal("a repeat differs")
		}
		total, last := 0, -1.0
		for _, b := range c.Bins {
			total += b.N
			if b.Confidence <= last || b.Low > b.Accuracy || b.High < b.Accuracy {
				t.Fatalf("bins %+v", c.Bins)
			}
			last = b.Confidence
		}
		if total != n {
			t.Fatalf("%d items in bins, want %d", total, n)
		}
		if n > 0 {
			all := c.Selective[len(c.Selective)-1]
			if all.Coverage != 1 || math.Abs(all.Accuracy-sum(right)/float64(n)) > 1e-12 {
				t.Fatalf("all: %+v", all)
			}
		}
		if e := c.ECE; !(0 <= e.Low && e.Low <= e.Value && e.Value <= e.High && e.High <= 1) {
			t.Fatalf("%+v", e)
		}
		same := CompareCalibration(confidence, right, confidence, right, clusters)
		if same.ECE.Value != 0 || same.Brier.Value != 0 || same.AURC.Value != 0 || same.ECE.P != 1 {
			t.Fatalf("of one with itself: %+v", same)
		}
		asJSON(t, same)
	})
}

// TestTiesStayTogether has two confidences only, which make two bins.
func TestTiesStayTogether(t *testing.T) {
	confidence, right := make([]float64, 100), make([]float64, 100)
	for i := range confidence {
		confidence[i] = 0.5
		if i%4 == 0 {
			confidence[i], right[i] = 0.9, 1
		}
	}
	c := Calibrate(confidence, right, nil)
	if len(c.Bins) != 2 || c.Bins[0].N != 75 || c.Bins[1].N != 25 || len(c.Selective) != 2 {
		t.Errorf("bins %+v, selective %+v", c.Bins, c.Selective)
	}
	near(t, "ECE", c.ECE.Value, 0.75*0.5+0.25*0.1, 1e-12)
	// 25 right ones, then on average a risk of (k-25)/k.
	want := 0.0
	for k := 26; k <= 100; k++ {
		want += float64(k-25) / float64(k) / 100
	}
	near(t, "AURC", c.AURC.Value, want, 1e-12)
	if c.AUROC.Value != 1 {
		t.Errorf("AUROC %v", c.AUROC.Value)
	}
}

// TestAURCWithTies takes the mean over all orders of a tie.
func TestAURCWithTies(t *testing.T) {
	orders := [][]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	want := 0.0
	for _, wrong := range orders {
		area := 0.0
		for k := range wrong {
			area += sum(wrong[:k+1]) / float64(k+1)
		}
		want += area / 9
	}
	c := Calibrate([]float64{0.4, 0.4, 0.4}, []float64{0, 1, 1}, nil)
	near(t, "AURC", c.AURC.Value, want, 1e-12)
}

func TestMajority(t *testing.T) {
	for _, c := range []struct {
		answers []string
		scores  []float64
		winners []string
		share   float64
		score   float64
	}{
		{nil, nil, nil, 0, 0},
		{[]string{"", ""}, []float64{0, 0}, nil, 0, 0},
		{[]string{"4", "5", "4", ""}, []float64{1, 0, 1, 0}, []string{"4"}, 2.0 / 3, 1},
		{[]string{"5", "4"}, []float64{0, 1}, []string{"4", "5"}, 0.5, 0.5},
		{[]string{"a", "b", "c", "b", "c"}, []float64{1, 0, 0, 0, 0}, []string{"b", "c"}, 0.4, 0},
	} {
		winners, share := Majority(c.answers)
		if !reflect.DeepEqual(winners, c.winners) || share != c.share {
			t.Errorf("%q: %q with %v", c.answers, winners, share)
		}
		if got := MajorityScore(c.answers, c.scores); got != c.score {
			t.Errorf("%q: score %v, want %v", c.answers, got, c.score)
		}
	}
}

func TestCallersBugs(t *testing.T) {
	for name, f := range map[string]func(){
		"lengths":        func() { Mean([]float64{1}, []string{"a", "b"}) },
		"pairs":          func() { Paired([]float64{1}, nil, nil) },
		"not a number":   func() { Mean([]float64{math.NaN()}, nil) },
		"k above n":      func() { PassAtK(3, 1, 4) },
		"an outcome 0.5": func() { Calibrate([]float64{0.5}, []float64{0.5}, nil) },
		"a confidence 2": func() { Calibrate([]float64{2}, []float64{1}, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
