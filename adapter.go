package polymath

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
)

// WithAdapter puts the adapter (LoRA) in directory dir, which 'polymath finetune'
// or PEFT wrote, on the model. It is not merged into the weights: model and
// adapter work side by side, and like a model alone they write the same text
// whatever else is worked on. New ignores it.
func WithAdapter(dir string) Option {
	return func(o *openOptions) { o.adapter = dir }
}

// adapt puts the adapter on the weights, and returns what identifies both.
func (o *openOptions) adapt(weights *model.Model, path string) (fingerprint string, err error) {
	if fingerprint, err = modelfile.Fingerprint(path); err != nil || o.adapter == "" {
		return fingerprint, err
	}
	if err := weights.LoadAdapter(o.adapter, false); err != nil {
		return "", err
	}
	own, err := model.AdapterFingerprint(o.adapter)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s", fingerprint, own))
	return hex.EncodeToString(sum[:]), nil
}
