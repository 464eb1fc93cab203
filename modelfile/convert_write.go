package modelfile

import (
	"context"
	"path/filepath"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor/gguf"
	"github.com/polymath-lm/polymath/tokenizer"
)

// write makes the model in the work directory and returns its path.
func (c *Conversion) write(ctx context.Context, work *work, result *Result) (string, error) {
	weights, err := work.weights()
	if err != nil {
		return "", err
	}
	parent, err := Parent(c.src)
	if err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	tell := func(done, total int64) { work.tell(Writing, done, total) }
	if c.toGGUF {
		return c.writeGGUF(work, weights, parent, tell, result)
	}
	return c.writeDir(work, weights, parent, tell, result)
}

// The keys by which a GGUF file of ours says what it was made of.
const (
	keyParent  = "polymath.parent"
	keyVersion = "polymath.version"
)

func (c *Conversion) writeGGUF(work *work, w *model.Weights, parent string, tell model.Progress, result *Result) (string, error) {
	pairs, err := Metadata(c.src, w.Config())
	if err != nil {
		return "", err
	}
	if parent != "" {
		pairs = append(pairs, gguf.Pair{Key: keyParent, Value: parent})
	}
	if c.options.Version != "" {
		pairs = append(pairs, gguf.Pair{Key: keyVersion, Value: c.options.Version})
	}
	made := filepath.Join(work.dir, madeFile)
	sum, err := model.WriteGGUF(made, w, pairs, c.chosen, tell)
	result.Files = map[string]string{filepath.Base(c.dst): sum}
	return made, err
}

func (c *Conversion) writeDir(work *work, w *model.Weights, parent string, tell model.Progress, result *Result) (string, error) {
	files, err := Files(c.src)
	if err != nil {
		return "", err
	}
	from := model.Provenance{Version: c.options.Version, Parent: parent}
	if text := files[tokenizerName]; text != nil {
		if t, err := tokenizer.Parse(text); err == nil { // of another kind, it is passed on as it is
			from.Tokenizer = t.Hash()
		}
	}
	made := filepath.Join(work.dir, madeDir)
	err = model.WriteDir(made, w, model.DirOptions{
		From: from, Extra: files, DType: c.options.DType, MaxShardBytes: c.options.MaxShardBytes, Progress: tell,
	})
	if err != nil {
		return "", err
	}
	man, err := model.Verify(made)
	if err != nil {
		return "", err
	}
	result.Files = man.Files
	return made, nil
}
