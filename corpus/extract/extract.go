// Package extract finds the text that a page or a file is about.
package extract

import (
	"errors"
	"fmt"
)

// ErrEmpty is the error of a page that has no text worth keeping.
var ErrEmpty = errors.New("the page has no main content")

// LimitError is the error of a page that is larger than pages are.
type LimitError struct {
	What  string // "bytes" or "elements"
	Limit int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("the page has more than %d %s", e.Limit, e.What)
}

// HTML returns the main content of a page.
func HTML(content []byte, declaredCharset, url string) (text []byte, meta map[string]string, err error) {
	if len(content) > maxBytes {
		return nil, nil, &LimitError{What: "bytes", Limit: maxBytes}
	}
	t, err := parse(content)
	if err != nil {
		return nil, nil, err
	}
	text = t.content()
	if len(text) == 0 {
		return nil, t.meta.all(), ErrEmpty
	}
	return text, t.meta.all(), nil
}

func (t *tree) content() []byte {
	s := scanner{tree: t}
	s.scan()
	best := s.choose()
	if best < 0 {
		return nil
	}
	runs := s.within(best)
	s.sift(runs)
	return s.render(runs)
}
