package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/quantize"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// make quantizes, measures and writes.
func (q *quantization) make(ctx context.Context, meta []gguf.Pair) (*quantizeResult, error) {
	source, err := modelfile.ContentHash(ctx, q.src)
	if err != nil {
		return nil, err
	}
	out := &quantizeResult{Path: q.dst, Source: source, Method: q.method, Precision: q.precision, SourceBytes: q.weights.SizeBytes(), Notes: q.notes()}
	m, err := q.load(ctx, out)
	if err != nil {
		return nil, err
	}
	options := quantize.Options{Method: q.method, Precision: q.precision, Source: source, Work: q.workDir(), Progress: q.tell()}
	if q.text != nil {
		options.Texts = q.text.calibrate
	}
	result, err := quantize.Run(ctx, q.weights, m, options)
	if err != nil {
		return nil, err
	}
	out.Layers = result.Layers
	err = q.finish(ctx, result, out, meta)
	if closeErr := result.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.RemoveAll(q.workDir())
	}
	return out, err
}

// load brings the model into memory and measures it.
func (q *quantization) load(ctx context.Context, out *quantizeResult) (*model.Model, error) {
	w, err := model.OpenWeights(q.src)
	if err != nil {
		return nil, err
	}
	m, err := model.LoadWeights(w, model.LoadOptions{Plain: true})
	if err != nil || q.text == nil {
		return m, err
	}
	q.screen.Show("  measuring the model")
	out.Calibration = &q.text.about
	out.Before, err = quantize.Measure(ctx, m, q.text.measure)
	return m, err
}

// finish measures the result, which has the bits that the file will have, and
// writes it.
func (q *quantization) finish(ctx context.Context, result *quantize.Result, out *quantizeResult, meta []gguf.Pair) error {
	if q.text != nil {
		q.screen.Show("  measuring the quantized model")
		m, err := model.LoadWeights(result.Weights, model.LoadOptions{})
		if err != nil {
			return err
		}
		if out.After, err = quantize.Measure(ctx, m, q.text.measure); err != nil {
			return err
		}
		change := quantize.Compare(out.Before, out.After)
		out.Change = &change
	}
	out.Bytes = result.Weights.SizeBytes()
	keep := func(model.TensorInfo) tensor.DType { return "" }
	var err error
	out.SHA256, err = model.WriteGGUF(q.dst, result.Weights, append(meta, out.metadata(readVersion())...), keep, func(done, total int64) {
		q.screen.Show(fmt.Sprintf("  %s writing", progress.Bar(float64(done)/float64(max(total, 1)), 30)))
	})
	return err
}
