package cluster

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/plan"
)

// Group is what one publication reports.
type Group struct {
	Name        string   `yaml:"name"`
	Source      string   `yaml:"source"`
	Accelerator string   `yaml:"accelerator"`
	Base        Layout   `yaml:"base"`
	Choose      []string `yaml:"choose"`
	Runs        []Run    `yaml:"runs"`
}

// Run is a training run or benchmark that was published.
type Run struct {
	Name string `yaml:"name"`
	// Model names one that is built in, GPT is layers, width, heads and vocabulary
	// of GPT-3's form, Shape is any other: one of the three.
	Model string      `yaml:"model"`
	GPT   []int       `yaml:"gpt"`
	Shape *plan.Model `yaml:"shape"`
	// Devices, Batch and Layout are the source's; what Choose names is ours.
	Devices  int      `yaml:"devices"`
	Batch    int      `yaml:"batch"`
	Sequence int      `yaml:"sequence"`
	Layout   string   `yaml:"layout"`
	Choose   []string `yaml:"choose"`
	// Differences from the group's base.
	Precision     Precision `yaml:"precision"`
	Unsequenced   bool      `yaml:"unsequenced"`
	OverlapExpert bool      `yaml:"overlap_expert"`
	Half          bool      `yaml:"half"`    // gradients travel in 2 bytes
	DeepEP        bool      `yaml:"deep_ep"` // a token crosses the network once for each domain
	// Tokens of the whole run, where its hours are reported.
	Tokens   float64 `yaml:"tokens"`
	Reported Measure `yaml:"reported"`
	Note     string  `yaml:"note"`
}

// Measure is a number that was published: one of its fields.
type Measure struct {
	Seconds  float64 `yaml:"seconds"`
	Rate     float64 `yaml:"rate"`
	Hardware float64 `yaml:"hardware"`
	Model    float64 `yaml:"model"`
	Causal   float64 `yaml:"causal"`
	Hours    float64 `yaml:"hours"`
}

// Calibrates reports on which side of the rule a group is: the first byte of the
// SHA-256 of its name is even.
func Calibrates(group string) bool { return sha256.Sum256([]byte(group))[0]%2 == 0 }

//go:embed runs.yaml
var runSource []byte

type runFile struct {
	Groups []Group `yaml:"groups"`
}

// SetDefaults gives a group the usual layout.
func (g *Group) SetDefaults() { g.Base.SetDefaults() }

var groups = sync.OnceValue(func() []Group {
	var f runFile
	if _, err := recipe.DecodeAs("the runs", "runs.yaml", runSource, &f); err != nil {
		panic(err) // the file is part of the program
	}
	return f.Groups
})

// Published returns the training runs that are built in. The slices belong to the
// package.
func Published() []Group { return groups() }

// model returns the shape of the run's model.
func (r *Run) model() (*plan.Model, error) {
	switch {
	case r.Shape != nil:
		return r.Shape, nil
	case len(r.GPT) == 4:
		return gpt(r.Name, r.GPT[0], r.GPT[1], r.GPT[2], r.GPT[3]), nil
	}
	return plan.Builtin(r.Model)
}

// gpt is a decoder of GPT-3's form.
func gpt(name string, layers, width, heads, vocabulary int) *plan.Model {
	m := &plan.Model{Name: name, Layers: layers, Width: width, Vocabulary: vocabulary, Tied: true, Context: 2048, Positions: 2048}
	m.SetDefaults()
	m.Norm = plan.NormBias
	m.Attention = plan.Attention{Heads: heads, KVHeads: heads, HeadDim: width / heads, Bias: true, OutputBias: true}
	m.FeedForward = plan.FeedForward{Hidden: 4 * width, Bias: true}
	return m
}

