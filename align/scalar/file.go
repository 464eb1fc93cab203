package scalar

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tokenizer"
)

const tokenizerName = "tokenizer.json"

// Load opens what Save wrote, or what transformers saves of a model for sequence
// classification with one label. The decoder is model.Load's, the head trained
// either way. Hashes are verified where there is a manifest.json. What is not a
// reward model, has more than one label, or has no score.weight of [1, D] is an
// error that names the file and the field or tensor.
func Load(dir string, trainable bool) (*Model, error) {
	w, err := model.OpenScalar(dir)
	if err != nil {
		return nil, err
	}
	s := &Model{head: newHead(w.Config().HiddenSize)}
	if err := s.read(w); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, err), w.Close())
	}
	if s.decoder, err = model.LoadWeights(w, model.LoadOptions{Trainable: trainable}); err != nil {
		return nil, err
	}
	return s, nil
}

// read takes from an open directory what is not the decoder's.
func (s *Model) read(w *model.Weights) error {
	t, err := w.Tensor(model.ScoreName)
	if err != nil {
		return err
	}
	if err := t.CopyF32(s.head.Master); err != nil {
		return fmt.Errorf("%s: %w", model.ScoreName, err)
	}
	s.head.Sync()
	man, err := model.ReadManifest(w.Dir())
	switch {
	case err == nil && man.Tokenizer != "":
		s.tokenizer = man.Tokenizer
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if t, err := tokenizer.Load(filepath.Join(w.Dir(), tokenizerName)); err == nil {
		s.tokenizer = t.Hash()
	}
	return nil
}

// Save writes the model as a directory, see model.WriteDir, weights in bf16, with
// the further files by name (tokenizer.json and the like). An adapter is merged.
// Load gives the model again, and unless an adapter was merged its values have
// the same bits; transformers' AutoModelForSequenceClassification reads it for
// every model type but olmoe, which it has no such class for. transformers finds
// the last token of a text by looking for the last one that is not the padding,
// so where the configuration names none one is chosen that ends no text. If
// from.Tokenizer is empty it is TokenizerHash, or else that of tokenizer.json among
// the files.
func (s *Model) Save(dir string, from model.Provenance, files map[string][]byte) error {
	w, err := s.Weights()
	if err != nil {
		return err
	}
	if from.Tokenizer == "" {
		from.Tokenizer = s.tokenizer
	}
	if data, ok := files[tokenizerName]; ok && from.Tokenizer == "" {
		if t, err := tokenizer.Parse(data); err == nil {
			from.Tokenizer = t.Hash()
		}
	}
	return model.WriteDir(dir, w, model.DirOptions{From: from, Extra: files})
}

// Weights returns the weights by name: the decoder's, an adapter merged, and the
// head's master. They are of use as long as the model is.
func (s *Model) Weights() (*model.Weights, error) {
	decoder, err := s.decoder.Merged()
	if err != nil {
		return nil, err
	}
	cfg := *s.decoder.Config()
	cfg.PadTokenID = padding(&cfg)
	formats := map[string]tensor.DType{model.ScoreName: tensor.DTypeF32}
	for _, t := range decoder.Tensors() {
		if t.Name != model.ScoreName {
			formats[t.Name] = t.DType
		}
	}
	format := func(name string) tensor.DType { return formats[name] }
	return model.NewWeights(&cfg, format, func(name string) (*tensor.Tensor, error) {
		if name == model.ScoreName {
			return tensor.FromF32(name, s.head.Master, 1, s.head.In), nil
		}
		return decoder.Tensor(name)
	})
}

// padding returns the token that transformers shall take for padding: the
// configuration's, or one that does not end texts.
func padding(c *model.Config) int {
	if c.PadTokenID >= 0 {
		return c.PadTokenID
	}
	if c.BOSTokenID >= 0 && !slices.Contains(c.EOSTokenIDs, c.BOSTokenID) {
		return c.BOSTokenID
	}
	for id := range c.VocabSize {
		if !slices.Contains(c.EOSTokenIDs, id) {
			return id
		}
	}
	return -1 // every token ends a text, and no padding can be told
}
