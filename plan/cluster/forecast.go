package cluster

import (
	"math"

	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/plan"
)

// Interval is a number with the range in which 90% of the draws lie.
type Interval struct {
	Low    float64 `json:"low"`
	Middle float64 `json:"middle"` // the median
	High   float64 `json:"high"`
}

// Forecast is what a whole run takes.
type Forecast struct {
	Tokens float64 `json:"tokens"`
	Steps  float64 `json:"steps"`
	Step   *Step   `json:"step"`
	Layout Layout  `json:"layout"`
	// Reliability is that of the cluster, Goodput the share of time that is work
	// which stays.
	Reliability Reliability `json:"reliability"`
	Goodput     Interval    `json:"goodput"`
	// Days by the clock, DeviceHours of all devices, Dollars, and Megawatt-hours of
	// the devices with their share of hosts, network and cooling.
	Days          Interval `json:"days"`
	DeviceHours   Interval `json:"device_hours"`
	Dollars       Interval `json:"dollars"`
	MegawattHours Interval `json:"megawatt_hours"`
}

// Spread of what is uncertain. Model is the standard deviation of the logarithm of
// reported over predicted steps, for which the middle error of the calibration half
// stands (0.08 / 0.6745); the others are guesses of ours.
const (
	spreadModel    = 0.12
	spreadFailures = 0.5          // of the logarithm of the rate of failures
	draws          = 1000         // of what is uncertain
	lowPower       = 0.7          // of the board's limit, in training
	highPower      = 1.0          // of it
	lowOverhead    = 0.85         // of the cluster's overhead
	highOverhead   = 1.15         // of it
	slowCheckpoint = 4.0          // times as long as assumed
	seedForecast   = 0x706c616e01 // the same draws for every run, so that runs compare
)

// Prices replace the accelerator's, in dollars for a device's hour; zero keeps them.
type Prices struct{ Low, High float64 }

// Foresee says what training on so many tokens takes, with intervals from a
// thousand draws of what is uncertain: the model's own error, failures, checkpoints,
// power and prices. Errors are those of Simulate.
func Foresee(m *plan.Model, c *Cluster, l Layout, tokens float64, p Prices, o Options) (*Forecast, error) {
	step, err := Simulate(m, c, l, o)
	if err != nil {
		return nil, err
	}
	f := &Forecast{Tokens: tokens, Steps: math.Ceil(tokens / l.Tokens()), Step: step, Layout: l, Reliability: c.Reliability()}
	if p.High == 0 {
		p.Low, p.High = c.PriceLow, c.PriceHigh
	}
	devices := float64(c.Devices)
	rng := random.New(seedForecast)
	var goodput, days, hours, dollars, energy []float64
	for range draws {
		r := f.Reliability
		r.FailuresPerHour *= math.Exp(spreadFailures * normal(rng))
		r.Checkpoint *= math.Exp(math.Log(slowCheckpoint) * (uniform(rng) - 0.5))
		g := r.Goodput()
		seconds := f.Steps * step.Seconds * math.Exp(spreadModel*normal(rng)) / max(g, 1e-9)
		h := seconds / 3600 * devices
		goodput, days, hours = append(goodput, g), append(days, seconds/86400), append(hours, h)
		dollars = append(dollars, h*between(rng, p.Low, p.High))
		watts := c.Power * between(rng, lowPower, highPower) * c.Overhead * between(rng, lowOverhead, highOverhead)
		energy = append(energy, h*watts/1e6)
	}
	f.Goodput, f.Days, f.DeviceHours = interval(goodput), interval(days), interval(hours)
	f.Dollars, f.MegawattHours = interval(dollars), interval(energy)
	return f, nil
}

// normal draws from the standard normal distribution (Box and Muller).
func normal(rng *random.Source) float64 {
	return math.Sqrt(-2*math.Log(1-uniform(rng))) * math.Cos(2*math.Pi*uniform(rng))
}

func between(rng *random.Source, low, high float64) float64 { return low + (high-low)*uniform(rng) }

// interval sorts the list.
func interval(list []float64) Interval {
	q := quantilesAt(list, 0.05, 0.5, 0.95)
	return Interval{q[0], q[1], q[2]}
}
