package energy

import (
	"fmt"
	"strconv"
)

// Spent is what some work took, or why that is not known.
type Spent struct {
	// Joules is 0 where Unavailable says why it is not known.
	Joules      float64 `json:"joules,omitempty"`
	Unavailable string  `json:"unavailable,omitempty"`
	// Intensity is that of the electricity in grams of carbon dioxide per kilowatt-hour,
	// as somebody gave it; 0 where nobody did.
	Intensity float64 `json:"grams_per_kwh,omitempty"`
}

// Spent is what the meter counted since Open.
func (m *Meter) Spent(intensity float64) Spent {
	joules, ok := m.Joules()
	if !ok {
		return Spent{Unavailable: m.Unavailable(), Intensity: intensity}
	}
	return Spent{Joules: joules, Intensity: intensity}
}

// Plus is both together: known where both are.
func (s Spent) Plus(other Spent) Spent {
	if other.Intensity == 0 {
		other.Intensity = s.Intensity
	}
	switch {
	case s.Unavailable != "":
		return Spent{Unavailable: s.Unavailable, Intensity: other.Intensity}
	case other.Unavailable != "":
		return Spent{Unavailable: other.Unavailable, Intensity: other.Intensity}
	}
	return Spent{Joules: s.Joules + other.Joules, Intensity: other.Intensity}
}

// Known tells whether there is a number.
func (s Spent) Known() bool { return s.Unavailable == "" }

// Grams is the carbon dioxide, 0 where the intensity or the joules are not known.
func (s Spent) Grams() float64 { return s.Joules / JoulesPerKWh * s.Intensity }

// String writes the energy for people, and its carbon where that is known: "unavailable"
// with the reason, else such as "3.20 kJ, 0.27 g of carbon dioxide at 300 g/kWh".
func (s Spent) String() string {
	if !s.Known() {
		return "unavailable: " + s.Unavailable
	}
	text := Text(s.Joules)
	if s.Intensity > 0 {
		text += fmt.Sprintf(", %s g of carbon dioxide at %g g/kWh", strconv.FormatFloat(s.Grams(), 'g', 3, 64), s.Intensity)
	}
	return text
}

// Text writes joules in the unit that suits them.
func Text(joules float64) string {
	units := []struct {
		size float64
		name string
	}{{1e9, "GJ"}, {1e6, "MJ"}, {1e3, "kJ"}, {1, "J"}, {1e-3, "mJ"}, {1e-6, "µJ"}}
	for _, u := range units {
		if joules >= u.size {
			return fmt.Sprintf("%.3g %s", joules/u.size, u.name)
		}
	}
	return fmt.Sprintf("%.3g J", joules)
}
