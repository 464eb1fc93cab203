package stat

import (
	"encoding/json"
	"math"
	"math/bits"
	"os"
	"strconv"
	"testing"
)

// golden is what numpy, scipy, statsmodels and scikit-learn say; see testdata/golden.py.
type golden struct {
	TQuantile    [][3]float64 `json:"t_quantile"`
	TTails       [][3]float64 `json:"t_tails"`
	Binomial     [][3]float64 `json:"binomial"`
	Wilson       [][4]float64 `json:"wilson"`
	Tango        [][5]float64 `json:"tango"`
	McNemar      [][3]float64 `json:"mcnemar"`
	PassAtK      [][4]float64 `json:"pass_at_k"`
	ClusterModel []struct {
		Sizes []float64  `json:"sizes"`
		Rho   float64    `json:"rho"`
		Want  [3]float64 `json:"want"`
	} `json:"cluster_model"`
	Holm struct {
		P    []float64 `json:"p"`
		Want []float64 `json:"want"`
	} `json:"holm"`
	Clusters struct {
		Values            []float64 `json:"values"`
		StdErr, Low, High float64
	} `json:"clusters"`
	Paired struct {
		A, B         []float64
		P, Low, High float64
	} `json:"paired"`
	Calibration struct {
		Confidence, Right       []float64
		ECE, Brier, AUROC, AURC float64
		AUROCTies               float64 `json:"auroc_ties"`
	} `json:"calibration"`
	Bootstrap struct {
		X, Y              []float64
		StdErr, Low, High float64
	} `json:"bootstrap"`
}

