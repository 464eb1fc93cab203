package train

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/energy"
)

// stepEnergy is the energy since the step before, or since the run was opened.
func (t *Trainer) stepEnergy() *float64 {
	if t.options.Meter == nil {
		return nil
	}
	now, ok := t.options.Meter.Joules()
	if !ok {
		return nil
	}
	spent := now - t.metered
	t.metered = now
	return &spent
}

// energy is that of the run so far, of the parts before interruptions too. It is nil
// without a meter.
func (t *Trainer) energy() *energy.Spent {
	if t.options.Meter == nil {
		return nil
	}
	spent := t.spentBefore.Plus(t.options.Meter.Spent(t.options.Carbon))
	return &spent
}

// energyBefore is that of the parts before this one: what the last of them wrote when it
// ended, or where it was killed what the journal has of its steps.
func energyBefore(info *runInfo, records []Record) energy.Spent {
	spent := stepsEnergy(records, 0)
	if e := info.Energy; e != nil && spent.Known() && e.Known() && e.Joules > spent.Joules {
		spent = *e
	}
	return spent
}

// stepsEnergy adds up the steps of a journal. Where it is not known of some, it is not
// known of the run.
func stepsEnergy(records []Record, intensity float64) energy.Spent {
	spent := energy.Spent{Intensity: intensity}
	steps, unknown := 0, 0
	for i := range records {
		timing := records[i].Timing
		if timing == nil {
			continue
		}
		steps++
		if timing.Joules == nil {
			unknown++
			continue
		}
		spent.Joules += *timing.Joules
	}
	if unknown > 0 {
		return energy.Spent{Intensity: intensity, Unavailable: fmt.Sprintf("%d of %d steps before were taken where it could not be read", unknown, steps)}
	}
	return spent
}
