package quantize

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// Options say what to make of a model.
type Options struct {
	Method    Method    `json:"method"`
	Precision Precision `json:"precision"`
	// Source names the model, such as a hash of it: with the options and the
	// texts it decides whether work that was left unfinished belongs to it.
	Source string `json:"source"`
	// Work is the directory that keeps finished layers. Run makes it, goes on
	// where the same work stopped, and leaves it to the caller to remove.
	Work string `json:"-"`
	// Texts are what the model reads to calibrate, each at most Window tokens
	// long. They may be nil if the method does not calibrate; if they are not,
	// errors are measured on them with every method.
	Texts [][]int32 `json:"-"`
	// Progress is told after every layer and within it, from the goroutine that
	// called Run; nil = nobody is.
	Progress func(Progress) `json:"-"`
}

// Progress is how far a Run is.
type Progress struct {
	Layer, Layers int
	Share         float64 // of all work, 0 to 1
	Resumed       bool    // the layer was there from before
}

// LayerReport says what became of a layer.
type LayerReport struct {
	Layer    int             `json:"layer"`
	Products []ProductReport `json:"products"`
}

// Result is a quantized model.
type Result struct {
	// Weights are the new tensors, which lie in Options.Work or are made when
	// they are asked for, until Run's ctx ends. They need the source.
	Weights *model.Weights
	Layers  []LayerReport
	work    *work
}

// Close lets go of the files in Options.Work.
func (r *Result) Close() error { return r.work.close() }

// run is one Run.
type run struct {
	Options
	source  *model.Weights
	model   *model.Model
	batches []model.Batch
	formats map[string]tensor.DType
	layers  int
}

// Run quantizes source. m is the same model, whose weights are plain bf16; Run
// changes them layer by layer, so that afterwards it is worth nothing. Ending ctx stops Run
// between matrices with an error that wraps ctx.Err(); the layers that were
// finished stay in Options.Work.
func Run(ctx context.Context, source *model.Weights, m *model.Model, o Options) (*Result, error) {
	r := &run{Options: o, source: source, model: m, formats: map[string]tensor.DType{}, layers: m.Config().NumLayers}
	if err := r.check(); err != nil {
		return nil, err
	}
	for _, t := range source.Tensors() {
		r.formats[t.Name] = o.Precision.Format(t)
	}
	w, err := openWork(o.Work, r.identity())
	if err != nil {
		return nil, err
	}
	res := &Result{work: w}
	if err := r.runLayers(ctx, res); err != nil {
		_ = w.close() // the other error is being returned
		return nil, err
	}
	res.Weights, err = model.NewWeights(source.Config(), func(name string) tensor.DType { return r.formats[name] }, res.tensor(ctx, r))
	if err != nil {
		_ = w.close() // the other error is being returned
		return nil, err
	}
	return res, nil
}

func (r *run) check() error {
	if !slices.Contains(Methods, r.Method) {
		return fmt.Errorf("%q is no method to quantize by; there are %v", r.Method, Methods)
	}
	if err := r.Precision.Check(); err != nil {
		return err
	}
	if r.Method.Calibrates() && len(r.Texts) == 0 {
		return fmt.Errorf("%s needs text to calibrate on", r.Method)
	}
	for _, text := range r.Texts {
		if len(text) == 0 {
			return errors.New("a text to calibrate on is empty")
		}
	}
	r.batches = batchesOf(r.Texts)
	return nil
}

// BatchTokens is how many tokens a pass reads at a time, or one longer text.
const BatchTokens = 2048

// batchesOf puts texts together.
func batchesOf(texts [][]int32) []model.Batch {
	var list []model.Batch
	for _, text := range texts {
		if len(list) == 0 || len(list[len(list)-1].Tokens)+len(text) > BatchTokens {
			list = append(list, model.Batch{})
		}
		b := &list[len(list)-1]
		b.Spans = append(b.Spans, model.Span{Start: len(b.Tokens), Len: len(text)})
		b.Tokens = append(b.Tokens, text...)
	}
	return list
}

// runLayers makes every layer, or takes it from the work that is there, and
// walks the text through what it became.
func (r *run) runLayers(ctx context.Context, res *Result) error {
	var walk *model.Walk
	if len(r.batches) > 0 {
		var err error
		if walk, err = r.model.NewWalk(r.batches); err != nil {
			return err
		}
	}
	for number := range r.layers {
		if err := ctx.Err(); err != nil {
			return err
		}
		file, err := res.work.layer(number)
		resumed := err == nil && file != nil
		if err == nil && file == nil {
			var list []*tensor.Tensor
			var products []ProductReport
			if list, products, err = r.quantizeLayer(ctx, number, walk); err == nil {
				file, err = res.work.put(LayerReport{number, products}, list)
			}
		}
		if err != nil {
			return fmt.Errorf("layer %d: %w", number, err)
		}
		res.Layers = append(res.Layers, file.report)
		if walk != nil && number+1 < r.layers {
			err := r.install(number, file)
			if err == nil {
				err = walk.Step()
			}
			if err != nil {
				return fmt.Errorf("layer %d: %w", number, err)
			}
		}
		r.tell(Progress{Layer: number + 1, Share: float64(number+1) / float64(r.layers), Resumed: resumed})
	}
	return nil
}

func (r *run) tell(p Progress) {
	if r.Progress != nil {
		p.Layers = r.layers
		r.Progress(p)
	}
}
