package language

import (
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// name is the step's name in recipes and in the documents it drops.
const name = "language"

// Options says which documents stay, by their language.
type Options struct {
	// Keep are the ISO 639 codes of the languages that stay; none means all.
	Keep []string `yaml:"keep" json:"keep,omitempty"`
	// MinScore is the least probability of the language, from 0 to 1.
	MinScore float64 `yaml:"min_score" json:"min_score"`
	// Sample is how many bytes of a document are read: a third each from its start,
	// its middle and its end. 0 reads all of it.
	Sample int `yaml:"sample" json:"sample"`
}

// SetDefaults sets FineWeb's least score, and a sample that is enough for
// documents in one language.
func (o *Options) SetDefaults() { *o = Options{MinScore: 0.65, Sample: 3072} }

// Check returns a *recipe.ValueError if the options cannot be used.
func (o *Options) Check() error {
	known := Default().Languages()
	for _, code := range o.Keep {
		if !slices.Contains(known, code) {
			return recipe.Bad("keep", "the language %q is not known; these are: %s", code, strings.Join(known, ", "))
		}
	}
	switch {
	case !(o.MinScore >= 0 && o.MinScore <= 1):
		return recipe.Bad("min_score", "%v is no probability: use 0 to 1", o.MinScore)
	case o.Sample != 0 && o.Sample < 64:
		return recipe.Bad("sample", "%d bytes say nothing about a document: use 64 or more, or 0 for all of it", o.Sample)
	}
	return nil
}

// Filter finds the language of documents and drops those in others than the
// recipe keeps. It does not change, and goroutines may share it.
type Filter struct{ o Options }

// New returns a filter; the options are those of a recipe.
func New(o Options) (*Filter, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	o.Keep = slices.Clone(o.Keep)
	return &Filter{o}, nil
}

// Worker returns the step for one goroutine.
func (f *Filter) Worker() document.Step { return f }

// Name returns "language".
func (f *Filter) Name() string { return name }

// Apply sets the language and its score, and drops the document by the rule
// "language" or "min_score". Code is left alone: it has another sort of language.
func (f *Filter) Apply(d *document.Document) {
	if d.Format == document.Code {
		return
	}
	g := f.identify(d.Text())
	d.Language, d.LanguageScore = g.Language, g.Score
	score := float64(g.Score)
	switch {
	case len(f.o.Keep) > 0 && !slices.Contains(f.o.Keep, g.Language):
		d.Drop = &document.Drop{Filter: name, Rule: "language", Value: score, Limit: f.o.MinScore, Note: g.Language}
	case score < f.o.MinScore:
		d.Drop = &document.Drop{Filter: name, Rule: "min_score", Value: score, Limit: f.o.MinScore, Note: g.Language}
	}
}

func (f *Filter) identify(text []byte) Guess {
	if f.o.Sample == 0 {
		return Identify(text)
	}
	return Default().IdentifySample(text, f.o.Sample)
}
