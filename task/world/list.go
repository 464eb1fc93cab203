package world

import (
	"errors"
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/internal/random"
)

// Options say which questions are made.
type Options struct {
	Number int
	Seed   uint64 // of the questions
	// World and Size are seed and size of the world of the open domain: the same as
	// those of its corpus.
	World uint64
	Size  int
	// Domains come in turn; none is both.
	Domains []Domain
	Split   Split
}

// DefaultWorld and DefaultSize are those of the suite hallucination.
const (
	DefaultWorld = 1
	DefaultSize  = 192
)

// MostQuestions bounds Options.Number.
const MostQuestions = 1_000_000

// ErrFew is wrapped by the error of questions that have no end of others.
var ErrFew = errors.New("there are no more questions that differ")

// Check reports what cannot be.
func (o *Options) Check() error {
	if o.Number < 1 || o.Number > MostQuestions {
		return fmt.Errorf("%d questions: from 1 to %d can be made", o.Number, MostQuestions)
	}
	for i, d := range o.Domains {
		if !slices.Contains(Domains, d) {
			return fmt.Errorf("no domain is called %q: closed or open", d)
		}
		if slices.Contains(o.Domains[:i], d) {
			return fmt.Errorf("the domain %s is named twice", d)
		}
	}
	if o.Size < Smallest || o.Size > Largest {
		return fmt.Errorf("a world of %d subjects: it has %d to %d", o.Size, Smallest, Largest)
	}
	return o.Split.check()
}

// Each makes questions and gives them to yield until that has an error, which it
// returns; no two have the same prompt. Of the closed domain a third has no answer, of
// the open one half. The first questions of a longer list are those of a shorter one.
func (o Options) Each(yield func(*Question) error) error {
	if err := o.Check(); err != nil {
		return err
	}
	domains := o.Domains
	if len(domains) == 0 {
		domains = Domains
	}
	w, err := New(o.World, o.Size)
	if err != nil {
		return err
	}
	seen := make(map[string]struct{}, o.Number)
	for i := range o.Number {
		q := w.newQuestion(domains[i%len(domains)], o.Split, random.At(o.Seed, uint64(i)), seen)
		if q == nil {
			return fmt.Errorf("after %d: %w", i, ErrFew)
		}
		if err := yield(q); err != nil {
			return err
		}
	}
	return nil
}

// newQuestion makes one that has not been seen, nil if none is found.
func (w *World) newQuestion(d Domain, s Split, r *random.Source, seen map[string]struct{}) *Question {
	const tries = 200
	for range tries {
		var q *Question
		if d == Closed {
			q = newClosed(s, r)
		} else if q = w.newOpen(s, r); q == nil {
			continue
		}
		if _, twice := seen[q.Prompt]; !twice {
			seen[q.Prompt] = struct{}{}
			return q
		}
	}
	return nil
}
