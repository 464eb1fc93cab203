package cluster

import (
	"math"
	"testing"
)

// TestPublished: every run has a source, a layout that can be, and one number; the
// halves follow the rule.
func TestPublished(t *testing.T) {
	halves := [2]int{}
	for _, g := range Published() {
		if Calibrates(g.Name) {
			halves[0]++
		} else {
			halves[1]++
		}
		if g.Source == "" || len(g.Runs) == 0 {
			t.Errorf("%s has no source or no runs", g.Name)
		}
		for i := range g.Runs {
			r := &g.Runs[i]
			m, err := r.model()
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Validate(); err != nil {
				t.Errorf("%s/%s: %v", g.Name, r.Name, err)
			}
			p, numbers := r.Reported, 0
			for _, v := range []float64{p.Seconds, p.Rate, p.Hardware, p.Model, p.Causal, p.Hours} {
				if v > 0 {
					numbers++
				}
			}
			if numbers != 1 || p.Hours > 0 && r.Tokens == 0 {
				t.Errorf("%s/%s reports %+v", g.Name, r.Name, p)
			}
		}
	}
	if halves[0] < 8 || halves[1] < 8 {
		t.Errorf("%d publications calibrate and %d are held out", halves[0], halves[1])
	}
}

// TestReportedAgree: numbers that one source gives twice agree: the days of
// arXiv:2104.04473, Table 2, follow from its rates.
func TestReportedAgree(t *testing.T) {
	days := map[string]float64{
		"gpt-175b-384": 84, "gpt-175b-768": 43, "gpt-175b-1536": 23, "gpt-530b-560": 156, "gpt-530b-1120": 80, "gpt-530b-2240": 42,
	}
	for _, g := range Published() {
		if g.Name != "megatron-lm-2021-days" {
			continue
		}
		for i := range g.Runs {
			r := &g.Runs[i]
			m, _ := r.model()
			l, err := g.layout(r)
			if err != nil {
				t.Fatal(err)
			}
			steps := 300e9 / l.Tokens()
			got := steps * hardwareFLOP(m, &l) / (r.Reported.Hardware * 1e12 * float64(r.Devices)) / 86400
			if math.Abs(got/days[r.Name]-1) > 0.03 {
				t.Errorf("%s: its rate makes %.1f days, the source says %g", r.Name, got, days[r.Name])
			}
		}
	}
}

// TestValidate: held-out runs are predicted with a median error below 15%.
func TestValidate(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of simulation")
	}
	list, err := Validate(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range Summarize(list) {
		t.Logf("%s: %d runs of %d publications, median error %.1f%%, of publications %.1f%%", s.Name, s.Number, s.Groups, 100*s.Median, 100*s.GroupMedian)
		if s.Name == "held out" && (s.Number < 8 || s.Median >= 0.15) {
			t.Errorf("held out: %d runs, median error %.3f", s.Number, s.Median)
		}
	}
}

// TestFitted: the constants are where the calibration half has them: no change of
// one by a few percent predicts it better, and held-out reports do not enter.
func TestFitted(t *testing.T) {
	if testing.Short() {
		t.Skip("seconds of simulation")
	}
	k := Fitted()
	f, err := newFitting(k)
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.runs {
		if !Calibrates(f.runs[i].group.Name) {
			t.Errorf("%s is held out and calibrates", f.runs[i].group.Name)
		}
	}
	best, err := f.loss(k, false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range knobs {
		n := &knobs[i]
		if n.serving {
			continue
		}
		old := *n.get(k)
		for _, by := range []float64{0.95, 1.05} {
			n.set(k, min(max(old*by, n.low), n.high))
			if loss, _ := f.loss(k, false); loss < best-1e-3 {
				t.Errorf("%s %.3g in place of %.3g lowers the calibration loss from %.4f to %.4f", n.name, old*by, old, best, loss)
			}
		}
		n.set(k, old)
	}
}
