package cluster

import (
	"math"
	"strings"
	"testing"
)

// TestStep: the parts of a step add up, memory falls with what is divided, and a
// forecast's intervals are in order.
func TestStep(t *testing.T) {
	m := builtin(t, "llama-3-70b")
	c := machine(t, "h100x64")
	sum := func(text string) *Step {
		l := testLayout(t, m, text)
		s, err := Simulate(m, c, l, Options{})
		if err != nil {
			t.Fatal(err)
		}
		parts := s.Forward.Sum() + s.Backward.Sum() + s.Bubble + s.Reduce + s.Update
		if math.Abs(parts/s.Seconds-1) > 0.02 {
			t.Errorf("%s: parts are %.4g s of %.4g", text, parts, s.Seconds)
		}
		if s.Utilization <= 0 || s.Utilization >= 1 {
			t.Errorf("%s: utilization %g", text, s.Utilization)
		}
		return s
	}
	none := sum("dp8 tp8 mb1 zero0 none")
	one := sum("dp8 tp8 mb1 zero1 none")
	three := sum("dp8 tp8 mb1 zero3 none")
	full := sum("dp8 tp8 mb1 zero1 full")
	if !(none.Memory.Optimizer > one.Memory.Optimizer && one.Memory.Weights > three.Memory.Weights && one.Memory.Gradients > three.Memory.Gradients) {
		t.Errorf("ZeRO does not divide: %+v %+v %+v", none.Memory, one.Memory, three.Memory)
	}
	if !(full.Memory.Activations < one.Memory.Activations/4 && full.Seconds > one.Seconds*1.15) {
		t.Errorf("recomputation: %+v in %g s, without %+v in %g s", full.Memory, full.Seconds, one.Memory, one.Seconds)
	}
	l := testLayout(t, m, "dp8 tp8 mb1")
	f, err := Foresee(m, c, l, 1e12, Prices{2, 2}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, i := range map[string]Interval{"days": f.Days, "hours": f.DeviceHours, "dollars": f.Dollars, "energy": f.MegawattHours, "goodput": f.Goodput} {
		if !(0 < i.Low && i.Low < i.Middle && i.Middle < i.High) {
			t.Errorf("%s: %+v is no interval", name, i)
		}
	}
	if hours := f.Steps * f.Step.Seconds * 64 / 3600; f.DeviceHours.Low > hours*1.1 || f.DeviceHours.High < hours {
		t.Errorf("device hours %+v, by the step %g", f.DeviceHours, hours)
	}
	if math.Abs(f.Dollars.Middle/f.DeviceHours.Middle-2) > 1e-6 {
		t.Errorf("%g dollars for %g hours at 2 each", f.Dollars.Middle, f.DeviceHours.Middle)
	}
}

// TestSearch: what is found fits and is as good as a layout that a person gives.
func TestSearch(t *testing.T) {
	m := builtin(t, "mixtral-8x7b")
	c := machine(t, "h100x64")
	base := testLayout(t, m, "")
	found, err := Search(m, c, base, SearchOptions{Keep: 5})
	if err != nil {
		t.Fatal(err)
	}
	given := base
	given.Data, given.Pipeline, given.Expert, given.Chunks = 16, 4, 8, 8
	s, err := Simulate(m, c, given, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !s.Memory.Fits() || found[0].Step.Seconds > s.Seconds*1.001 {
		t.Errorf("found %s with %g s; %s takes %g s", &found[0].Layout, found[0].Step.Seconds, &given, s.Seconds)
	}
	for i, f := range found {
		if !f.Step.Memory.Fits() || f.Layout.Check(m) != nil || f.Devices != f.Layout.Devices() {
			t.Errorf("%s: fits %v, %v", &f.Layout, f.Step.Memory.Fits(), f.Layout.Check(m))
		}
		if i > 0 && f.Step.Seconds*float64(f.Devices) < found[i-1].Step.Seconds*float64(found[i-1].Devices) {
			t.Error("not the cheapest first")
		}
	}
	if _, err := Search(builtin(t, "gpt-4"), machine(t, "h100x8"), base, SearchOptions{}); err == nil || !strings.Contains(err.Error(), "no layout fits: the smallest") {
		t.Errorf("gpt-4 on 8 devices: %v", err)
	}
}

// TestReliability: the formula agrees with runs through random failures, and the
// best interval is the best.
func TestReliability(t *testing.T) {
	for _, r := range []Reliability{
		{FailuresPerHour: 0.33, Checkpoint: 60, Restart: 600, Every: 1800},
		{FailuresPerHour: 5, Checkpoint: 20, Restart: 120, Every: 300},
		{FailuresPerHour: 0.01, Checkpoint: 300, Restart: 3600, Every: 7200},
	} {
		work := 3e4 * r.Every
		seconds, failures := r.Simulate(work, 7)
		if got, want := work/seconds, r.Goodput(); math.Abs(got/want-1) > 0.02 {
			t.Errorf("%+v: %d failures leave %.4f, by the formula %.4f", r, failures, got, want)
		}
		best := r
		best.Every = r.Best()
		for _, by := range []float64{0.7, 0.9, 1.1, 1.4} {
			other := best
			other.Every *= by
			if other.Goodput() > best.Goodput()+1e-9 {
				t.Errorf("%+v: checkpoints every %g s lose less than every %g", r, other.Every, best.Every)
			}
		}
	}
	if g := (Reliability{Every: 100, Checkpoint: 1}).Goodput(); math.Abs(g-100.0/101) > 1e-12 {
		t.Errorf("without failures %g", g)
	}
}

func machine(t testing.TB, text string) *Cluster {
	t.Helper()
	c, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
