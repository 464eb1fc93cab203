package grounding

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/eval/stat"
)

// Labelled is a statement of which it is known whether a text supports it.
type Labelled struct {
	Source    string `json:"source"`
	Statement string `json:"statement"`
	Supported bool   `json:"supported"`
	// Kind says in what it differs from the text if it is not supported, or where the
	// statement is from; it may be empty.
	Kind Kind `json:"kind,omitempty"`
	// Group names what statements share, such as a document; errors of a group go
	// together. Without it each is one by itself.
	Group string `json:"group,omitempty"`
}

// Labels are the two statements of an example.
func (e *Example) Labels() [2]Labelled {
	return [2]Labelled{
		{Source: e.Passage, Statement: e.Supported, Supported: true, Kind: e.Kind, Group: e.Group},
		{Source: e.Passage, Statement: e.Unsupported, Kind: e.Kind, Group: e.Group},
	}
}

// Accuracy is how well a Checker tells labelled statements apart.
type Accuracy struct {
	// All is the share that was told right, Supported and Unsupported of those of the
	// one and the other label, Kinds of those of each kind, both labels together.
	All         stat.Estimate          `json:"all"`
	Supported   stat.Estimate          `json:"supported"`
	Unsupported stat.Estimate          `json:"unsupported"`
	Kinds       map[Kind]stat.Estimate `json:"kinds,omitempty"`
	// Calibration is of the probabilities that were given to what was told.
	Calibration stat.Calibration `json:"calibration"`
	// AUROC is the probability that a supported statement has a higher probability of
	// being it than one that is not, ties for a half.
	AUROC stat.Estimate `json:"auroc"`
}

// Halves divides labelled statements in two by their groups, or by themselves where
// they have none: one half to calibrate by and one to measure by.
func Halves(list []Labelled) (one, other []Labelled) {
	for _, l := range list {
		name := l.Group
		if name == "" {
			name = l.Source
		}
		if sum := sha256.Sum256([]byte(name)); sum[0]%2 == 0 {
			one = append(one, l)
		} else {
			other = append(other, l)
		}
	}
	return one, other
}

// Fit calibrates the scores of a model by labelled statements, whose texts it is shown in
// passages as a Checker shows them. Observe, if any, is told how many are scored.
func Fit(ctx context.Context, score ScoreFunc, passage int, list []Labelled, observe func(done int)) (Calibration, error) {
	var scores []float64
	var supported []bool
	for i, l := range list {
		s, err := best(ctx, score, passage, l.Source, []string{l.Statement})
		if err != nil {
			return Calibration{}, fmt.Errorf("labelled statement %d: %w", i+1, err)
		}
		if len(s) > 0 {
			scores, supported = append(scores, s[0]), append(supported, l.Supported)
		}
		if observe != nil {
			observe(i + 1)
		}
	}
	c, err := Calibrate(scores, supported)
	c.Passage = passage
	return c, err
}

// Measure checks labelled statements that the checker was not made from. It ends with
// the first error of the checker. Observe, if any, is told how many are done.
func Measure(ctx context.Context, c Checker, list []Labelled, observe func(done int)) (*Accuracy, error) {
	if len(list) == 0 {
		return nil, errors.New("there are no labelled statements to measure by")
	}
	m := &measuring{}
	for i, l := range list {
		p, err := check(ctx, c, l.Source, []string{l.Statement})
		if err != nil {
			return nil, fmt.Errorf("labelled statement %d: %w", i+1, err)
		}
		m.add(&l, p[0])
		if observe != nil {
			observe(i + 1)
		}
	}
	return m.accuracy(list), nil
}

// measuring collects what was told.
type measuring struct {
	right, sure, p, truth []float64
	groups                []string
}

func (m *measuring) add(l *Labelled, p float64) {
	m.right = append(m.right, one((p >= Threshold) == l.Supported))
	m.sure = append(m.sure, max(p, 1-p))
	m.p, m.truth = append(m.p, p), append(m.truth, one(l.Supported))
	m.groups = append(m.groups, l.Group)
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func (m *measuring) accuracy(list []Labelled) *Accuracy {
	a := &Accuracy{
		All:         m.share(func(int) bool { return true }),
		Supported:   m.share(func(i int) bool { return list[i].Supported }),
		Unsupported: m.share(func(i int) bool { return !list[i].Supported }),
		Kinds:       map[Kind]stat.Estimate{},
	}
	for i := range list {
		if k := list[i].Kind; k != "" && a.Kinds[k].N == 0 {
			a.Kinds[k] = m.share(func(i int) bool { return list[i].Kind == k })
		}
	}
	clusters := stat.Named(m.groups)
	a.Calibration = stat.Calibrate(m.sure, m.right, clusters)
	if c := stat.Calibrate(m.p, m.truth, clusters); c.AUROC != nil {
		a.AUROC = *c.AUROC
	}
	return a
}

func (m *measuring) share(of func(i int) bool) stat.Estimate {
	var values []float64
	var groups []string
	for i, v := range m.right {
		if of(i) {
			values, groups = append(values, v), append(groups, m.groups[i])
		}
	}
	return stat.Mean(values, stat.Named(groups))
}

// String is the shares for a terminal.
func (a *Accuracy) String() string {
	var b strings.Builder
	line := func(name string, e stat.Estimate) {
		if e.N > 0 {
			fmt.Fprintf(&b, "%-14s %5d  %5.1f%% (%.1f to %.1f)\n", name, e.N, 100*e.Value, 100*e.Low, 100*e.High)
		}
	}
	line("told right", a.All)
	line("supported", a.Supported)
	line("unsupported", a.Unsupported)
	for _, k := range append(slices.Clone(Kinds), MadeUp) {
		line("  "+string(k), a.Kinds[k])
	}
	e := a.Calibration.ECE
	fmt.Fprintf(&b, "calibration error %.3f (%.3f to %.3f), Brier %.3f, AUROC %.3f\n", e.Value, e.Low, e.High, a.Calibration.Brier.Value, a.AUROC.Value)
	return b.String()
}
