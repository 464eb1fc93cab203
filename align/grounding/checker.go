package grounding

import (
	"context"
	"fmt"

	"github.com/polymath-lm/polymath/task/world"
)

// A Checker says which statements a text supports. Goroutines may share it.
type Checker interface {
	// Check returns for each statement the probability, 0 to 1, that source supports
	// it: that who knows source alone can say so. An exact checker gives 0 and 1. An
	// error says that nothing could be found out, not that a statement is bad.
	Check(ctx context.Context, source string, statements []string) ([]float64, error)
}

// Threshold is the probability from which on a statement counts as supported.
const Threshold = 0.5

// Findings are the statements of an answer, by what a Checker says of them.
type Findings struct {
	Supported   []string
	Unsupported []string
	// Silent are those that state nothing and were not checked; see Silent.
	Silent []string
}

// Find divides an answer into its statements and has them checked. Those of a
// probability of Threshold or more are supported.
func Find(ctx context.Context, c Checker, source, answer string) (*Findings, error) {
	f := &Findings{}
	var claims []string
	for _, s := range Statements(answer) {
		if Silent(s) {
			f.Silent = append(f.Silent, s)
		} else {
			claims = append(claims, s)
		}
	}
	if len(claims) == 0 {
		return f, nil
	}
	p, err := check(ctx, c, source, claims)
	if err != nil {
		return nil, err
	}
	for i, s := range claims {
		if p[i] >= Threshold {
			f.Supported = append(f.Supported, s)
		} else {
			f.Unsupported = append(f.Unsupported, s)
		}
	}
	return f, nil
}

// check is c.Check, held to what it promises.
func check(ctx context.Context, c Checker, source string, statements []string) ([]float64, error) {
	p, err := c.Check(ctx, source, statements)
	if err != nil {
		return nil, err
	}
	if len(p) != len(statements) {
		return nil, fmt.Errorf("the checker has %d probabilities for %d statements", len(p), len(statements))
	}
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			return nil, fmt.Errorf("the checker gives the probability %g to %q", v, statements[i])
		}
	}
	return p, nil
}

// World returns the exact Checker of texts and statements about made-up worlds; see
// package world. Of other texts it supports next to nothing.
func World() Checker { return inWorld{} }

type inWorld struct{}

// Check implements Checker.
func (inWorld) Check(_ context.Context, source string, statements []string) ([]float64, error) {
	p := make([]float64, len(statements))
	for i, supported := range world.Read(source).Check(statements) {
		if supported {
			p[i] = 1
		}
	}
	return p, nil
}
