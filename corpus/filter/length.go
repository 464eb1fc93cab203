package filter

import (
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// LengthOptions bound the length of documents; 0 is no bound.
type LengthOptions struct {
	MinBytes int `yaml:"min_bytes" json:"min_bytes"`
	MaxBytes int `yaml:"max_bytes" json:"max_bytes"`
	// MinWords and MaxWords count symbols too.
	MinWords int `yaml:"min_words" json:"min_words"`
	MaxWords int `yaml:"max_words" json:"max_words"`
}

// SetDefaults sets no bound.
func (o *LengthOptions) SetDefaults() { *o = LengthOptions{} }

// Check returns a *recipe.ValueError for the first impossible value.
func (o *LengthOptions) Check() error {
	if *o == (LengthOptions{}) {
		return recipe.Bad("min_bytes", "is missing, as are max_bytes, min_words and max_words; give at least one")
	}
	low, high := number{"min_bytes", float64(o.MinBytes)}, number{"max_bytes", float64(o.MaxBytes)}
	few, many := number{"min_words", float64(o.MinWords)}, number{"max_words", float64(o.MaxWords)}
	if err := checkCounts(low, high, few, many); err != nil {
		return err
	}
	if err := checkRange(low, high); err != nil {
		return err
	}
	return checkRange(few, many)
}

const lengthName = "length"

// Length is the step length. Goroutines may share it.
type Length struct{ o LengthOptions }

// NewLength makes the step.
func NewLength(o LengthOptions) (*Length, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	return &Length{o: o}, nil
}

// Worker returns the step for one goroutine.
func (l *Length) Worker() document.Step { return l }

// Name is length.
func (l *Length) Name() string { return lengthName }

// Apply drops the document if it is too short or too long.
func (l *Length) Apply(d *document.Document) {
	n := float64(len(d.Text()))
	if under(d, lengthName, "min_bytes", n, float64(l.o.MinBytes)) || over(d, lengthName, "max_bytes", n, float64(l.o.MaxBytes)) ||
		l.o.MinWords == 0 && l.o.MaxWords == 0 {
		return
	}
	n = float64(len(d.Words().Words))
	if !under(d, lengthName, "min_words", n, float64(l.o.MinWords)) {
		over(d, lengthName, "max_words", n, float64(l.o.MaxWords))
	}
}
