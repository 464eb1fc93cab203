package eval

import (
	"testing"

	"github.com/polymath-lm/polymath/internal/energy"
	"github.com/polymath-lm/polymath/task"
)

// TestEnergyUse: starts add up, and one that nobody measured leaves the sum unknown.
func TestEnergyUse(t *testing.T) {
	records := []Record{{Verdict: task.Verdict{Right: true, Score: 1}}, {}, {Verdict: task.Verdict{Right: true}, Error: "x"}}
	r := &run{}
	r.addEnergy(nil)
	if use := r.energyUse(records); use != nil {
		t.Errorf("nobody measured: %+v", use)
	}
	r.addEnergy(&energy.Spent{Joules: 3, Intensity: 100})
	r.addEnergy(&energy.Spent{Joules: 4, Intensity: 100})
	use := r.energyUse(records)
	if use == nil || use.Joules != 7 || use.Right != 1 || use.PerRight() != 7 {
		t.Errorf("%+v", use)
	}
	if (&EnergyUse{Spent: energy.Spent{Joules: 3}}).PerRight() != 0 {
		t.Error("a right answer where there is none")
	}
	r.addEnergy(nil)
	if use := r.energyUse(records); use.Known() || use.PerRight() != 0 {
		t.Errorf("a part was not measured: %+v", use)
	}
}
