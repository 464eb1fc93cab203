// Package mixture decides how often each document of a corpus is read in which
// stage of training, and writes the token shards.
//
// Every choice is made by a hash of the seed and the document's text, so the
// shards depend neither on the order in which documents come nor on threads.
package mixture

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/shard"
)

// Options is the mixture as a recipe gives it.
type Options struct {
	// Size is the length of the text in all stages together; 0 is as much as the
	// weights allow without a source being read more often than its epochs.
	Size recipe.Bytes `yaml:"size" json:"size"`
	// Temperature T gives sources without weights the weight size^(1/T): 1 is
	// their share of the text, more lifts the small ones (arXiv:1901.07291, 3.1).
	Temperature float64 `yaml:"temperature" json:"temperature"`
	// Stages is the curriculum: training reads one after the other. Without any
	// there is one.
	Stages []Stage `yaml:"stages" json:"stages,omitempty"`
}

// Stage is a part of training with a mixture of its own.
type Stage struct {
	Name string `yaml:"name" json:"name"`
	// Share is the stage's share of the text; only the ratios matter.
	Share float64 `yaml:"share" json:"share"`
	// Weights are those of the sources in this stage by name, and 0 for others.
	// Left out, they are the sources' own.
	Weights map[string]float64 `yaml:"weights" json:"weights,omitempty"`
}

// SetDefaults sets what a recipe may leave out.
func (o *Options) SetDefaults() { *o = Options{Temperature: 1} }

// SetDefaults sets what a recipe may leave out.
func (s *Stage) SetDefaults() { *s = Stage{Share: 1} }

// Check reports the first impossible value as a *recipe.ValueError. Sources are
// the names that weights may use.
func (o *Options) Check(sources []string) error {
	fail := func(key, format string, args ...any) error {
		return &recipe.ValueError{Key: key, Problem: fmt.Sprintf(format, args...)}
	}
	if o.Size < 0 {
		return fail("size", "size must not be negative")
	}
	if !(o.Temperature >= 1 && o.Temperature <= 100) {
		return fail("temperature", "temperature must be from 1 to 100, and is %g", o.Temperature)
	}
	if len(o.Stages) > MaxStages {
		return fail("stages", "%d stages are more than %d", len(o.Stages), MaxStages)
	}
	for i, s := range o.Stages {
		key := fmt.Sprintf("stages[%d]", i)
		switch {
		case s.Name == "":
			return fail(key, "stage %d has no name", i+1)
		case slices.ContainsFunc(o.Stages[:i], func(t Stage) bool { return t.Name == s.Name }):
			return fail(key+".name", "two stages have the name %q", s.Name)
		case !(s.Share > 0 && s.Share < 1e9):
			return fail(key+".share", "share must be a positive number, and is %g", s.Share)
		}
		if err := checkWeights(s.Weights, sources); err != nil {
			return fail(key+".weights", "%v", err)
		}
	}
	return nil
}

func checkWeights(weights map[string]float64, sources []string) error {
	some := weights == nil
	for name, w := range weights {
		if !slices.Contains(sources, name) {
			return fmt.Errorf("there is no source %q", name)
		}
		if !(w >= 0 && w < 1e9) {
			return fmt.Errorf("the weight of %q must not be negative, and is %g", name, w)
		}
		some = some || w > 0
	}
	if !some {
		return fmt.Errorf("at least one weight must be more than 0")
	}
	return nil
}

// MaxStages bounds the stages of a mixture.
const MaxStages = 64

// Source is what there is of a source after filters and deduplication.
type Source struct {
	Name string `json:"name"`
	// Weight is its share of a stage that names no weights; only the ratios
	// matter. If no source has one, temperature gives them.
	Weight float64 `json:"weight"`
	// Epochs is how often each of its documents may be read, on average over the
	// source; 0 stands for 1.
	Epochs float64 `json:"epochs"`
	Docs   int64   `json:"docs"`
	Bytes  int64   `json:"bytes"` // of text
}

func (s Source) epochs() float64 {
	if s.Epochs == 0 {
		return 1
	}
	return s.Epochs
}

// Plan says how often each document is read.
type Plan struct {
	Seed   uint64   `json:"seed"`
	Stages []string `json:"stages"`
	// Sources are those of the recipe in its order.
	Sources []Source `json:"sources"`
	// Copies[s][i] is how often a document of source i is read in the stages up to
	// and with s, on average, in units of 2^-32.
	Copies [][]uint64 `json:"copies"`
	// Limit names the source whose weight and epochs decide how much is read, where
	// no size does, if some text of the others is then not read at all.
	Limit string `json:"limit,omitempty"`
	// Short names the sources of which there is less than the weights ask for at
	// that size, so that others fill up.
	Short []string `json:"short,omitempty"`
}

const one = 1 << 32 // a copy, in the units of Plan.Copies

// NewPlan divides the text among the stages. A source without text that a
// weight asks for is an error.
func NewPlan(o Options, seed uint64, sources []Source) (*Plan, error) {
	stages := o.Stages
	if len(stages) == 0 {
		stages = []Stage{{Name: "all", Share: 1}}
	}
	var total int64
	for _, s := range sources {
		total += s.Bytes
	}
	if total == 0 {
		return nil, fmt.Errorf("no text is left of any source: the filters dropped everything")
	}
	p := &Plan{Seed: seed, Sources: sources}
	weights, err := stageWeights(o, stages, sources)
	if err != nil {
		return nil, err
	}
	size := float64(o.Size)
	if size == 0 {
		size, p.Limit = largestSize(weights, sources)
	}
	demand := make([][]float64, len(stages))
	for s := range stages {
		p.Stages = append(p.Stages, stages[s].Name)
		demand[s] = make([]float64, len(sources))
		for i := range sources {
			demand[s][i] = float64(size * weights[s][i])
		}
	}
	p.limit(demand, weights)
	before := make([]float64, len(sources))
	for s := range stages {
		row := make([]uint64, len(sources))
		for i, src := range sources {
			before[i] += demand[s][i]
			if src.Bytes > 0 {
				row[i] = uint64(math.RoundToEven(before[i] / float64(src.Bytes) * one))
			}
		}
		p.Copies = append(p.Copies, row)
	}
	return p, nil
}

// NumCopies returns how often a document of source i with that text is read in
// stage s. All copies in all stages together are one of the two whole numbers
// around the average.
func (p *Plan) NumCopies(s, i int, id shard.ID) int {
	shift := p.draw(id, 0) >> 32
	copies := (p.Copies[s][i] + shift) / one
	if s > 0 {
		copies -= (p.Copies[s-1][i] + shift) / one
	}
	return int(copies)
}

// place returns where in stage s the copy of a document comes: documents are
// written in ascending order.
func (p *Plan) place(s, copy int, id shard.ID) uint64 {
	return p.draw(id, 1+uint64(s)<<32+uint64(copy))
}

// draw is a number in [0, 2^64) for a document and a purpose. Both halves of the
// name enter: parts of one text share the first.
func (p *Plan) draw(id shard.ID, purpose uint64) uint64 {
	x := mix(p.Seed + 0x9e3779b97f4a7c15*purpose)
	x = mix(x ^ binary.LittleEndian.Uint64(id[:8]))
	return mix(x ^ binary.LittleEndian.Uint64(id[8:]))
}

// Sampled reports whether a document is in a sample of that share, in [0, 1].
func Sampled(id shard.ID, seed uint64, share float64) bool {
	p := Plan{Seed: seed}
	return float64(p.draw(id, math.MaxUint64)>>11) < share*(1<<53)
}

// mix is the output function of SplitMix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
