package scaling

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// TestGolden: fits are as good as scipy's (testdata/golden.py), and foretell the same.
func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Compute []struct {
			FLOPs, Loss          []float64
			Objective, B, C, Far float64
		}
		Size struct {
			N, D, Loss     []float64
			Objective, Far float64
		}
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	near := func(name string, got, want, share float64) { // a floor of next to nothing is nothing
		t.Helper()
		if !(math.Abs(got-want) <= share*math.Abs(want)+1e-6) {
			t.Errorf("%s is %v, scipy's %v", name, got, want)
		}
	}
	check := func(name string, f *fit, x [][]float64, y []float64, objective float64) {
		t.Helper()
		q := &problem{law: f.law, y: y, w: ones(len(y))}
		for _, row := range x {
			q.x = append(q.x, f.centered(row))
		}
		if got := q.loss(f.best); got > objective*(1+1e-4) {
			t.Errorf("%s: the loss of the fit is %v, scipy's %v", name, got, objective)
		}
	}
	for i, c := range golden.Compute {
		var runs []Run
		for k := range c.FLOPs {
			runs = append(runs, Run{FLOPs: c.FLOPs[k], Loss: c.Loss[k]})
		}
		f, err := FitCompute(runs)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint("ladder ", i)
		x, y, _ := logarithms(runs, func(r Run) []float64 { return []float64{r.FLOPs} })
		check(name, f.fit, x, y, c.Objective)
		near(name+": far", f.value(5e15), c.Far, 1e-3)
		near(name+": b", f.Law().B.Value, c.B, 1e-2)
		near(name+": c", f.Law().C.Value, c.C, 1e-2)
	}
	var runs []Run
	for k, n := range golden.Size.N {
		runs = append(runs, Run{FLOPs: 6 * n * golden.Size.D[k], Tokens: int64(golden.Size.D[k]), Loss: golden.Size.Loss[k]})
	}
	f, err := FitSize(runs)
	if err != nil {
		t.Fatal(err)
	}
	x, y, _ := logarithms(runs, func(r Run) []float64 { return []float64{r.effective(), float64(r.Tokens)} })
	check("sizes", f.fit, x, y, golden.Size.Objective)
	near("sizes: far", f.At(6*1e7*1e9, 1e9).Value, golden.Size.Far, 2e-3)
}
