package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/model/nn"
)

// ErrScalar is wrapped by the errors of what takes language models and was
// given a reward model.
var ErrScalar = errors.New("a reward model: it gives a text one number and says nothing of the next token, so it cannot be used as a language model")

// ScoreName is the tensor of a reward model that takes the final hidden state to
// its number, [1, D], as transformers names it.
const ScoreName = "score.weight"

// How transformers names a class of the decoder with logits and one without.
const (
	causalClass = "ForCausalLM"
	scalarClass = "ForSequenceClassification"
)

// OpenScalar opens a reward model: a directory of one as transformers saves
// ...ForSequenceClassification. It is OpenWeights otherwise. The tensors are the
// decoder's and ScoreName. A language model is an error, and so is a classifier
// with more than one label.
func OpenScalar(dir string) (*Weights, error) {
	file, err := findGGUF(dir)
	if err != nil {
		return nil, err
	}
	if file != "" {
		return nil, fmt.Errorf("%s: a reward model is a directory, and this is a GGUF file", file)
	}
	return openDir(dir, true, ReadScalarConfig)
}

// ReadScalarConfig is ReadConfig of a reward model's directory. A language model
// is an error.
func ReadScalarConfig(dir string) (*Config, error) {
	c, err := readConfig(dir)
	if err == nil && !c.Scalar {
		return nil, fmt.Errorf("%s is no reward model: architectures in its %s names no ...%s", dir, configName, scalarClass)
	}
	return c, err
}

// scalar reports whether architectures names a classifier.
func (f *fields) scalar() bool {
	var names []string
	if json.Unmarshal(f.left["architectures"], &names) != nil {
		return false // whatever else it holds, this program need not know it
	}
	for _, name := range names {
		if strings.HasSuffix(name, scalarClass) {
			return true
		}
	}
	return false
}

// needOneLabel refuses classifiers that tell kinds apart.
func (f *fields) needOneLabel() {
	labels, field := 2, "num_labels" // which transformers assumes
	var names map[string]string
	if f.take("id2label", &names) {
		labels, field = len(names), "id2label"
	}
	if f.take("num_labels", &labels) {
		field = "num_labels"
	}
	if f.err == nil && labels != 1 {
		f.err = fmt.Errorf("%s: a classifier with %d labels; a reward model has 1", field, labels)
	}
}

// marshalScalar makes of a language model's configuration a reward model's.
func (c *Config) marshalScalar(m map[string]any) {
	const label = "LABEL_0"
	m["architectures"] = []string{strings.TrimSuffix(architectures[c.ModelType], causalClass) + scalarClass}
	m["id2label"] = map[string]string{"0": label}
	m["label2id"] = map[string]int{label: 0}
}

// DropHead makes m the decoder of a reward model, or of anything else that goes
// on from hidden states: its head is no longer among its Params and takes no
// memory, its Config says Scalar, and whatever needs logits panics. Workspaces
// must be made after it. A model that sees is an error, for there is no form of
// it without logits, and so is one whose weights are not all in memory.
func (m *Model) DropHead() error {
	own := m.cfg.clone()
	own.Scalar = true
	if err := own.Validate(); err != nil {
		return err
	}
	if m.resident != nil {
		return errors.New("weights that stay in their file have no form without a head; load the whole model")
	}
	head := m.head.Weight
	switch {
	case head == nil:
	case m.cfg.TieEmbeddings:
		head.Forms &^= nn.Product
		head.W, head.WT = nil, nil
	default:
		m.decoder--
		m.params = m.params[:m.decoder:m.decoder]
	}
	m.cfg, m.head.Weight = own, nil
	return nil
}

func (m *Model) mustHaveHead() {
	if m.head.Weight == nil {
		panic("model: logits of a decoder without a head")
	}
}
