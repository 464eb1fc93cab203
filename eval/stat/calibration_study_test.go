package stat

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// drawOutcomes draws items whose accuracy is confidence less gap, at most 1, at
// least 0; in clusters of a size, whose items share their luck in part.
func drawOutcomes(r *rand.Rand, n, size int, gap float64, confident bool) (confidence, right []float64, clusters []string) {
	luck := 0.0
	for i := range n {
		if i%size == 0 {
			luck = r.Float64()
		}
		x := 0.25 + 0.75*r.Float64()
		if confident {
			x = 1 - 0.3*math.Pow(r.Float64(), 3)
		}
		u := r.Float64()
		if size > 1 && r.Float64() < 0.5 {
			u = luck
		}
		y := 0.0
		if u < min(1, max(0, x-gap)) {
			y = 1
		}
		confidence, right = append(confidence, x), append(right, y)
		clusters = append(clusters, strconv.Itoa(i/size))
	}
	return confidence, right, clusters
}

// calibrationStudies is less than numStudies, for each draws 2,000 samples of its
// own; chance moves a share of 95% by 6%.
const calibrationStudies = 50

// TestCalibrationErrorCovers holds the parts of what is said of a calibration error
// against a known one. Of 300 studies each, intervals covered 91 to 99%.
func TestCalibrationErrorCovers(t *testing.T) {
	for _, c := range []struct {
		name      string
		n, size   int
		gap       float64
		confident bool
	}{
		{"calibrated", 500, 1, 0, false},
		{"calibrated and confident", 500, 1, 0, true},
		{"off by 0.05", 500, 1, 0.05, false},
		{"off by 0.15", 500, 1, 0.15, false},
		{"clusters, calibrated", 400, 4, 0, false},
		{"clusters, off by 0.1", 400, 4, 0.1, false},
	} {
		var mean Calibration
		alarms, covered := 0, 0
		for s := range calibrationStudies {
			r := rand.New(rand.NewPCG(uint64(s), 8))
			confidence, right, clusters := drawOutcomes(r, c.n, c.size, c.gap, c.confident)
			var k Calibration
			k.calibrationError(rank(confidence, right).bins(), confidence, right, clusters)
			mean.ECE.Value += k.ECE.Value / calibrationStudies
			mean.ECEDebiased += k.ECEDebiased / calibrationStudies
			mean.ECENoise += k.ECENoise / calibrationStudies
			if k.ECEP < 0.05 {
				alarms++
			}
			if k.ECE.Low <= c.gap && c.gap <= k.ECE.High {
				covered++
			}
		}
		within(t, c.name+": covered", float64(covered)/calibrationStudies, 0.86, 1)
		if c.gap == 0 {
			within(t, c.name+": alarms", float64(alarms)/calibrationStudies, 0, 0.14)
			within(t, c.name+": noise beside error", mean.ECENoise/mean.ECE.Value, 0.9, 1.1)
		}
		if c.gap >= 0.1 {
			within(t, c.name+": debiased beside truth", mean.ECEDebiased/c.gap, 0.85, 1.15)
			within(t, c.name+": alarms", float64(alarms)/calibrationStudies, 0.7, 1)
		}
	}
}

// TestRankingCovers has confidences whose AUROC follows from two normal
// distributions one apart.
func TestRankingCovers(t *testing.T) {
	truth := normalBelow(1 / math.Sqrt2)
	covered := share(8*calibrationStudies, func(r *rand.Rand) bool {
		var x, y []float64
		for range 150 {
			z, right := r.NormFloat64(), 0.0
			if r.Float64() < 0.7 {
				right, z = 1, z+1
			}
			x, y = append(x, normalBelow(z)), append(y, right)
		}
		e := Bootstrap(len(y), nil, rank(x, y).auroc)
		return e.Low <= truth && truth <= e.High
	})
	within(t, "AUROC", covered, 0.92, 0.98)
}

// TestCalibrationFalseAlarms compares two models that are equally far off.
func TestCalibrationFalseAlarms(t *testing.T) {
	alarms := map[string]int{}
	for s := range calibrationStudies {
		r := rand.New(rand.NewPCG(uint64(s), 9))
		confidenceA, rightA, clusters := drawOutcomes(r, 300, 3, 0.1, false)
		confidenceB, rightB, _ := drawOutcomes(r, 300, 3, 0.1, false)
		c := CompareCalibration(confidenceA, rightA, confidenceB, rightB, clusters)
		for name, d := range map[string]Difference{"accuracy": c.Accuracy, "ECE": c.ECE, "Brier": c.Brier, "AURC": c.AURC, "AUROC": *c.AUROC} {
			if d.P < 0.05 {
				alarms[name]++
			}
		}
	}
	for _, name := range []string{"accuracy", "ECE", "Brier", "AURC", "AUROC"} {
		within(t, name, float64(alarms[name])/calibrationStudies, 0, 0.14)
	}
}

// TestECEP: what was drawn a thousand times and never seen is rare, and not impossible.
func TestECEP(t *testing.T) {
	sure, wrong := make([]float64, 200), make([]float64, 200)
	for i := range sure {
		sure[i] = 0.99
	}
	if c := Calibrate(sure, wrong, nil); c.ECEP <= 0 || c.ECEP > 0.01 || math.Abs(c.ECE.Value-0.99) > 1e-12 {
		t.Errorf("P %v of an error of %v", c.ECEP, c.ECE.Value)
	}
}
