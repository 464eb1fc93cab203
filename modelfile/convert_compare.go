package modelfile

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// Comparison says how the model that was written differs from its source.
type Comparison struct {
	// Exact tells that every weight enters the products with the same bits as
	// the source's, so that all logits must be equal, and they were.
	Exact bool
	// Changed counts the weights of products that have other bits.
	Changed, Weights int64
	// Tokens of the probe text, on which the logits were compared; 0 if they
	// could not be, and Skipped says why.
	Tokens  int
	Skipped string
	// MaxDifference and MeanDifference are those of the logits.
	MaxDifference, MeanDifference float64
	// CrossEntropy of the probe text in nats a token, of source and result.
	CrossEntropyBefore, CrossEntropyAfter float64
}

// compare reads back what was written, by its hashes, its weights and its
// logits on the probe text. A difference that there must not be is an error.
func (c *Conversion) compare(ctx context.Context, made string, files map[string]string) (*Comparison, error) {
	if c.toGGUF { // OpenWeights verifies a directory
		hash, err := hashFile(ctx, made)
		if err != nil {
			return nil, err
		}
		if want := files[filepath.Base(c.dst)]; hash != want {
			return nil, fmt.Errorf("%s has the SHA-256 %s, and %s was written: the disk or its driver is faulty", made, hash, want)
		}
	}
	result := &Comparison{}
	if err := c.compareWeights(ctx, made, result); err != nil {
		return nil, err
	}
	return result, c.compareLogits(ctx, made, result)
}

// compareWeights decodes both models' tensors and counts what differs.
func (c *Conversion) compareWeights(ctx context.Context, made string, result *Comparison) (err error) {
	w, err := model.OpenWeights(made)
	if err != nil {
		return fmt.Errorf("what was written cannot be opened: %w", err)
	}
	defer w.Close()
	var read int64
	for _, t := range c.w.Tensors() {
		if err := ctx.Err(); err != nil {
			return err
		}
		changed, err := c.compareTensor(w, t)
		if err != nil {
			return err
		}
		n := elements(t.Shape)
		if !plain(t.Role) || changed > 0 {
			result.Weights += n
			result.Changed += changed
		}
		read += n
		if c.options.Progress != nil {
			c.options.Progress(Comparing, read, c.plan.Parameters)
		}
	}
	result.Exact = result.Changed == 0
	return nil
}

func elements(shape []int) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= int64(d)
	}
	return n
}

// compareTensor counts the numbers that differ: after rounding to bf16 where
// they enter a product, and as they are in norms, biases and routers.
func (c *Conversion) compareTensor(w *model.Weights, info model.TensorInfo) (changed int64, err error) {
	a, err := c.w.Tensor(info.Name)
	if err != nil {
		return 0, err
	}
	b, err := w.Tensor(info.Name)
	if err != nil {
		return 0, err
	}
	if a.DType == b.DType && slices.Equal(a.Data, b.Data) {
		return 0, nil
	}
	if slices.Equal(a.Shape, b.Shape) && len(a.Shape) > 0 {
		return compareRows(a, b, info)
	}
	return 0, fmt.Errorf("tensor %s was written with the shape %v, not %v", info.Name, b.Shape, a.Shape)
}

// compareRows compares a few rows at a time.
func compareRows(a, b *tensor.Tensor, info model.TensorInfo) (changed int64, err error) {
	cols := a.Shape[len(a.Shape)-1]
	if cols == 0 {
		return 0, nil
	}
	rows := a.Len() / cols
	step := max(1, (1<<20)/cols)
	x, y := make([]float32, step*cols), make([]float32, step*cols)
	exact := info.Role == model.RoleNorm || info.Role == model.RoleBias
	for from := 0; from < rows; from += step {
		n := (min(from+step, rows) - from) * cols
		if err := rowsOf(a, from, n, cols, x); err != nil {
			return 0, err
		}
		if err := rowsOf(b, from, n, cols, y); err != nil {
			return 0, err
		}
		for i, v := range x[:n] {
			same := v == y[i]
			if !exact {
				same = tensor.FromFloat32(v) == tensor.FromFloat32(y[i])
			}
			if !same {
				changed++
			}
		}
	}
	return changed, nil
}

// rowsOf decodes n numbers of t, whole rows from the given one.
func rowsOf(t *tensor.Tensor, from, n, cols int, dst []float32) error {
	bytesPerRow := len(t.Data) / (t.Len() / cols)
	part := tensor.Tensor{
		Name: t.Name, DType: t.DType, Shape: []int{n / cols, cols},
		Data: t.Data[from*bytesPerRow:][:n/cols*bytesPerRow],
	}
	return part.CopyF32(dst[:n])
}

// compareLogits runs both models on the probe, one after the other.
func (c *Conversion) compareLogits(ctx context.Context, made string, result *Comparison) error {
	load := func(path string) (*model.Model, error) { return model.Load(path, false) }
	if have := c.available; have > 0 && c.memoryNeeded() > have {
		load = func(path string) (*model.Model, error) { return model.LoadWithin(path, have/4*3) }
	}
	text := probeTokens(c.src, c.w.Config())
	if again := probeTokens(made, c.w.Config()); !slices.Equal(text, again) {
		return fmt.Errorf("the tokenizer that was written makes the tokens %v of the probe text, and the source's %v", again, text)
	}
	batch, ids := probeBatch(c.w.Config(), text)
	var logits [2][]float32
	for i, path := range []string{c.src, made} {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := load(path)
		if err != nil {
			result.Skipped = err.Error() // the weights were compared: what is lacking is memory
			return nil
		}
		if logits[i], err = logitsOf(m, batch, len(ids)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	result.Tokens = len(ids)
	v := c.w.Config().VocabSize
	sum := 0.0
	for i, a := range logits[0] {
		d := math.Abs(float64(a) - float64(logits[1][i]))
		if math.IsNaN(d) {
			return fmt.Errorf("a logit of the probe text is %v, and of %s %v: 'polymath verify' finds weights that are not finite; "+
				"where there are none, --no-check converts", logits[1][i], c.src, a)
		}
		result.MaxDifference = max(result.MaxDifference, d)
		sum += d
	}
	result.MeanDifference = sum / float64(len(logits[0]))
	result.CrossEntropyBefore, result.CrossEntropyAfter = crossEntropy(logits[0], ids, v), crossEntropy(logits[1], ids, v)
	if result.Exact && result.MaxDifference != 0 {
		return fmt.Errorf("every weight was kept, and yet the logits of the probe text differ by up to %g: this is a bug", result.MaxDifference)
	}
	return nil
}

// memoryNeeded is about what the larger of the models takes.
func (c *Conversion) memoryNeeded() int64 {
	return max(c.w.SizeBytes(), c.plan.Bytes) + c.w.SizeBytes()/8
}
