package question

import (
	"sync"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/privacy"
	"github.com/polymath-lm/polymath/corpus/secrets"
)

// cleaner finds what no answer may hold, as a corpus does: secrets and private data.
type cleaner struct {
	steps    []document.Step
	document document.Document
}

// The rules take some time to be made ready, and do not change.
var (
	secretRules = sync.OnceValues(func() (*secrets.Scanner, error) {
		var o secrets.Options
		o.SetDefaults()
		return secrets.New(o)
	})
	privateRules = sync.OnceValues(func() (*privacy.Remover, error) {
		var o privacy.Options
		o.SetDefaults()
		return privacy.New(o)
	})
)

func newCleaner() (*cleaner, error) {
	scanner, err := secretRules()
	if err != nil {
		return nil, err
	}
	remover, err := privateRules()
	if err != nil {
		return nil, err
	}
	return &cleaner{steps: []document.Step{scanner.Worker(), remover.Worker()}}, nil
}

// finds reports whether a text holds a secret or private data. Nothing is put in its
// place: an answer with a hole teaches the hole.
func (c *cleaner) finds(text string) bool {
	c.document.Reset([]byte(text))
	for _, step := range c.steps {
		step.Apply(&c.document)
	}
	return len(c.document.Cuts) > 0 || c.document.Drop != nil
}
