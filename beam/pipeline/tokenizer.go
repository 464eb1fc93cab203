package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/tokenizer"
)

func init() {
	register.DoFn3x1[context.Context, []byte, func([]byte), error](&openFn{})
	register.DoFn4x1[[]byte, []byte, func(*int, *corpus.Count) bool, func(int, []byte), error](&sampleFn{})
	register.DoFn5x1[context.Context, int, func(*[]byte) bool, func(*int, *corpus.Count) bool, func([]byte), error](&trainFn{})
}

const tokenizerName = "tokenizer.json"

// opened is the tokenizer that the recipe names, as JSON.
func opened(s beam.Scope, j Job) beam.PCollection {
	return beam.ParDo(s, &openFn{Job: j}, beam.Impulse(s))
}

// openFn opens the tokenizer.
type openFn struct{ Job Job }

// ProcessElement emits the tokenizer.
func (f *openFn) ProcessElement(ctx context.Context, _ []byte, emit func([]byte)) error {
	r, err := f.Job.recipe()
	if err != nil {
		return err
	}
	t, err := openTokenizer(ctx, r.Tokenizer.Path)
	if err != nil {
		return err
	}
	return f.Job.keepTokenizer(ctx, t, emit)
}

func openTokenizer(ctx context.Context, path string) (*tokenizer.Tokenizer, error) {
	if !strings.Contains(path, "://") {
		return modelfile.Tokenizer(path)
	}
	text, err := readAll(ctx, path)
	if err != nil {
		return nil, err
	}
	return tokenizer.Parse(text)
}

// keepTokenizer writes and emits a tokenizer, which must come out of its JSON as
// it was.
func (j *Job) keepTokenizer(ctx context.Context, t *tokenizer.Tokenizer, emit func([]byte)) error {
	if t.EOS() < 0 {
		return fmt.Errorf("the tokenizer has no end-of-text token, which shards put between documents")
	}
	text, err := t.JSON()
	if err != nil {
		return err
	}
	again, err := tokenizer.Parse(text)
	if err != nil {
		return err
	}
	if again.Hash() != t.Hash() {
		return fmt.Errorf("the tokenizer cannot be sent to other machines: as tokenizer.json it is another one")
	}
	emit(text)
	return write(ctx, j.path(tokenizerName), text)
}

// trained is a tokenizer that one machine learns from a sample, which its memory
// holds.
func trained(s beam.Scope, j Job, docs, counts beam.PCollection) beam.PCollection {
	side := beam.SideInput{Input: counts}
	sample := beam.ParDo(s, &sampleFn{Job: j}, docs, side)
	return beam.ParDo(s, &trainFn{Job: j}, beam.GroupByKey(s, sample), side)
}

// sampleFn chooses what is learned from.
type sampleFn struct {
	Job Job

	recipe *corpus.Recipe
}

// Setup reads the recipe.
func (f *sampleFn) Setup() (err error) {
	f.recipe, err = f.Job.recipe()
	return err
}

// ProcessElement emits the parts of a document that are in the sample.
func (f *sampleFn) ProcessElement(_, text []byte, counts func(*int, *corpus.Count) bool, emit func(int, []byte)) error {
	d, err := parseDoc(text)
	if err != nil {
		return err
	}
	for block := range f.recipe.Learned(d.content, d.text, total(f.recipe, counts)) {
		emit(0, bytes.Clone(block))
	}
	return nil
}

func total(r *corpus.Recipe, counts func(*int, *corpus.Count) bool) int64 {
	var sum corpus.Count
	for _, c := range gather(r, counts) {
		sum = addCounts(sum, c)
	}
	return sum.Bytes
}

// trainFn trains the tokenizer.
type trainFn struct{ Job Job }

// ProcessElement emits the tokenizer.
func (f *trainFn) ProcessElement(ctx context.Context, _ int, blocks func(*[]byte) bool, counts func(*int, *corpus.Count) bool, emit func([]byte)) error {
	r, err := f.Job.recipe()
	if err != nil {
		return err
	}
	var texts [][]byte // training may read them several times
	var block []byte
	for blocks(&block) {
		texts = append(texts, bytes.Clone(block))
	}
	t, err := r.TrainTokenizer(slices.Values(texts), total(r, counts), nil)
	if err != nil {
		return err
	}
	return f.Job.keepTokenizer(ctx, t, emit)
}
