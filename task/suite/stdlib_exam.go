package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/task"
)

// goStdlib makes the examination on Go's standard library: kinds of questions in
// turn, each about things in random order, until there are n or all are asked. The
// cluster is the package: who knows one of its functions knows others.
func goStdlib(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	lib, err := readLibrary()
	if err != nil {
		return nil, err
	}
	return lib.exam(n, seed)
}

func (l *library) exam(n int, seed uint64) ([]task.Row, error) {
	r := random.New(seed)
	kinds := []struct {
		section string
		ask     func(r *random.Source, f function) (question, bool)
		left    []function
	}{
		{section: "package of a function", ask: l.askPackage},
		{section: "function of a package", ask: l.askFunction},
		{section: "results of a function", ask: l.askResults},
		{section: "arguments of a function", ask: l.askArguments},
		{section: "purpose of a function", ask: l.askPurpose},
		{section: "function for a purpose", ask: l.askName},
	}
	for i := range kinds {
		kinds[i].left = slices.Clone(l.functions)
		random.Shuffle(r, kinds[i].left)
	}
	var rows []task.Row
	for more := true; more && len(rows) < n; {
		more = false
		for i := range kinds {
			kind := &kinds[i]
			for len(kind.left) > 0 && len(rows) < n {
				f := kind.left[0]
				kind.left = kind.left[1:]
				if q, ok := kind.ask(r, f); ok {
					q.section, q.cluster = kind.section, f.in.path
					rows, more = append(rows, q.row(r)), true
					break
				}
			}
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("the standard library of Go: no question can be made of the %d functions that were found", len(l.functions))
	}
	return rows, nil
}

// askPackage asks where a function is. No other package has anything of its name.
// Two of the choices are of one family, such as crypto, and two of another, and a
// package comes as often as it has functions, right or wrong: so neither says more
// than the question.
func (l *library) askPackage(r *random.Source, f function) (question, bool) {
	for _, p := range l.packages {
		if p != f.in && p.names[f.name] {
			return question{}, false
		}
	}
	choices := []string{f.in.path}
	families := []string{l.family(f.in)}
	for try := 0; len(choices) < 4 && try < 2000; try++ {
		other := random.Pick(r, l.functions).in
		family := l.family(other)
		switch {
		case slices.Contains(choices, other.path):
			continue
		case len(choices) == 1 && family != families[0], len(choices) == 2 && family == families[0],
			len(choices) == 3 && family != families[1]:
			continue
		case len(choices) == 2:
			families = append(families, family)
		}
		choices = append(choices, other.path)
	}
	return question{
		text:    fmt.Sprintf("Which package of the Go standard library has the function %s?", f.name),
		choices: choices,
	}, len(choices) == 4
}

// family is the first part of a package's path, or for a package that has it for
// itself, such as sort, the same as for all such packages.
func (l *library) family(p *libraryPackage) string {
	first := func(path string) string { top, _, _ := strings.Cut(path, "/"); return top }
	for _, other := range l.packages {
		if other != p && first(other.path) == first(p.path) {
			return first(p.path)
		}
	}
	return ""
}

// askFunction asks which of four functions a package has: it has nothing that is
// called like the others.
func (l *library) askFunction(r *random.Source, f function) (question, bool) {
	choices := []string{f.name}
	for try := 0; len(choices) < 4 && try < 100; try++ {
		if name := random.Pick(r, l.functions).name; !f.in.names[name] && !slices.Contains(choices, name) {
			choices = append(choices, name)
		}
	}
	return question{
		text:    fmt.Sprintf("Which of these functions does package %s of the Go standard library have?", f.in.path),
		choices: choices,
	}, len(choices) == 4
}

func (l *library) askResults(r *random.Source, f function) (question, bool) {
	return l.askTypes(r, f, f.results, func(g function) string { return g.results },
		"In Go, what are the types of the results of %s.%s?")
}

func (l *library) askArguments(r *random.Source, f function) (question, bool) {
	return l.askTypes(r, f, f.arguments, func(g function) string { return g.arguments },
		"In Go, what are the types of the arguments of %s.%s?")
}

// askTypes asks for types; the others are those of functions of the same package,
// then of any, and differ from the right ones with all aliases replaced.
func (l *library) askTypes(r *random.Source, f function, right string, of func(function) string, text string) (question, bool) {
	if !askable(right) || l.named[f.in.name] > 1 {
		return question{}, false
	}
	choices := []string{right}
	add := func(g function) {
		if types := of(g); askable(types) && !slices.Contains(choices, types) && len(choices) < 4 {
			choices = append(choices, types)
		}
	}
	same := slices.Clone(f.in.functions)
	random.Shuffle(r, same)
	for _, g := range same {
		add(g)
	}
	for try := 0; len(choices) < 4 && try < 100; try++ {
		add(random.Pick(r, l.functions))
	}
	for i, c := range choices {
		choices[i] = usual(c)
	}
	return question{text: fmt.Sprintf(text, f.in.name, f.name), choices: choices}, len(choices) == 4
}

// askable leaves out what is nothing, or has functions among its types, which have
// names of their own.
func askable(types string) bool {
	return types != "" && types != "()" && !strings.Contains(types, "func(")
}

// askPurpose asks what the documentation says of a function.
func (l *library) askPurpose(r *random.Source, f function) (question, bool) {
	others := l.otherPurposes(f)
	if f.doc == "" || len(others) < 3 {
		return question{}, false
	}
	choices := []string{f.doc}
	for _, g := range random.Sample(r, others, 3) {
		choices = append(choices, g.doc)
	}
	return question{
		text:    fmt.Sprintf("How does the documentation of function %s in Go's package %s go on after its name, %q?", f.name, f.in.path, f.name),
		choices: choices,
	}, true
}

// askName asks for the function that the documentation describes.
func (l *library) askName(r *random.Source, f function) (question, bool) {
	others := l.otherPurposes(f)
	if f.doc == "" || len(others) < 3 {
		return question{}, false
	}
	choices := []string{f.name}
	for _, g := range random.Sample(r, others, 3) {
		choices = append(choices, g.name)
	}
	return question{
		text:    fmt.Sprintf("Of which function of Go's package %s does the documentation say that it %s", f.in.path, strings.TrimSuffix(f.doc, ".")+"?"),
		choices: choices,
	}, true
}

// otherPurposes are the functions of the package with another documentation, each
// text once; none if what is said of another function is said of f, in as many
// words or more.
func (l *library) otherPurposes(f function) []function {
	var others []function
	for _, g := range f.in.functions {
		if g.name == f.name || g.doc == "" {
			continue
		}
		if begins(g.doc, f.doc) || begins(f.doc, g.doc) {
			return nil
		}
		if !slices.ContainsFunc(others, func(o function) bool { return o.doc == g.doc }) {
			others = append(others, g)
		}
	}
	return others
}

// begins reports whether a sentence says all that another does.
func begins(long, short string) bool { return strings.HasPrefix(long, strings.TrimSuffix(short, ".")) }
