package task

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// Limits of what a template may do.
const (
	maxText    = 4 << 20 // bytes that it may write
	maxSteps   = 1 << 18 // pieces that it may write, and rounds of its loops
	maxActions = 10_000
	maxDepth   = 100 // sections within sections
)

// Template is a text with fields of a row in it, in the language of
// text/template with the functions of Functions. What could go wrong unseen is an
// error: a field that the row lacks, and null, a list or a map where a text is
// wanted. Numbers are written as they stand in the row and compare as numbers.
// Templates do not call templates, and what they write is bounded. Goroutines
// may share one.
type Template struct {
	template *template.Template
}

// NewTemplate reads a template. Errors say what is wrong with it, not where it is
// from.
func NewTemplate(text string) (*Template, error) {
	if strings.Count(text, "{{") > maxActions {
		return nil, fmt.Errorf("a template has at most %d places to fill", maxActions)
	}
	t, err := template.New("t").Option("missingkey=error").Funcs(functions).Parse(text)
	if err != nil {
		return nil, parseError(err)
	}
	if len(t.Templates()) > 1 {
		return nil, errors.New("a template must not define others")
	}
	if t.Tree == nil { // an empty text, or nothing but comments
		return &Template{template: template.Must(template.New("t").Parse(`{{""}}`))}, nil
	}
	if err := guard(t.Tree, t.Root, 0); err != nil {
		return nil, err
	}
	return &Template{template: t}, nil
}

// Execute fills the template with the fields.
func (t *Template) Execute(fields map[string]any) (string, error) {
	text, err := t.fill(fields)
	if err != nil && strings.HasPrefix(err.Error(), "there is no field") {
		return "", fmt.Errorf("%w: the row has %s", err, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
	}
	return text, err
}

// fill is Execute with anything as the dot.
func (t *Template) fill(dot any) (string, error) {
	var out bounded
	if err := t.template.Execute(&out, dot); err != nil {
		return "", executeError(err)
	}
	return out.b.String(), nil
}

// bounded takes what a template writes, and counts how often it does.
type bounded struct {
	b     strings.Builder
	steps int
}

func (w *bounded) Write(p []byte) (int, error) {
	if w.steps++; w.steps > maxSteps {
		return 0, fmt.Errorf("it takes more than %d steps", maxSteps)
	}
	if w.b.Len()+len(p) > maxText {
		return 0, fmt.Errorf("it is longer than %d bytes", maxText)
	}
	return w.b.Write(p)
}

var _ io.Writer = (*bounded)(nil)

var (
	parsing   = regexp.MustCompile(`^template: t:(\d+): `)
	undefined = regexp.MustCompile(`function "(\w+)" not defined`)
	executing = regexp.MustCompile(`(?s)^template: t:\d+:\d+: executing "t" at <.*?>: `)
	calling   = regexp.MustCompile(`^error calling \w+: `)
	missing   = regexp.MustCompile(`map has no entry for key ("(?:[^"\\]|\\.)*")$`)
	null      = regexp.MustCompile(`nil (?:data; no entry for key|pointer evaluating interface \{\}\.)(.*)$`)
)

// parseError says what text/template found, in our words.
func parseError(err error) error {
	text := parsing.ReplaceAllString(err.Error(), "line $1 of the template: ")
	if m := undefined.FindStringSubmatch(text); m != nil {
		if near := recipe.Nearest(m[1], Functions()); near != "" {
			text += fmt.Sprintf("; did you mean %s?", near)
		}
	}
	return errors.New(text)
}

func executeError(err error) error {
	text := executing.ReplaceAllString(err.Error(), "")
	text = calling.ReplaceAllString(text, "")
	if m := missing.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("there is no field %s", m[1])
	}
	if m := null.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("what should have the field %s is null", strings.Trim(m[1], " \""))
	}
	return errors.New(text)
}
