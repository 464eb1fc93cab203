package chat

import (
	"errors"
	"fmt"
	"time"
)

// program is a parsed template. It never changes.
type program struct {
	name   string
	source string
	body   block
}

func compileJinja(name, source string) (*program, error) {
	b, err := parseJinja(source)
	if err != nil {
		return nil, nameError(name, err)
	}
	return &program{name, source, b}, nil
}

// nameError puts the template's name before an error.
func nameError(name string, err error) error {
	var at *jinjaError
	if !errors.As(err, &at) {
		return fmt.Errorf("%s: %w", name, err)
	}
	if at.raised {
		return fmt.Errorf("%w: %s:%d: %s", ErrConversation, name, at.line, at.text)
	}
	return fmt.Errorf("%s:%d: %s", name, at.line, at.text)
}

// rendered is what a program wrote.
type rendered struct {
	text
	generated [][2]int // the bytes that generation tags enclosed, ascending
}

// run executes the program with variables. A fault of the interpreter is an
// error like any other.
func (p *program) run(vars map[string]value, now time.Time) (out rendered, err error) {
	r := newRun(now)
	defer func() {
		if fault := recover(); fault != nil {
			err = nameError(p.name, &jinjaError{line: r.line, text: fmt.Sprintf("internal error: %v", fault)})
		}
	}()
	s := globals().inner()
	for name, v := range vars {
		s.set(name, v)
	}
	if _, err := r.block(p.body, s); err != nil {
		var raised *jinjaError
		if !errors.As(err, &raised) {
			raised = &jinjaError{text: err.Error()}
		}
		raised.line = r.line
		return rendered{}, nameError(p.name, raised)
	}
	return rendered{text: r.root.text(), generated: r.generated}, nil
}
