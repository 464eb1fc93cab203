package modelfile

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// Checked is what Verify found.
type Checked struct {
	Path     string
	Kind     string          // "directory" or "GGUF"
	Tensors  int             // whose numbers were all finite
	Weights  int64           // their numbers
	Manifest *model.Manifest // with the hashes that match; nil = there are none
	Files    int             // of the model
}

// Verify reads all of the model at path, which may be a reward model: the hashes of
// its manifest, if it has one, the structure of its files, JSON included, and every
// weight, which must be finite. The first fault is an error that names the file and
// the tensor. progress may be nil.
func Verify(ctx context.Context, path string, progress func(done, total int64)) (*Checked, error) {
	w, err := openAny(path)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	c := &Checked{Path: path, Kind: "GGUF"}
	if w.GGUF() == nil {
		c.Kind = "directory"
		if c.Manifest, err = model.ReadManifest(path); err != nil && !notExist(err) {
			return nil, err
		}
	}
	names, err := modelFiles(path)
	if err != nil {
		return nil, err
	}
	c.Files = len(names)
	for _, name := range names {
		if err := checkJSON(name); err != nil {
			return nil, err
		}
	}
	total, _ := w.Config().Params()
	for _, t := range w.Tensors() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		data, err := w.Tensor(t.Name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if at := notFinite(data); at >= 0 {
			return nil, fmt.Errorf("%s: tensor %s: number %d is not finite: the model was damaged, or training it went wrong", path, t.Name, at)
		}
		c.Tensors++
		c.Weights += elements(t.Shape)
		if progress != nil {
			progress(c.Weights, total)
		}
	}
	return c, nil
}

// checkJSON is an error where a file that is named as JSON holds something else.
func checkJSON(file string) error {
	if filepath.Ext(file) != ".json" {
		return nil
	}
	if what := foreign(file); what != "" {
		return fmt.Errorf("%s: %s", file, what)
	}
	data, err := atomicfile.ReadSmall(file, maxText)
	if err != nil {
		return err
	}
	if !json.Valid(data) {
		return fmt.Errorf("%s: no valid JSON: cut off, or damaged", file)
	}
	return nil
}

// notFinite returns the place of the first NaN or infinity in t, -1 if there is
// none. In a format of blocks that is one of a block whose scale is not finite.
func notFinite(t *tensor.Tensor) int {
	block, size := t.DType.Block()
	if size == 0 || len(t.Data) == 0 {
		return -1
	}
	const span = 1 << 14
	step := max(span/block, 1)
	blocks := len(t.Data) / size
	pieces := (blocks + step - 1) / step
	bad := make([]int, pieces)
	par.For(pieces, func(_, i int) {
		from, to := i*step, min((i+1)*step, blocks)
		part := tensor.Tensor{Name: t.Name, DType: t.DType, Shape: []int{(to - from) * block}, Data: t.Data[from*size : to*size]}
		numbers := make([]float32, (to-from)*block)
		bad[i] = -1
		if part.CopyF32(numbers) != nil {
			return // OpenWeights lets through no other formats
		}
		for k, x := range numbers {
			if x-x != 0 {
				bad[i] = from*block + k
				return
			}
		}
	})
	for _, at := range bad {
		if at >= 0 {
			return at
		}
	}
	return -1
}
