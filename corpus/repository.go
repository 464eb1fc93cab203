package corpus

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/corpus/code"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/filter"
	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/secrets"
)

// RepositoryFile is a file of a repository.
type RepositoryFile struct {
	Path    string // below its root, with slashes
	License string // SPDX expression; "" is unknown
	Text    []byte // in UTF-8, without secrets
}

// Repository is what a repository has to learn from.
type Repository struct {
	Name string
	// Files are in an order in which what a file is built on stands before it; see
	// code.InOrder.
	Files []RepositoryFile
	// Dropped counts the files that a step left out, by step and rule.
	Dropped map[string]int
	Read    TextsRead
}

// ReadRepository reads the source tree in a directory: what the format tree of a recipe
// reads, through the steps of the pipeline "code" and, where licenses is set, through
// the step of that name.
func ReadRepository(ctx context.Context, dir string, licenses *filter.LicensesOptions) (*Repository, error) {
	steps, err := repositorySteps(licenses)
	if err != nil {
		return nil, err
	}
	whole, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r := &Repository{Name: filepath.Base(whole), Dropped: map[string]int{}}
	source := Source{Name: r.Name, Path: dir, Format: reader.Tree}
	var sources []code.Source
	read, err := source.Each(ctx, func(d *document.Document) error {
		for _, step := range steps {
			if step.Apply(d); d.Drop != nil {
				r.Dropped[d.Drop.Filter+": "+d.Drop.Rule]++
				return nil
			}
		}
		text := slices.Clone(d.Text())
		r.Files = append(r.Files, RepositoryFile{d.Meta["path"], d.Meta["license"], text})
		sources = append(sources, code.Source{Path: d.Meta["path"], Language: d.Language, Content: text})
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.Read = *read
	if len(r.Files) == 0 {
		left := read.Left
		for _, n := range r.Dropped {
			left += int64(n)
		}
		return nil, fmt.Errorf("%s: there is no file to learn from; %d are left out, such as %s", dir, left, cmp.Or(read.Why, "generated ones"))
	}
	files := r.Files
	r.Files = make([]RepositoryFile, 0, len(files))
	for _, i := range code.InOrder(sources) {
		r.Files = append(r.Files, files[i])
	}
	return r, nil
}

// repositorySteps are the steps that the files go through.
func repositorySteps(licenses *filter.LicensesOptions) ([]document.Step, error) {
	language, err := code.New(code.Options{})
	if err != nil {
		return nil, err
	}
	var o secrets.Options
	o.SetDefaults()
	hidden, err := secrets.New(o)
	if err != nil {
		return nil, err
	}
	steps := []document.Step{language.Worker(), hidden.Worker()}
	if licenses != nil {
		allowed, err := filter.NewLicenses(*licenses)
		if err != nil {
			return nil, err
		}
		steps = append(steps, allowed.Worker())
	}
	return steps, nil
}
