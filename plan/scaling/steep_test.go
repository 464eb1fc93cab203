package scaling

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
)

// writable tells of intervals whose ends are no numbers, and of what JSON cannot say.
func writable(t *testing.T, what any, intervals ...Interval) {
	t.Helper()
	for k, i := range intervals {
		if math.IsInf(i.High, 0) || math.IsInf(i.Low, 0) || !(i.Low <= i.High) {
			t.Errorf("interval %d: %+v", k, i)
		}
	}
	if _, err := json.Marshal(what); err != nil {
		t.Error(err)
	}
}

// TestSteepCompute: of runs that the law fits badly, draws are so steep that a is beyond
// all numbers. The prediction can be signed all the same.
func TestSteepCompute(t *testing.T) {
	losses := []float64{9, 6, 5, 4.9}
	var list []Basis
	for i, c := range []float64{1, 1.2, 1.5, 2} {
		list = append(list, Basis{Run: Run{Name: fmt.Sprint(i), FLOPs: 1e15 * c, Tokens: 1e6, Loss: losses[i]}})
	}
	p, err := Predict(list, Target{FLOPs: 1e17}, nil, made, "test")
	if err != nil {
		t.Fatal(err)
	}
	writable(t, p, p.Compute.Law.A, p.Compute.Law.B, p.Compute.Law.C, p.Compute.Loss)
	if _, err := newKey(t).Sign(p); err != nil {
		t.Error(err)
	}
}

// TestSteepSize: the same of both terms of the law of sizes, at the center of the runs and
// far below it.
func TestSteepSize(t *testing.T) {
	steep := []float64{0.5, 0.5, 4, 0.5, 4} // exponents of e^4
	f := &SizeFit{&fit{law: sizeLaw, center: []float64{math.Log(1e8), math.Log(1e10)}, best: []float64{0.5, 0.5, -1, 0.5, -1}}}
	for i := range 100 {
		d := draw{params: steep}
		if i%2 == 0 {
			d.params = f.fit.best
		}
		f.fit.draws = append(f.fit.draws, d)
	}
	l, at := f.Law(), f.At(6*1e2, 1e2)
	writable(t, SizeForecast{l, at}, l.E, l.A, l.Alpha, l.B, l.Beta, at)
}

// TestSteepCapability: the same of pass rates that rise within a tenth of compute.
func TestSteepCapability(t *testing.T) {
	var runs []Answers
	for i, c := range []float64{1, 1.05, 1.1} {
		a := Answers{FLOPs: 1e17 * c, Items: map[string]Tally{}}
		for k := range 30 {
			a.Items[fmt.Sprint(k)] = Tally{Right: i, All: 2}
		}
		runs = append(runs, a)
	}
	c, err := FitCapability("exam", runs, 1e18)
	if err != nil {
		t.Fatal(err)
	}
	writable(t, c, c.Pass, c.Groups[0].Pass, c.Groups[1].Pass, c.Groups[2].Pass)
}
