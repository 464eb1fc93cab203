package filter

import (
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// LicensesOptions are those of step licenses, which keeps documents whose license
// is allowed.
type LicensesOptions struct {
	// Allow names licenses by their SPDX identifiers, whatever their case.
	Allow []string `yaml:"allow" json:"allow"`
	// Unknown says what becomes of documents without a license: drop, at first, or
	// keep.
	Unknown string `yaml:"unknown" json:"unknown"`
}

// SetDefaults allows what asks for no more than naming the authors.
func (o *LicensesOptions) SetDefaults() {
	*o = LicensesOptions{
		Allow: []string{
			"0BSD", "Apache-2.0", "Artistic-2.0", "BlueOak-1.0.0", "BSD-1-Clause", "BSD-2-Clause", "BSD-2-Clause-Patent",
			"BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "ISC", "MIT", "MIT-0", "NCSA", "PDDL-1.0",
			"PostgreSQL", "PSF-2.0", "Python-2.0", "Unlicense", "UPL-1.0", "Zlib", "LicenseRef-PublicDomain",
		},
		Unknown: "drop",
	}
}

// Check returns a *recipe.ValueError for the first impossible value.
func (o *LicensesOptions) Check() error {
	if len(o.Allow) == 0 {
		return recipe.Bad("allow", "names no license, so that all documents would be dropped")
	}
	for _, id := range o.Allow {
		if e, err := parseSPDX(id); err != nil || e.op != "" {
			return recipe.Bad("allow", "%q is no license identifier, such as Apache-2.0", id)
		}
	}
	if o.Unknown != "drop" && o.Unknown != "keep" {
		return recipe.Bad("unknown", "is %q; it is drop or keep", o.Unknown)
	}
	return nil
}

const licensesName = "licenses"

// Licenses is the step licenses. Goroutines may share it.
type Licenses struct {
	o     LicensesOptions
	allow map[string]bool
}

// NewLicenses makes the step.
func NewLicenses(o LicensesOptions) (*Licenses, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	l := &Licenses{o: o, allow: map[string]bool{}}
	for _, id := range o.Allow {
		e, err := parseSPDX(id)
		if err != nil {
			return nil, err
		}
		l.allow[e.id] = true
	}
	return l, nil
}

// Worker returns the step for one goroutine.
func (l *Licenses) Worker() document.Step { return l }

// Name is licenses.
func (l *Licenses) Name() string { return licensesName }

// Apply drops the document if its license, which may be an SPDX expression, is
// not allowed. One that is no expression is not allowed.
func (l *Licenses) Apply(d *document.Document) {
	text := d.Meta["license"]
	if text == "" {
		if l.o.Unknown == "drop" {
			drop(d, licensesName, "unknown", 0, 1)
		}
		return
	}
	if e, err := parseSPDX(text); err == nil && e.allowed(l.allow) {
		return
	}
	drop(d, licensesName, "allow", 0, 1)
	d.Drop.Note = text
}
