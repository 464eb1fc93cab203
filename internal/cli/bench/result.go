// Package bench measures the program beside what the machine can do, limit and
// subject by turns in one run, so that a busy or throttled machine slows both.
package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
)

// Result is one measurement.
type Result struct {
	Name string `json:"name"`
	// Value and Limit are medians over Repeats; Fraction is the median of
	// their ratios, each of two measurements next to each other.
	Value    float64 `json:"value"`
	Unit     string  `json:"unit"`
	Limit    float64 `json:"limit"`
	Fraction float64 `json:"fraction"`
	// LimitOf says what the limit is.
	LimitOf string `json:"limit_of"`
	Repeats int    `json:"repeats"`
	Threads int    `json:"threads"`
	CPU     string `json:"cpu"`
	// Detail holds what else was measured or predicted, by name and unit.
	Detail map[string]float64 `json:"detail,omitempty"`
}

// Limits, as Result.LimitOf names them.
const (
	limitCompute = "register-only product loop"
	limitRead    = "streaming read of memory"
	limitScan    = "one pass over the bytes, a table look-up each"
)

// Options say how to measure.
type Options struct {
	// Quick takes smaller sizes and fewer repeats.
	Quick bool
	// Emit receives each result as soon as it is known.
	Emit func(Result)
}

func (o Options) repeats() int {
	if o.Quick {
		return 3
	}
	return 7
}

// slice is the least time of one measurement.
func (o Options) slice() time.Duration {
	if o.Quick {
		return 20 * time.Millisecond
	}
	return 100 * time.Millisecond
}

// emit completes a result from rates measured by turns.
func (o Options) emit(r Result, values, limits []float64) {
	ratios := make([]float64, len(values))
	for i := range values {
		ratios[i] = values[i] / limits[i]
	}
	r.Value, r.Limit, r.Fraction = median(values), median(limits), median(ratios)
	r.Repeats, r.CPU = len(values), kernel.CPU()
	if r.Threads == 0 {
		r.Threads = par.Threads()
	}
	o.Emit(r)
}

// compare measures subject and limit by turns.
func (o Options) compare(r Result, subject, limit func() float64) {
	subject() // caches, pages and clocks warm
	var values, limits []float64
	for range o.repeats() {
		before := limit()
		values = append(values, subject())
		limits = append(limits, (before+limit())/2)
	}
	o.emit(r, values, limits)
}

// rate calls f for at least a slice of time and returns amount per second,
// where amount is what one call does.
func (o Options) rate(amount float64, f func()) float64 {
	calls := 0
	start := time.Now()
	for calls == 0 || time.Since(start) < o.slice() {
		f()
		calls++
	}
	return amount * float64(calls) / time.Since(start).Seconds()
}

// peak measures the compute limit in floating-point operations per second.
func (o Options) peak() float64 { return kernel.ComputePeak(o.slice() / 2) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// WriteJSON writes a result as one line of JSON.
func WriteJSON(w io.Writer, r Result) error { return json.NewEncoder(w).Encode(r) }

// WriteText writes a result as one line for people.
func WriteText(w io.Writer, r Result) error {
	_, err := fmt.Fprintf(w, "%-34s %10s %-12s %5.1f%% of %s\n", r.Name, progress.Short(r.Value), r.Unit, 100*r.Fraction, r.LimitOf)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Detail)) {
		if _, err := fmt.Fprintf(w, "    %-30s %10s\n", name, progress.Short(r.Detail[name])); err != nil {
			return err
		}
	}
	return nil
}
