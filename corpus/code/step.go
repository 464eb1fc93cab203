package code

import (
	"slices"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// Options are those of the step "code".
type Options struct {
	// Keep names rules that do not drop files: vendored, generated, minified,
	// table, long_lines.
	Keep []string `yaml:"keep" json:"keep,omitempty"`
	// Languages are the only ones to keep, with the names of github-linguist;
	// none means all, and files of no known language too.
	Languages []string `yaml:"languages" json:"languages,omitempty"`
}

// SetDefaults sets the options that a recipe does not give.
func (o *Options) SetDefaults() {}

// Check returns a *recipe.ValueError for a name that is not known.
func (o *Options) Check() error {
	for _, rule := range o.Keep {
		if !slices.Contains(Rules(), rule) {
			return recipe.Bad("keep", "there is no rule %q: the rules are %v", rule, Rules())
		}
	}
	for _, language := range o.Languages {
		if !IsLanguage(language) {
			return recipe.Bad("languages", "there is no language %q: names are those of github-linguist, such as \"Go\" and \"C++\"", language)
		}
	}
	return nil
}

// T is the step with its options. Goroutines may share it.
type T struct{ options Options }

// New returns the step.
func New(o Options) (*T, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	return &T{o}, nil
}

// Worker returns the step for one goroutine.
func (t *T) Worker() document.Step { return worker{t} }

type worker struct{ *T }

// Name implements document.Step.
func (worker) Name() string { return "code" }

// Apply sets the language, and the license that the file itself states, and
// drops what nobody here wrote. Documents that are not code pass.
func (w worker) Apply(d *document.Document) {
	if d.Format != document.Code {
		return
	}
	name, content := d.Meta["path"], d.Text()
	d.Language, d.LanguageScore = Language(name, content)
	if license := FileLicense(content); license != "" {
		if d.Meta == nil {
			d.Meta = map[string]string{}
		}
		d.Meta["license"] = license
	}
	if len(w.options.Languages) > 0 && !slices.Contains(w.options.Languages, d.Language) {
		d.Drop = &document.Drop{Filter: "code", Rule: ruleLanguage, Note: d.Language}
		return
	}
	if !slices.Contains(w.options.Keep, ruleVendored) && name != "" && Vendored(name) {
		d.Drop = &document.Drop{Filter: "code", Rule: ruleVendored, Value: 1, Note: name}
		return
	}
	if f := check(name, content, w.options.Keep); f.rule != "" {
		d.Drop = &document.Drop{Filter: "code", Rule: f.rule, Value: f.value, Limit: f.limit, Note: f.note}
	}
}
