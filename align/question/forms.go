package question

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/polymath-lm/polymath/internal/recipe"
)

//go:embed forms.yaml
var formSource []byte

// sides has what belongs to each side of the split.
type sides struct {
	Train []string `yaml:"train"`
	Test  []string `yaml:"test"`
}

func (s *sides) of(side Split) []string {
	if side == Test {
		return s.Test
	}
	return s.Train
}

// forms are the ways to ask, and what is said of what is not there.
type forms struct {
	Ask     map[Ask]sides     `yaml:"ask"`
	Given   sides             `yaml:"given"`
	Missing map[string]string `yaml:"missing"`
}

// ready returns the forms. They are a part of the program, so that they can be read
// says a test.
var ready = sync.OnceValue(func() *forms {
	var f forms
	if _, err := recipe.DecodeAs("ways to ask", "forms.yaml", formSource, &f); err != nil {
		panic(err)
	}
	return &f
})

// fill puts what an entry is about into a form.
func fill(form string, e *Entry) string {
	return strings.NewReplacer("{subject}", e.Subject, "{attribute}", e.Attribute, "{within}", e.Within).Replace(form)
}

// given puts a question to a text.
func given(form, text, question string) string {
	return strings.NewReplacer("{text}", text, "{question}", question).Replace(form)
}
