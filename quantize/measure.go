package quantize

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/model"
)

// Text is a passage to measure a model on: token ids, of which the first is
// not predicted, and how many bytes the others stand for.
type Text struct {
	IDs   []int32
	Bytes int
	// Document is the number, from 0, of the document that the passage is from.
	Document int
}

// Score is how well a model predicts documents. The standard errors are of
// documents drawn at random, not of tokens, which depend on each other.
type Score struct {
	Documents       int     `json:"documents"`
	Tokens          int     `json:"tokens"`
	Bytes           int     `json:"bytes"`
	Perplexity      float64 `json:"perplexity"`
	PerplexityError float64 `json:"perplexity_standard_error"`
	BitsPerByte     float64 `json:"bits_per_byte"`
	BitsError       float64 `json:"bits_per_byte_standard_error"`

	loss, tokens, bytes []float64 // by document; loss in nats
}

// Measure reads each text by itself with a model. An empty list is an error.
func Measure(ctx context.Context, m *model.Model, texts []Text) (*Score, error) {
	if len(texts) == 0 {
		return nil, errors.New("there is no text to measure the model on")
	}
	longest, documents := 1, 0
	for _, t := range texts {
		longest, documents = max(longest, len(t.IDs)), max(documents, t.Document+1)
	}
	s := &Score{Documents: documents}
	s.loss, s.tokens, s.bytes = make([]float64, documents), make([]float64, documents), make([]float64, documents)
	ws := model.NewWorkspace(m, longest, false)
	targets := make([]int32, longest)
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := len(t.IDs)
		if n < 2 || t.Bytes < 1 {
			return nil, fmt.Errorf("text %d has %d tokens for %d bytes; none can be predicted", i, n, t.Bytes)
		}
		copy(targets, t.IDs[1:])
		targets[n-1] = -1
		stats, err := m.Loss(ws, &model.Batch{Tokens: t.IDs, Spans: []model.Span{{Len: n}}}, targets[:n])
		if err != nil {
			return nil, err
		}
		s.add(t.Document, stats, t.Bytes)
	}
	mean, meanError := ratio(s.loss, s.tokens)
	s.Perplexity = math.Exp(mean)
	s.PerplexityError = s.Perplexity * meanError
	bits, bitsError := ratio(s.loss, s.bytes)
	s.BitsPerByte, s.BitsError = bits/math.Ln2, bitsError/math.Ln2
	return s, nil
}

func (s *Score) add(document int, stats model.Stats, bytes int) {
	s.loss[document] += stats.Loss
	s.tokens[document] += float64(stats.Tokens)
	s.bytes[document] += float64(bytes)
	s.Tokens += stats.Tokens
	s.Bytes += bytes
}

// Change is the difference between two scores on the same texts, whose standard
// errors are far below those of the scores: the documents are the same.
type Change struct {
	Perplexity      float64 `json:"perplexity"` // relative: 0.01 = 1% more
	PerplexityError float64 `json:"perplexity_standard_error"`
	BitsPerByte     float64 `json:"bits_per_byte"`
	BitsError       float64 `json:"bits_per_byte_standard_error"`
}

// Compare returns what after has more than before. It panics if they were not
// measured on the same texts.
func Compare(before, after *Score) Change {
	if !slices.Equal(before.tokens, after.tokens) || !slices.Equal(before.bytes, after.bytes) {
		panic("quantize: scores on different texts")
	}
	more := make([]float64, len(before.loss))
	for i := range more {
		more[i] = after.loss[i] - before.loss[i]
	}
	mean, meanError := ratio(more, before.tokens)
	bits, bitsError := ratio(more, before.bytes)
	return Change{
		Perplexity: math.Expm1(mean), PerplexityError: math.Exp(mean) * meanError,
		BitsPerByte: bits / math.Ln2, BitsError: bitsError / math.Ln2,
	}
}

// ratio returns the sum of x over the sum of sizes, and its standard error by
// the residuals x - ratio*size (Cochran, Sampling Techniques, 6.4).
func ratio(x, sizes []float64) (r, standardError float64) {
	sum, total := 0.0, 0.0
	for i, v := range x {
		sum += v
		total += sizes[i]
	}
	r = sum / total
	squares := 0.0
	for i, v := range x {
		d := v - float64(r*sizes[i])
		squares += float64(d * d)
	}
	if n := float64(len(x)); n > 1 {
		standardError = math.Sqrt(squares*n/(n-1)) / total
	}
	return r, standardError
}
