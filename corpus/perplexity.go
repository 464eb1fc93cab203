package corpus

import (
	"errors"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

const perplexityStep = "perplexity"

// PerplexityOptions keeps documents whose beginning a model finds neither too
// strange nor too predictable.
type PerplexityOptions struct {
	// Model is the path of the model.
	Model string `yaml:"model" json:"model"`
	// Min and Max bound the perplexity per token; 0 is no bound.
	Min float64 `yaml:"min" json:"min"`
	Max float64 `yaml:"max" json:"max"`
	// Sample is how many bytes of a document are read.
	Sample int `yaml:"sample" json:"sample"`
}

// SetDefaults sets the values of the keys that a recipe leaves out.
func (o *PerplexityOptions) SetDefaults() { o.Sample = 2048 }

// Check reports the first impossible value as a *recipe.ValueError.
func (o *PerplexityOptions) Check() error {
	switch {
	case o.Model == "":
		return recipe.Bad("model", "name the model that measures")
	case !(o.Min >= 0 && o.Max >= 0):
		return recipe.Bad("min", "min and max must not be negative")
	case o.Max > 0 && o.Max < o.Min:
		return recipe.Bad("max", "%v is less than min, %v", o.Max, o.Min)
	case o.Sample < 1:
		return recipe.Bad("sample", "%d bytes are too few", o.Sample)
	}
	return nil
}

// Files are those that the result depends on.
func (o *PerplexityOptions) Files() []string { return []string{o.Model} }

// step returns what makes workers.
func (o *PerplexityOptions) step(b *Options) (func() document.Step, error) {
	if b.Perplexity == nil {
		return nil, errors.New("this program was built without a scoring model")
	}
	score, err := b.Perplexity(o.Model)
	if err != nil {
		return nil, err
	}
	return func() document.Step { return &perplexity{o: *o, score: score} }, nil
}

// perplexity is the step of one goroutine.
type perplexity struct {
	o     PerplexityOptions
	score func(text []byte) (float64, error)
}

// Name implements document.Step.
func (p *perplexity) Name() string { return perplexityStep }

// Apply implements document.Step.
func (p *perplexity) Apply(d *document.Document) {
	v, err := p.score(cutText(d.Text(), p.o.Sample))
	if err != nil {
		panic(err) // the record is put aside with the error
	}
	d.Perplexity = float32(v)
	switch {
	case p.o.Max > 0 && v > p.o.Max:
		d.Drop = &document.Drop{Filter: perplexityStep, Rule: "max", Value: v, Limit: p.o.Max}
	case v < p.o.Min:
		d.Drop = &document.Drop{Filter: perplexityStep, Rule: "min", Value: v, Limit: p.o.Min}
	}
}
