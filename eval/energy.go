package eval

import "github.com/polymath-lm/polymath/internal/energy"

// EnergyUse is what an examination took.
type EnergyUse struct {
	energy.Spent
	// Right is how many answers were right.
	Right int `json:"right"`
}

// PerRight is the joules of each right answer, 0 where there is none or the energy is
// not known. What the wrong ones took is in it.
func (e *EnergyUse) PerRight() float64 {
	if e.Right == 0 {
		return 0
	}
	return e.Joules / float64(e.Right)
}

// addEnergy adds that of a start of the run; nil is one that nobody measured.
func (r *run) addEnergy(spent *energy.Spent) {
	if spent == nil {
		if r.o.Meter == nil && r.spent == nil {
			return
		}
		spent = &energy.Spent{Unavailable: "a part of the run was not measured"}
	}
	sum := *spent
	if r.spent != nil {
		sum = r.spent.Plus(sum)
	}
	r.spent = &sum
}

// energyUse is that of the whole run, with the right answers among records.
func (r *run) energyUse(records []Record) *EnergyUse {
	if r.spent == nil {
		return nil
	}
	use := &EnergyUse{Spent: *r.spent}
	for i := range records {
		if records[i].Error == "" && records[i].Verdict.Right {
			use.Right++
		}
	}
	return use
}
