// Package recipe reads the YAML files that people write: strictly, and with the
// line and a caret where something is wrong in one.
package recipe

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/token"
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

// MaxSize bounds sizes in recipes: products of two stay within int64.
const MaxSize = 1 << 30

// Between returns a *ValueError of a value that is not within low and high, NaN
// included. A high of MaxSize or more bounds nothing that people write, and the
// message leaves it out.
func Between(key string, value, low, high float64) error {
	switch {
	case value >= low && value <= high:
		return nil
	case high >= MaxSize:
		return Bad(key, "%v is impossible: it must be at least %v", value, low)
	case low == math.SmallestNonzeroFloat64:
		return Bad(key, "%v is impossible: it must be above 0, and %v at most", value, high)
	}
	return Bad(key, "%v is impossible: it must be between %v and %v", value, low, high)
}

// Below returns a *ValueError of a section with the section's path before its
// key. Any other error becomes one of the section itself; nil stays nil.
func Below(section string, err error) error {
	var bad *ValueError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &bad):
		return &ValueError{Key: section, Problem: err.Error()}
	}
	problem := bad.Problem
	if bad.Key != "" && strings.HasPrefix(problem, bad.Key) { // as it did with the short key
		problem = join(section, problem)
	}
	return &ValueError{Key: join(section, bad.Key), Problem: problem}
}

// join puts a key below a path. A key may begin with an index, such as "[2].a".
func join(path, key string) string {
	if path == "" || key == "" || key[0] == '[' {
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

// bareTemplate is a value that begins with a template, which YAML reads as a map.
var bareTemplate = regexp.MustCompile(`(?:[:,\[]|^\s*-)\s*\{\{`)

// quoteHint says what is wrong with a line on which the parser gave up at a template.
func (p *Places) quoteHint(at *token.Position) string {
	if at.Line < 1 || at.Line > len(p.lines) || !bareTemplate.MatchString(p.lines[at.Line-1]) {
		return ""
	}
	return ": write a template in single quotes, such as '{{.name}}'"
}
