package jinja

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestErrors checks that errors name the template and the line.
func TestErrors(t *testing.T) {
	x, err := ParseJSON([]byte("1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]Value{"x": x}
	for source, want := range map[string]string{
		"a\nb\n{% nosuch %}":                     `t.jinja:3: the tag "nosuch"`,
		"\n\n{{ x | nosuch }}":                   `t.jinja:3: the filter "nosuch"`,
		"\n{{ x\n is nosuch }}":                  `t.jinja:3: the test "nosuch"`,
		"{% if x %}\n\n{{ 1 + 'a' }}{% endif %}": `t.jinja:3: int + string`,
		"\n{{ q.a }}":                            `t.jinja:2: "q" is undefined`,
		"\n\n{{ raise_exception('no') }}":        `t.jinja:3: no`,
		"{% include 'passwd' %}":                 `t.jinja:1: the tag "include"`,
		"{{ '":                                   "t.jinja:1: a string has no end",
		"\n{{":                                   "t.jinja:2: a tag has no }}",
		"{#":                                     "t.jinja:1: a comment has no end",
		"{% raw %}":                              "t.jinja:1: raw has no endraw",
		"{% macro f(a) %}\n{{ a.b.c }}{% endmacro %}\n\n{{ f({}) }}": `t.jinja:2: "b" is undefined`,
		"{{ x ? }}": `t.jinja:1: unexpected '?'`,
	} {
		p, err := Parse("t.jinja", source)
		if err == nil {
			_, err = p.Run(variables, goldenNow, Limits{})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", source, err, want)
		}
		var fault *Error
		if !errors.As(err, &fault) || fault.Name != "t.jinja" || !strings.Contains(want, fmt.Sprintf(":%d:", fault.Line)) {
			t.Errorf("%q: %#v is no Error of its line", source, err)
			continue
		}
		if raised := strings.Contains(source, "raise"); raised != fault.Raised {
			t.Errorf("%q: was %v raised?", source, err)
		}
	}
}
