package corpus

import (
	"fmt"
	"reflect"

	"github.com/polymath-lm/polymath/corpus/clean"
	"github.com/polymath-lm/polymath/corpus/code"
	"github.com/polymath-lm/polymath/corpus/decontaminate"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/filter"
	"github.com/polymath-lm/polymath/corpus/language"
	"github.com/polymath-lm/polymath/corpus/privacy"
	"github.com/polymath-lm/polymath/corpus/quality"
	"github.com/polymath-lm/polymath/corpus/secrets"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// Names of steps that others need to know.
const (
	privateStep = "private"
	secretsStep = "secrets"
)

// Step is one step of a pipeline: exactly one of the fields is set.
type Step struct {
	Unicode     *clean.UnicodeOptions     `yaml:"unicode" json:"unicode,omitempty"`
	Boilerplate *clean.BoilerplateOptions `yaml:"boilerplate_lines" json:"boilerplate_lines,omitempty"`
	PDF         *clean.PDFOptions         `yaml:"pdf_lines" json:"pdf_lines,omitempty"`

	GopherQuality    *filter.QualityOptions    `yaml:"gopher_quality" json:"gopher_quality,omitempty"`
	GopherRepetition *filter.RepetitionOptions `yaml:"gopher_repetition" json:"gopher_repetition,omitempty"`
	C4               *filter.C4Options         `yaml:"c4" json:"c4,omitempty"`
	FineWeb          *filter.FineWebOptions    `yaml:"fineweb" json:"fineweb,omitempty"`
	WordList         *filter.WordListOptions   `yaml:"word_list" json:"word_list,omitempty"`
	Licenses         *filter.LicensesOptions   `yaml:"licenses" json:"licenses,omitempty"`
	Length           *filter.LengthOptions     `yaml:"length" json:"length,omitempty"`

	Language      *language.Options      `yaml:"language" json:"language,omitempty"`
	Quality       *quality.Options       `yaml:"quality" json:"quality,omitempty"`
	Code          *code.Options          `yaml:"code" json:"code,omitempty"`
	Private       *privacy.Options       `yaml:"private" json:"private,omitempty"`
	Secrets       *secrets.Options       `yaml:"secrets" json:"secrets,omitempty"`
	Decontaminate *decontaminate.Options `yaml:"decontaminate" json:"decontaminate,omitempty"`
	Perplexity    *PerplexityOptions     `yaml:"perplexity" json:"perplexity,omitempty"`
}

// chosen returns the name and the options of the step.
func (s *Step) chosen() (name string, options any, err error) {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		if v.Field(i).IsNil() {
			continue
		}
		if options != nil {
			return "", nil, fmt.Errorf("the step is both %s and %s: begin each with a dash of its own", name, v.Type().Field(i).Tag.Get("yaml"))
		}
		name, options = v.Type().Field(i).Tag.Get("yaml"), v.Field(i).Interface()
	}
	if options == nil {
		return "", nil, fmt.Errorf("the step has no name")
	}
	return name, options, nil
}

// check reports the first impossible value as a *recipe.ValueError whose key
// begins with the step's name.
func (s *Step) check() error {
	name, options, err := s.chosen()
	if err != nil {
		return recipe.Bad("", "%v", err)
	}
	if c, ok := options.(interface{ Check() error }); ok {
		return recipe.Below(name, c.Check())
	}
	return nil
}

// inputs are the files whose contents the step's result depends on.
func (s *Step) inputs() []string {
	_, options, _ := s.chosen()
	if f, ok := options.(interface{ Files() []string }); ok {
		return f.Files()
	}
	return nil
}

// ready loads the step's lists and models.
func (s *Step) ready(p *pipeline, o *Options) error {
	name, options, err := s.chosen()
	if err != nil {
		return err
	}
	worker, err := makeStep(options, p, o)
	if err != nil {
		return recipe.Below(name, err)
	}
	p.steps = append(p.steps, readyStep{name: name, worker: worker})
	return nil
}

func makeStep(options any, p *pipeline, o *Options) (func() document.Step, error) {
	switch options := options.(type) {
	case *clean.UnicodeOptions:
		return made(clean.NewUnicode(*options))
	case *clean.BoilerplateOptions:
		return made(clean.NewBoilerplate(*options))
	case *clean.PDFOptions:
		return made(clean.NewPDF(*options))
	case *filter.QualityOptions:
		return made(filter.NewQuality(*options))
	case *filter.RepetitionOptions:
		return made(filter.NewRepetition(*options))
	case *filter.C4Options:
		return made(filter.NewC4(*options))
	case *filter.FineWebOptions:
		return made(filter.NewFineWeb(*options))
	case *filter.WordListOptions:
		return made(filter.NewWordList(*options))
	case *filter.LicensesOptions:
		return made(filter.NewLicenses(*options))
	case *filter.LengthOptions:
		return made(filter.NewLength(*options))
	case *language.Options:
		return made(language.New(*options))
	case *quality.Options:
		return made(quality.New(*options))
	case *code.Options:
		return made(code.New(*options))
	case *privacy.Options:
		return made(privacy.New(*options))
	case *secrets.Options:
		return made(secrets.New(*options))
	case *decontaminate.Options:
		t, err := decontaminate.New(*options)
		if err != nil {
			return nil, err
		}
		p.evaluation = t
		return func() document.Step { return t.Worker() }, nil
	case *PerplexityOptions:
		return options.step(o)
	}
	panic(fmt.Sprintf("corpus: no step is made of %T", options))
}

// made returns what makes workers of t.
func made[T interface{ Worker() document.Step }](t T, err error) (func() document.Step, error) {
	if err != nil {
		return nil, err
	}
	return t.Worker, nil
}