// layout is what the source says of it, over the group's base.
func (g *Group) layout(r *Run) (Layout, error) {
	l := g.Base
	l.Batch = r.Batch
	if r.Sequence > 0 {
		l.Sequence = r.Sequence
	}
	if r.Precision != "" {
		l.Precision = r.Precision
	}
	if r.Unsequenced {
		l.Sequenced = false
	}
	if r.OverlapExpert {
		l.OverlapExpert = true
	}
	if r.Half {
		l.GradientBytes = 2
	}
	if r.DeepEP {
		l.ExpertDomains = maxDevices
	}
	l, err := ParseLayout(r.Layout, l)
	if err != nil {
		return l, err
	}
	others := l.Tensor * l.Pipeline * l.Context
	if r.Devices%others != 0 {
		return l, fmt.Errorf("%s: %d devices are no multiple of the layout's %d", r.Name, r.Devices, others)
	}
	l.Data = r.Devices / others
	return l, nil
}

// chosen is what the run leaves open.
func (g *Group) chosen(r *Run) []string {
	if r.Choose != nil {
		return r.Choose
	}
	return g.Choose
}

// simulate predicts the run's step: of what its source leaves open the fastest.
func (g *Group) simulate(r *Run, k *Constants) (*plan.Model, Layout, *Step, error) {
	m, err := r.model()
	if err != nil {
		return nil, Layout{}, nil, err
	}
	a, err := FindAccelerator(g.Accelerator)
	if err != nil {
		return nil, Layout{}, nil, err
	}
	c, err := New(a, r.Devices)
	if err != nil {
		return nil, Layout{}, nil, err
	}
	l, err := g.layout(r)
	if err != nil {
		return nil, l, nil, err
	}
	open := g.chosen(r)
	if slices.Contains(open, "layout") {
		found, err := Search(m, c, l, SearchOptions{Constants: k, Keep: 1, Idle: 0.05})
		if err != nil {
			return nil, l, nil, fmt.Errorf("%s: %w", r.Name, err)
		}
		return m, found[0].Layout, found[0].Step, nil
	}
	best, step, err := fastest(m, c, l, open, k)
	if err != nil {
		return nil, l, nil, fmt.Errorf("%s/%s: %w", g.Name, r.Name, err)
	}
	return m, best, step, nil
}

// fastest tries the microbatches and chunks that a source leaves open.
func fastest(m *plan.Model, c *Cluster, l Layout, open []string, k *Constants) (Layout, *Step, error) {
	micros, chunks := []int{l.Microbatch}, []int{l.Chunks}
	if slices.Contains(open, "microbatch") {
		micros = []int{1, 2, 4, 8}
	}
	if slices.Contains(open, "chunks") && l.Pipeline > 1 {
		chunks = divisorsUpTo(m.Layers/l.Pipeline, 8)
	}
	var best *Step
	var at Layout
	var first error
	for _, mb := range micros {
		for _, v := range chunks {
			t := l
			t.Microbatch, t.Chunks = mb, v
			s, err := Simulate(m, c, t, Options{Constants: k})
			if err != nil {
				first = err
				continue
			}
			if better(s, best) {
				best, at = s, t
			}
		}
	}
	if best == nil {
		return l, nil, first
	}
	return at, best, nil
}

// better prefers what about fits, then what is faster. The run did take place, and
// frameworks differ in what they keep: some more than the memory is let pass.
func better(s, than *Step) bool {
	if than == nil {
		return true
	}
	const tolerance = 1.2
	a, b := s.Memory.Sum() <= tolerance*s.Memory.Capacity, than.Memory.Sum() <= tolerance*than.Memory.Capacity
	if a != b {
		return a
	}
	return s.Seconds < than.Seconds
}

// divisorsUpTo lists the divisors of n up to most, 1 first.
func divisorsUpTo(n, most int) []int {
	var list []int
	for d := 1; d <= min(n, most); d++ {
		if n%d == 0 {
			list = append(list, d)
		}
	}
	if list == nil {
		return []int{1}
	}
	return list
}
