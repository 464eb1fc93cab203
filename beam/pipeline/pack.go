package pipeline

import (
	"bytes"
	"context"
	"math/bits"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/go-json-experiment/json"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/mixture"
	"github.com/polymath-lm/polymath/tokenizer"
)

func init() {
	register.DoFn5x1[[]byte, []byte, []byte, []byte, func(int, []byte), error](&entriesFn{})
	register.DoFn4x1[context.Context, int, func(*[]byte) bool, func(int, int64), error](&runFn{})
	register.DoFn3x1[context.Context, []byte, func(*int, *int64) bool, error](&runsFn{})
	register.Emitter2[int, int64]()
	register.Iter2[int, int64]()
}

// pack makes runs of the mixture: each is a part of a stage between two places.
func pack(s beam.Scope, j Job, docs, plan, tokens beam.PCollection) {
	entries := beam.ParDo(s, &entriesFn{Job: j}, docs, beam.SideInput{Input: plan}, beam.SideInput{Input: tokens})
	runs := beam.ParDo(s, &runFn{Job: j}, beam.GroupByKey(s, entries))
	beam.ParDo0(s, &runsFn{Job: j}, beam.Impulse(s), beam.SideInput{Input: runs})
}

// runsOfStage is the number of runs of each stage.
func (j *Job) runsOfStage(p *mixture.Plan) int {
	const most = 100_000
	var size float64
	last := p.Copies[len(p.Copies)-1]
	for i, src := range p.Sources {
		size += float64(last[i]) / (1 << 32) * float64(src.Bytes)
	}
	return int(min(1+size/float64(len(p.Stages))/float64(j.RunBytes), most))
}

// entriesFn makes tokens of documents.
type entriesFn struct {
	Job Job

	planText, tokenizerText []byte // of those below
	plan                    *mixture.Plan
	tokenizer               *tokenizer.Tokenizer
	runs                    int
	tokens                  []int32
}

// ProcessElement emits the readings of a document by run.
func (f *entriesFn) ProcessElement(rank, text, plan, tokens []byte, emit func(int, []byte)) error {
	if err := f.take(plan, tokens); err != nil {
		return err
	}
	place, err := corpus.ParseRank(rank)
	if err != nil {
		return err
	}
	d, err := parseDoc(text)
	if err != nil || !f.plan.Uses(place.Source, d.text) {
		return err
	}
	f.tokens = f.tokenizer.AppendEncode(f.tokens[:0], d.content)
	f.plan.Entries(place.Source, d.text, f.tokens, func(stage int, at uint64, entry []byte) {
		part, _ := bits.Mul64(at, uint64(f.runs))
		emit(stage*f.runs+int(part), bytes.Clone(entry))
	})
	return nil
}

// take makes the plan and the tokenizer ready, which are the same for all
// documents and mostly lie where they lay.
func (f *entriesFn) take(plan, tokens []byte) error {
	if !same(plan, f.planText) {
		f.plan = &mixture.Plan{}
		if err := json.Unmarshal(plan, f.plan); err != nil {
			return err
		}
		f.planText, f.runs = plan, f.Job.runsOfStage(f.plan)
	}
	if !same(tokens, f.tokenizerText) {
		t, err := tokenizer.Parse(tokens)
		if err != nil {
			return err
		}
		f.tokenizerText, f.tokenizer = tokens, t
	}
	return nil
}

func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) > 0 && &a[0] == &b[0] || bytes.Equal(a, b))
}

// runFn writes a run.
type runFn struct{ Job Job }

// ProcessElement sorts the entries of a run, writes them and emits their length.
func (f *runFn) ProcessElement(ctx context.Context, number int, entries func(*[]byte) bool, emit func(int, int64)) error {
	var all [][]byte
	var entry []byte
	for entries(&entry) {
		all = append(all, bytes.Clone(entry))
	}
	slices.SortFunc(all, mixture.CompareEntries)
	size := int64(0)
	for _, e := range all {
		size += int64(len(e))
	}
	emit(number, size)
	return write(ctx, f.Job.path(mixture.RunName(number)), all...)
}

const runsName = "runs.json"

// runsFn keeps the lengths of the runs.
type runsFn struct{ Job Job }

// ProcessElement writes the list.
func (f *runsFn) ProcessElement(ctx context.Context, _ []byte, runs func(*int, *int64) bool) error {
	sizes := map[int]int64{}
	var number int
	var size int64
	for runs(&number, &size) {
		sizes[number] = size
	}
	text, err := json.Marshal(sizes, json.Deterministic(true))
	if err != nil {
		return err
	}
	return write(ctx, f.Job.path(runsName), text)
}
