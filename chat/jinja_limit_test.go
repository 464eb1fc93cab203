package chat

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestJinjaLimits runs templates that want too much: each is an error, soon.
func TestJinjaLimits(t *testing.T) {
	nest := func(open, closing string, n int) string {
		return strings.Repeat(open, n) + "1" + strings.Repeat(closing, n)
	}
	for name, source := range map[string]string{
		"loops":            "{% for a in range(100000) %}{% for b in range(100000) %}{{ b }}{% endfor %}{% endfor %}",
		"empty loops":      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
		"range":            "{{ range(1000000000) | length }}",
		"doubling":         "{% set ns = namespace(s='xxxxxxxx') %}{% for a in range(64) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
		"doubling list":    "{% set ns = namespace(s=[1]) %}{% for a in range(64) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
		"shared lists":     "{% set ns = namespace(s=[1]) %}{% for a in range(64) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}",
		"shared, printed":  "{% set ns = namespace(s=[1]) %}{% for a in range(64) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{% for i in range(100) %}{{ ns.s | string | length }}{% endfor %}",
		"shared, compared": "{% set ns = namespace(s=[1], t=[1]) %}{% for a in range(64) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}",
		"repeat":           "{{ 'x' * 1000000000000 }}",
		"repeat list":      "{{ ([1] * 1000000000) | length }}",
		"power of text":    "{{ ('x' * 1000000) * 1000000 }}",
		"replace":          "{{ ('a' * 100000).replace('a', 'b' * 100000) | length }}",
		"join":             "{{ (['a' * 1000000] * 100000) | join | length }}",
		"indent":           "{{ ('\\n' * 1000000) | indent(1000, blank=true) | length }}",
		"recursive macro":  "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
		"two macros":       "{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{{ f() }}{% endmacro %}{{ g() }}",
		"wide recursion":   "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
		"format":           "{{ ('%s' * 10000) % 1 }}",
		"parentheses":      "{{ " + nest("(", ")", 100000) + " }}",
		"brackets":         "{{ " + nest("[", "]", 100000) + " }}",
		"not":              "{{ " + strings.Repeat("not ", 100000) + "1 }}",
		"minus":            "{{ " + strings.Repeat("-", 100000) + "1 }}",
		"sum":              "{{ 1" + strings.Repeat("+1", 100000) + " }}",
		"conditions":       "{{ 1" + strings.Repeat(" if 1 else 1", 100000) + " }}",
		"subscripts":       "{{ x" + strings.Repeat("[0]", 100000) + " }}",
		"filters":          "{{ x" + strings.Repeat("|trim", 100000) + " }}",
		"tests":            "{{ x" + strings.Repeat(" is none", 100000) + " }}",
		"blocks":           strings.Repeat("{% if 1 %}", 100000),
		"elifs":            "{% if 0 %}" + strings.Repeat("{% elif 0 %}", 100000) + "{% endif %}",
		"comparisons":      "{{ 1" + strings.Repeat(" < 1", 100000) + " }}",
		"deep value":       "{% set ns = namespace(s=[]) %}{% for a in range(100000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s | tojson }}",
		"sort":             "{% for i in range(1000) %}{{ range(100000) | sort(reverse=true) | length }}{% endfor %}",
		"unique":           "{{ range(100000) | unique | list | length }}",
		"batch":            "{{ [1] | batch(1000000000, 0) | list }}",
		"long source":      strings.Repeat("x", maxTemplate+1),
		"division":         "{{ 1 // 0 }}{{ 1 % 0 }}",
		"smallest integer": "{{ -9223372036854775807 - 1 | abs }}{{ 9223372036854775808 }}",
		"text in a loop":   "{% for c in 'x' * 10000000 %}{% endfor %}",
		"split":            "{% for i in range(100000) %}{{ ('x ' * 100000).split() | length }}{% endfor %}",
	} {
		start := time.Now()
		p, err := compileJinja("t.jinja", source)
		if err == nil {
			_, err = p.run(nil, goldenNow)
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), "internal error") || !strings.HasPrefix(err.Error(), "t.jinja:") {
			t.Errorf("%s: %v", name, err)
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s took %v", name, d)
		}
	}
}

// TestDeepValue checks that a value deeper than what is written does no harm.
func TestDeepValue(t *testing.T) {
	p, err := compileJinja("t", "{% set ns = namespace(s=[], t=[]) %}{% for a in range(50000) %}{% set ns.s = [ns.s] %}{% set ns.t = [ns.t] %}{% endfor %}{{ ns.s == ns.t }}{{ (ns.s | string | length) > 100 }}")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := p.run(nil, goldenNow); err != nil || out.s != "FalseTrue" {
		t.Errorf("%q, %v", out.s, err)
	}
}

// TestJinjaErrors checks that errors name the template and the line.
func TestJinjaErrors(t *testing.T) {
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
		p, err := compileJinja("t.jinja", source)
		if err == nil {
			_, err = p.run(map[string]value{"x": 1}, goldenNow)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", source, err, want)
		}
		if raised := strings.Contains(source, "raise"); raised != errors.Is(err, ErrConversation) {
			t.Errorf("%q: is %v a fault of the conversation?", source, err)
		}
	}
}

func TestStrftime(t *testing.T) {
	at := time.Date(2025, 3, 9, 4, 5, 7, 8000, time.UTC)
	for format, want := range map[string]string{
		"%d %b %Y": "09 Mar 2025", "%-d.%-m.": "9.3.", "%e": " 9", "%H:%M:%S.%f": "04:05:07.000008", "%I %p": "04 AM",
		"%A, %B %d, %Y": "Sunday, March 09, 2025", "%j %y %%": "068 25 %", "%Q%": "%Q%", "%-H": "4", "%F %T": "2025-03-09 04:05:07", "%w": "0",
	} {
		if got := strftime(at, format); got != want {
			t.Errorf("%q gives %q, want %q", format, got, want)
		}
	}
}

// FuzzJinja runs any template on a conversation: it must end, and without a
// fault of the interpreter.
func FuzzJinja(f *testing.F) {
	paths, _ := filepath.Glob("testdata/templates/*.jinja")
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(source))
	}
	var golden []struct{ Source string }
	readJSONFile(f, "testdata/expressions_golden.json", &golden)
	for _, g := range golden {
		f.Add(g.Source)
	}
	conversation := readConversations(f)["two calls"]
	f.Fuzz(func(t *testing.T, source string) {
		tpl, err := Jinja(source, JinjaOptions{Name: "t"})
		if err != nil {
			return
		}
		segments, err := tpl.Render(conversation, RenderOptions{})
		if err != nil && strings.Contains(err.Error(), "internal error") {
			t.Error(err)
		}
		for i, s := range segments {
			if s.Text == "" || (i > 0 && s.Control == segments[i-1].Control && s.Loss == segments[i-1].Loss) {
				t.Errorf("segment %d of %+v", i, segments)
			}
		}
	})
}
