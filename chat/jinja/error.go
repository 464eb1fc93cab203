package jinja

import (
	"errors"
	"fmt"
)

// Error is a fault in a template, or one that it found while running.
type Error struct {
	Name string // of the program
	// Line is the template's line, from 1; 0 means the template as a whole.
	Line int
	Text string
	// Raised says that the template called raise_exception, by which templates
	// refuse what they are given.
	Raised bool
}

// Error returns the program's name, the line and the text.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Name, e.Text)
	}
	return fmt.Sprintf("%s:%d: %s", e.Name, e.Line, e.Text)
}

// asError makes an Error of any other, on the line that it has or else on
// line.
func asError(name string, line int, err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Line: line, Text: err.Error()}
	}
	e.Name = name
	return e
}
