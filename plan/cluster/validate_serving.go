package cluster

import (
	_ "embed"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/plan"
)

// ServingGroup is what one publication measured of servers.
type ServingGroup struct {
	Name   string       `yaml:"name"`
	Source string       `yaml:"source"`
	Runs   []ServingRun `yaml:"runs"`
}

// ServingRun is one measurement.
type ServingRun struct {
	Name     string    `yaml:"name"`
	Model    string    `yaml:"model"`
	Cluster  string    `yaml:"cluster"`
	Data     int       `yaml:"data"`
	Expert   int       `yaml:"expert"`
	Weights  Precision `yaml:"weights"`
	Lengths  []int     `yaml:"lengths"` // input, output
	Requests int       `yaml:"requests"`
	// Reported is tokens/s that come out.
	Reported float64 `yaml:"reported"`
}

//go:embed serving.yaml
var servingSource []byte

type servingFile struct {
	Groups []ServingGroup `yaml:"groups"`
}

var servingGroups = sync.OnceValue(func() []ServingGroup {
	var f servingFile
	if _, err := recipe.DecodeAs("the measurements", "serving.yaml", servingSource, &f); err != nil {
		panic(err) // the file is part of the program
	}
	return f.Groups
})

// PublishedServing returns the measurements that are built in. The slices belong to
// the package.
func PublishedServing() []ServingGroup { return servingGroups() }

// predict is the rate of output tokens that the simulation gives.
func (r *ServingRun) predict(k *Constants) (float64, error) {
	m, err := plan.Builtin(r.Model)
	if err != nil {
		return 0, err
	}
	c, err := Parse(r.Cluster)
	if err != nil {
		return 0, err
	}
	s := Server{Model: m, Cluster: c, Data: r.Data, Expert: r.Expert, Weights: r.Weights, Constants: k}
	out, err := s.Serve(Mix{Requests: r.Requests, Input: r.Lengths[0], Output: r.Lengths[1]})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", r.Name, err)
	}
	return out.OutputRate, nil
}

func validateServing(k *Constants) ([]Verdict, error) {
	var list []Verdict
	for i := range PublishedServing() {
		g := &PublishedServing()[i]
		for j := range g.Runs {
			r := &g.Runs[j]
			rate, err := r.predict(k)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", g.Name, err)
			}
			list = append(list, Verdict{
				Group: g.Name, Run: r.Name, Source: g.Source, Kind: "serving", Calibration: Calibrates(g.Name),
				What: "output tokens/s", Reported: r.Reported, Predicted: rate, Error: rate/r.Reported - 1,
				Layout: r.Cluster + " " + string(r.Weights), Fits: true,
			})
		}
	}
	return list, nil
}

// servingLoss is the loss of Fit over the measurements of servers.
func servingLoss(k *Constants) (float64, error) {
	sum, n := 0.0, 0.0
	for i := range PublishedServing() {
		g := &PublishedServing()[i]
		if !Calibrates(g.Name) {
			continue
		}
		for j := range g.Runs {
			rate, err := g.Runs[j].predict(k)
			if err != nil {
				return 0, err
			}
			sum += math.Abs(math.Log(rate / g.Runs[j].Reported))
			n++
		}
	}
	return sum / max(n, 1), nil
}

func sortedKeys(m map[string]float64) []string { return slices.Sorted(maps.Keys(m)) }
