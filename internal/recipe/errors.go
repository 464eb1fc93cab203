// Package recipe reads the YAML files that people write: strictly, and with the
// line and a caret where something is wrong in one.
package recipe

import (
	"fmt"
	"strings"
)

// Error is a mistake in a recipe file.
type Error struct {
	// File, Line and Column say where, counted from 1; Line is 0 where the
	// mistake has no place, as for a key that is missing.
	File         string
	Line, Column int
	// Key is the key's path, such as "batch.tokens".
	Key string
	// Problem says what is wrong and what to do.
	Problem string
	// Source is the line with a caret below it.
	Source string
}

// Error is file:line:column, the problem, and the line with a caret.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Problem)
	}
	return fmt.Sprintf("%s:%d:%d: %s\n%s", e.File, e.Line, e.Column, e.Problem, e.Source)
}

// ValueError is an impossible value in a recipe.
type ValueError struct {
	// Key is the path of the key, such as "batch.tokens" or
	// "steps[2].length.min_words".
	Key string
	// Problem says what is wrong and what to do.
	Problem string
}

// Error names the key and the problem.
func (e *ValueError) Error() string {
	if strings.HasPrefix(e.Problem, e.Key) {
		return e.Problem
	}
	return e.Key + ": " + e.Problem
}

// Bad returns a *ValueError.
func Bad(key, format string, args ...any) error {
	return &ValueError{Key: key, Problem: fmt.Sprintf(format, args...)}
}

// Below returns a *ValueError of a section with the section's path before its
// key, and any other error with the path in front.
func Below(section string, err error) error {
	switch bad, ok := err.(*ValueError); { //nolint:errorlint // a wrapped one has more to say than its key
	case err == nil:
		return nil
	case ok:
		problem := bad.Problem
		if strings.HasPrefix(problem, bad.Key) { // it is about to begin with the longer key
			problem = join(section, problem)
		}
		return &ValueError{Key: join(section, bad.Key), Problem: problem}
	}
	return fmt.Errorf("%s: %w", section, err)
}

func join(path, key string) string {
	if path == "" || key == "" {
		return path + key
	}
	return path + "." + key
}

func parent(path string) string {
	if i := strings.LastIndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return ""
}
