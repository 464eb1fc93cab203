// Package jinja runs chat templates: programs in the Jinja language that print
// a conversation as the text that a model reads.
//
// The language is that of jinja2 3.1 as transformers sets it up, with
// trim_blocks and lstrip_blocks on: expressions, filters, tests, methods of
// strings, lists and dicts, if, for with conditions and else, break and
// continue, set and its block form, macros, call, filter, with, do, raw,
// generation, and the functions range, namespace, dict, raise_exception and
// strftime_now. tojson is transformers' own. Includes, imports, inheritance,
// recursive loops and star arguments are refused when a program is parsed, and
// so are filters and tests that are not known.
//
// A program can do nothing but print: it reaches no files, no network and no
// values but those that it is given, and changes none of them.
//
// Programs come from strangers. Parse bounds the size and the nesting of the
// source, and Run the work, the time and the output, by Limits. A fault of the
// interpreter is an error like any other.
//
// Every byte of the output says where it came from. Strings that Marked and
// ParseJSON make carry a source, and everything that a program can do to a
// string, such as to cut, join, replace, escape or format, keeps it byte by
// byte. What has no mark was written by the template.
package jinja

import (
	"fmt"
	"time"
)

// Program is a parsed template. It never changes; goroutines may share it.
type Program struct {
	name string
	body block
}

// Parse reads a template. The name is what errors call it, its file perhaps.
// Errors are *Error.
func Parse(name, source string) (*Program, error) {
	b, err := parse(source)
	if err != nil {
		return nil, asError(name, 0, err)
	}
	return &Program{name, b}, nil
}

// Output is what a program printed.
type Output struct {
	Text string
	// Marks are the bytes that came from outside the template, ascending and
	// apart; none is empty.
	Marks []Mark
	// Generated are the bytes that generation tags enclosed, [from, to),
	// ascending.
	Generated [][2]int
}

// Run executes the program with variables. It sees the time now, by
// strftime_now alone. Errors are *Error.
func (p *Program) Run(variables map[string]Value, now time.Time, limits Limits) (out Output, err error) {
	r := newRun(now, limits)
	defer func() {
		if fault := recover(); fault != nil {
			err = &Error{Name: p.name, Line: r.line, Text: fmt.Sprintf("internal error: %v", fault)}
		}
	}()
	s := globals().inner()
	for name, v := range variables {
		s.set(name, v.inner())
	}
	if _, err := r.block(p.body, s); err != nil {
		e := asError(p.name, r.line, err)
		e.Line = r.line
		return Output{}, e
	}
	t := r.root.text()
	return Output{Text: t.s, Marks: t.marks, Generated: r.generated}, nil
}
