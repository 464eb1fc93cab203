package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/go-json-experiment/json"

	"github.com/polymath-lm/polymath/corpus"
)

func init() {
	register.DoFn6x1[[]byte, func(*[]byte) bool, func(*[]byte) bool, func([]byte, []byte), func(int, []byte), func(int, corpus.Count), error](&settleFn{})
	register.Function2x1(addCounts)
	register.DoFn3x1[context.Context, []byte, func(*int, *corpus.Count) bool, error](&countFn{})
	register.DoFn4x1[context.Context, []byte, func(*int, *corpus.Count) bool, func([]byte), error](&planFn{})
	register.Emitter2[int, corpus.Count]()
	register.Iter2[int, corpus.Count]()
}

// left is what duplicates leave.
type left struct {
	// docs are those that stay, by rank; lines are decisions on all, by file.
	docs, lines beam.PCollection
	// counts are how much stays, by source.
	counts beam.PCollection
}

// settle joins documents with what is said of them.
func settle(s beam.Scope, j Job, docs beam.PCollection, gone []beam.PCollection) left {
	none := beam.ParDo(s, nothing, beam.Impulse(s))
	all := beam.Flatten(s, append(gone, none)...)
	var l left
	l.docs, l.lines, l.counts = beam.ParDo3(s, &settleFn{Job: j}, beam.CoGroupByKey(s, docs, all))
	return l
}

func init() { register.Function2x0(nothing) }

// nothing is an empty collection: a recipe may find no duplicates at all.
func nothing(_ []byte, _ func(rank, gone []byte)) {}

// settleFn decides about a document.
type settleFn struct{ Job Job }

// ProcessElement takes the document of a rank, and why it goes, if it does.
func (f *settleFn) ProcessElement(rank []byte, docs, gone func(*[]byte) bool,
	stay func(rank, doc []byte), lines func(int, []byte), counts func(int, corpus.Count),
) error {
	var text []byte
	if !docs(&text) {
		return errors.New("a duplicate is no document: the runner lost some")
	}
	text = slices.Clone(text)
	if docs(new([]byte)) {
		return errors.New("a document is there twice: the runner did not keep its promise")
	}
	d, err := parseDoc(text)
	if err != nil {
		return err
	}
	why := first(gone) // exact comes before near
	if err := decide(&f.Job, rank, d.line, why, lines); err != nil || why != nil {
		return err
	}
	place, err := corpus.ParseRank(rank)
	if err != nil {
		return err
	}
	counts(place.Source, corpus.Count{Docs: 1, Bytes: int64(len(d.content))})
	stay(rank, text)
	return nil
}

func addCounts(a, b corpus.Count) corpus.Count {
	return corpus.Count{Docs: a.Docs + b.Docs, Bytes: a.Bytes + b.Bytes}
}

// count adds up what is left of each source.
func count(s beam.Scope, j Job, counts beam.PCollection) beam.PCollection {
	sums := beam.CombinePerKey(s, addCounts, counts)
	beam.ParDo0(s, &countFn{Job: j}, beam.Impulse(s), beam.SideInput{Input: sums})
	return sums
}

const countsName = "counts.json"

// countFn keeps the counts.
type countFn struct{ Job Job }

// ProcessElement writes what is left of all sources.
func (f *countFn) ProcessElement(ctx context.Context, _ []byte, counts func(*int, *corpus.Count) bool) error {
	r, err := f.Job.recipe()
	if err != nil {
		return err
	}
	text, err := json.Marshal(gather(r, counts))
	if err != nil {
		return err
	}
	return write(ctx, f.Job.path(countsName), text)
}

// gather puts the counts in the order of the sources.
func gather(r *corpus.Recipe, counts func(*int, *corpus.Count) bool) []corpus.Count {
	all := make([]corpus.Count, len(r.Sources))
	var source int
	var c corpus.Count
	for counts(&source, &c) {
		all[source] = addCounts(all[source], c)
	}
	return all
}

const planName = "plan.json"

// plan divides the text among the stages of training.
func plan(s beam.Scope, j Job, counts beam.PCollection) beam.PCollection {
	return beam.ParDo(s, &planFn{Job: j}, beam.Impulse(s), beam.SideInput{Input: counts})
}

// planFn makes the plan and keeps it.
type planFn struct{ Job Job }

// ProcessElement emits the plan as JSON.
func (f *planFn) ProcessElement(ctx context.Context, _ []byte, counts func(*int, *corpus.Count) bool, emit func([]byte)) error {
	r, err := f.Job.recipe()
	if err != nil {
		return err
	}
	p, err := r.NewMixture(gather(r, counts))
	if err != nil {
		return fmt.Errorf("mixture: %w", err)
	}
	text, err := json.Marshal(p, json.Deterministic(true))
	if err != nil {
		return err
	}
	emit(text)
	return write(ctx, f.Job.path(planName), text)
}
