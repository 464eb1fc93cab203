package quality

import (
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// name is the step's name in recipes and in the documents it drops.
const name = "quality"

// Options says which documents stay, by their score.
type Options struct {
	// Model is the path of the model's file.
	Model string `yaml:"model" json:"model"`
	// MinScore is the least score, from 0 to 1; 0 drops none, which measures alone.
	MinScore float64 `yaml:"min_score" json:"min_score"`
}

// SetDefaults drops no document.
func (o *Options) SetDefaults() { *o = Options{} }

// Check returns a *recipe.ValueError if the options cannot be used.
func (o *Options) Check() error {
	switch {
	case o.Model == "":
		return recipe.Bad("model", "the file of a quality model is needed; `polymath corpus quality train` makes one")
	case !(o.MinScore >= 0 && o.MinScore <= 1):
		return recipe.Bad("min_score", "%v is no probability: use 0 to 1", o.MinScore)
	}
	return nil
}

// Filter scores documents and drops those with a low score. It does not change,
// and goroutines may share it.
type Filter struct {
	model *Model
	least float64
}

// New reads the model and returns a filter.
func New(o Options) (*Filter, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	m, err := Open(o.Model)
	if err != nil {
		return nil, recipe.Bad("model", "%v", err)
	}
	return &Filter{m, o.MinScore}, nil
}

// Model returns the model that gives the scores.
func (f *Filter) Model() *Model { return f.model }

// Worker returns the step for one goroutine.
func (f *Filter) Worker() document.Step { return f }

// Name returns "quality".
func (f *Filter) Name() string { return name }

// Apply sets the quality of the document and drops it by the rule "min_score".
func (f *Filter) Apply(d *document.Document) {
	d.Quality = f.model.Score(d.Words())
	if score := float64(d.Quality); score < f.least {
		d.Drop = &document.Drop{Filter: name, Rule: "min_score", Value: score, Limit: f.least}
	}
}