func readGolden(t *testing.T) golden {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// near fails unless got is want within a part of it.
func near(t *testing.T, what string, got, want, part float64) {
	t.Helper()
	if !(math.Abs(got-want) <= part*max(math.Abs(want), 1e-3)) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestDistributions(t *testing.T) {
	g := readGolden(t)
	for _, c := range g.TQuantile {
		near(t, "tQuantile", tQuantile(c[0], c[1]), c[2], 1e-9)
	}
	for _, c := range g.TTails {
		near(t, "tTails", tTails(c[0], c[1]), c[2], 1e-9)
	}
	for _, c := range g.Binomial {
		near(t, "binomialHalf", binomialHalf(int(c[0]), int(c[1])), c[2], 1e-9)
	}
	near(t, "tQuantile without end", tQuantile(0.975, math.Inf(1)), 1.959963984540054, 1e-12)
	near(t, "normalBelow", normalBelow(-1.959963984540054), 0.025, 1e-12)
}

func TestWilson(t *testing.T) {
	for _, c := range readGolden(t).Wilson {
		values := make([]float64, int(c[1]))
		for i := range int(c[0]) {
			values[i] = 1
		}
		e := Mean(values, nil)
		near(t, "low", e.Low, c[2], 1e-9)
		near(t, "high", e.High, c[3], 1e-9)
		if e.Interval != "wilson" {
			t.Errorf("interval is %q", e.Interval)
		}
	}
}

func TestTango(t *testing.T) {
	for _, c := range readGolden(t).Tango {
		low, high := tango(c[0], c[1], c[2])
		near(t, "low", low, c[3], 1e-5)
		near(t, "high", high, c[4], 1e-5)
	}
}

func TestMcNemar(t *testing.T) {
	for _, c := range readGolden(t).McNemar {
		near(t, "p", McNemar(int(c[0]), int(c[1])), c[2], 1e-9)
		near(t, "p the other way", McNemar(int(c[1]), int(c[0])), c[2], 1e-9)
	}
}

func TestPassAtK(t *testing.T) {
	for _, c := range readGolden(t).PassAtK {
		near(t, "pass@k", PassAtK(int(c[0]), int(c[1]), int(c[2])), c[3], 1e-9)
	}
}

// TestPassAtKCounts looks at all draws of k from n samples.
func TestPassAtKCounts(t *testing.T) {
	for n := 1; n <= 7; n++ {
		for right := 0; right <= n; right++ {
			draws, passed := [8]float64{}, [8]float64{}
			for set := range 1 << n {
				k := bits.OnesCount(uint(set))
				draws[k]++
				if set&(1<<right-1) != 0 {
					passed[k]++
				}
			}
			for k := 1; k <= n; k++ {
				near(t, "pass@k", PassAtK(n, right, k), passed[k]/draws[k], 1e-12)
			}
		}
	}
}

func TestHolm(t *testing.T) {
	c := readGolden(t).Holm
	for i, got := range Holm(c.P) {
		near(t, "p "+strconv.Itoa(i), got, c.Want[i], 1e-12)
	}
	if got := Holm(nil); len(got) != 0 {
		t.Errorf("of none: %v", got)
	}
}

// TestWorkingModel compares the sums with matrices.
func TestWorkingModel(t *testing.T) {
	for _, c := range readGolden(t).ClusterModel {
		expected, total, df := groups{sizes: c.Sizes}.workingModel(c.Rho, sum(c.Sizes))
		near(t, "expected", expected, c.Want[0], 1e-9)
		near(t, "total", total, c.Want[1], 1e-9)
		near(t, "df", df, c.Want[2], 1e-9)
	}
}

// TestClusters compares with a regression on a constant.
func TestClusters(t *testing.T) {
	c := readGolden(t).Clusters
	names := make([]string, len(c.Values))
	for i := range names {
		names[i] = strconv.Itoa(i / 4)
	}
	e := Mean(c.Values, names)
	near(t, "stderr", e.StdErr, c.StdErr, 1e-9)
	near(t, "low", e.Low, c.Low, 1e-9)
	near(t, "high", e.High, c.High, 1e-9)
	if e.Interval != "clustered t" || e.N != 60 || e.Clusters != 15 {
		t.Errorf("%+v", e)
	}
	ones := make([]float64, len(names))
	for i := range ones {
		ones[i] = 1
	}
	if r := Ratio(c.Values, ones, names); math.Abs(r.StdErr-e.StdErr) > 1e-12 || r.Value != e.Value {
		t.Errorf("as a ratio %+v, as a mean %+v", r, e)
	}
}

func TestPairedStudent(t *testing.T) {
	c := readGolden(t).Paired
	d := Paired(c.A, c.B, nil)
	near(t, "p", d.P, c.P, 1e-9)
	near(t, "low", d.Low, c.Low, 1e-9)
	near(t, "high", d.High, c.High, 1e-9)
}

func TestCalibrationMeasures(t *testing.T) {
	want := readGolden(t).Calibration
	c := Calibrate(want.Confidence, want.Right, nil)
	near(t, "ECE", c.ECE.Value, want.ECE, 1e-9)
	near(t, "Brier", c.Brier.Value, want.Brier, 1e-9)
	near(t, "AUROC", c.AUROC.Value, want.AUROC, 1e-9)
	near(t, "AURC", c.AURC.Value, want.AURC, 1e-9)
	rounded := make([]float64, len(want.Confidence))
	for i, x := range want.Confidence {
		rounded[i] = math.RoundToEven(x*10) / 10
	}
	near(t, "AUROC with ties", Calibrate(rounded, want.Right, nil).AUROC.Value, want.AUROCTies, 1e-9)
}

// TestBootstrap compares with another program's draws: a bound is off by what so
// few draws leave to chance.
func TestBootstrap(t *testing.T) {
	c := readGolden(t).Bootstrap
	e := Bootstrap(len(c.X), nil, func(weights []float64) float64 {
		x, y := 0.0, 0.0
		for i, w := range weights {
			x += w * c.X[i] * c.X[i]
			y += w * c.Y[i] * c.Y[i]
		}
		return x / y
	})
	width := c.High - c.Low
	if math.Abs(e.Low-c.Low) > width/15 || math.Abs(e.High-c.High) > width/15 {
		t.Errorf("%v to %v, want %v to %v", e.Low, e.High, c.Low, c.High)
	}
	near(t, "stderr", e.StdErr, c.StdErr, 0.06)
}
