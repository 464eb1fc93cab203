package question

import (
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/privacy"
	"github.com/polymath-lm/polymath/corpus/secrets"
)

// cleaner finds what no answer may hold, as a corpus does: secrets and private data.
type cleaner struct {
	steps    []document.Step
	document document.Document
}

func newCleaner() (*cleaner, error) {
	var so secrets.Options
	so.SetDefaults()
	var po privacy.Options
	po.SetDefaults()
	scanner, err := secrets.New(so)
	if err != nil {
		return nil, err
	}
	remover, err := privacy.New(po)
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
