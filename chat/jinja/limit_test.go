package jinja

import (
	"strings"
	"testing"
	"time"
)

// TestLimits runs templates that want too much: each is an error, soon. Those
// that would go on are stopped at an eighth of the usual steps.
func TestLimits(t *testing.T) {
	nest := func(open, closing string, n int) string {
		return strings.Repeat(open, n) + "1" + strings.Repeat(closing, n)
	}
	for want, sources := range map[string]map[string]string{
		"does too much work": {
			"loops":            "{% for a in range(100000) %}{% for b in range(100000) %}{{ b }}{% endfor %}{% endfor %}",
			"empty loops":      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
			"doubling":         "{% set ns = namespace(s='xxxxxxxx') %}{% for a in range(64) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
			"doubling list":    "{% set ns = namespace(s=[1]) %}{% for a in range(64) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
			"shared, compared": "{% set ns = namespace(s=[1], t=[1]) %}{% for a in range(64) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}",
			"shared, printed":  "{% set ns = namespace(s=[1]) %}{% for a in range(64) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{% for i in range(100) %}{{ ns.s | string | length }}{% endfor %}",
			"repeat":           "{{ 'x' * 1000000000000 }}",
			"repeat list":      "{{ ([1] * 1000000000) | length }}",
			"power of text":    "{{ ('x' * 1000000) * 1000000 }}",
			"replace":          "{{ ('a' * 100000).replace('a', 'b' * 100000) | length }}",
			"join":             "{{ (['a' * 1000000] * 100000) | join | length }}",
			"indent":           "{{ ('\\n' * 1000000) | indent(1000, blank=true) | length }}",
			"wide recursion":   "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
			"sort":             "{% for i in range(1000) %}{{ range(100000) | sort(reverse=true) | length }}{% endfor %}",
			"unique":           "{{ range(100000) | unique | list | length }}",
			"batch":            "{{ [1] | batch(1000000000, 0) | list }}",
			"text in a loop":   "{% for c in 'x' * 10000000 %}{% endfor %}",
			"split":            "{% for i in range(100000) %}{{ ('x ' * 100000).split() | length }}{% endfor %}",
		},
		"range has more than 100000": {
			"range": "{{ range(1000000000) | length }}",
		},
		"tojson: more than 16777216 bytes": {
			"shared lists": "{% set ns = namespace(s=[1]) %}{% for a in range(64) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}",
		},
		"tojson: nested deeper than 200": {
			"deep value": "{% set ns = namespace(s=[]) %}{% for a in range(100000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s | tojson }}",
		},
		"calls nested deeper than 50": {
			"recursive macro": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
			"two macros":      "{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{{ f() }}{% endmacro %}{{ g() }}",
		},
		"nested deeper than 100": {
			"parentheses": "{{ " + nest("(", ")", 100000) + " }}",
			"brackets":    "{{ " + nest("[", "]", 100000) + " }}",
			"not":         "{{ " + strings.Repeat("not ", 100000) + "1 }}",
			"minus":       "{{ " + strings.Repeat("-", 100000) + "1 }}",
			"blocks":      strings.Repeat("{% if 1 %}", 100000),
			"elifs":       "{% if 0 %}" + strings.Repeat("{% elif 0 %}", 50000) + "{% endif %}",
			"conditions":  "{{ 1" + strings.Repeat(" if 1 else 1", 50000) + " }}",
		},
		"an expression is too long": {
			"sum":         "{{ 1" + strings.Repeat("+1", 100000) + " }}",
			"subscripts":  "{{ x" + strings.Repeat("[0]", 100000) + " }}",
			"filters":     "{{ x" + strings.Repeat("|trim", 100000) + " }}",
			"tests":       "{{ x" + strings.Repeat(" is none", 100000) + " }}",
			"comparisons": "{{ 1" + strings.Repeat(" < 1", 100000) + " }}",
		},
		"more than the limit of 1048576": {
			"long source": strings.Repeat("x", MaxSource+1),
		},
		"division by zero": {
			"division": "{{ 1 // 0 }}{{ 1 % 0 }}",
		},
		"bad number": {
			"smallest integer": "{{ -9223372036854775807 - 1 | abs }}{{ 9223372036854775808 }}",
		},
		"%s has no argument": {
			"format": "{{ ('%s' * 10000) % 1 }}",
		},
	} {
		for name, source := range sources {
			checkLimit(t, name, source, want)
		}
	}
}

func checkLimit(t *testing.T, name, source, want string) {
	t.Helper()
	var limits Limits
	switch {
	case name == "shared, printed": // ends by the clock alone
		limits.Time = maxTime / 20
	case want == "does too much work":
		limits.Steps = maxSteps / 8
	}
	start := time.Now()
	p, err := Parse("t.jinja", source)
	if err == nil {
		_, err = p.Run(nil, goldenNow, limits)
	}
	if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "t.jinja:") {
		t.Errorf("%s: error %v, want %q", name, err, want)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("%s took %v", name, d)
	}
}

// TestDefaultLimits checks that a run without limits has those of the comment,
// and that each one given counts.
func TestDefaultLimits(t *testing.T) {
	if got := (Limits{}).orDefault(); got != (Limits{Steps: 4_000_000, Output: 64 << 20, Time: 5 * time.Second}) {
		t.Errorf("the defaults are %+v", got)
	}
	p, err := Parse("t", "{% for a in range(1000) %}{{ 'xxxxxxxxxx' }}{% endfor %}")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		limits Limits
		want   string
	}{
		{Limits{}, ""},
		{Limits{Output: 10_000}, ""},
		{Limits{Output: 9_999}, "more than 9999 bytes of output"},
		{Limits{Steps: 10_000}, ""},
		{Limits{Steps: 1_500}, "does too much work"},
		{Limits{Steps: 500}, "does too much work"},
	} {
		out, err := p.Run(nil, goldenNow, c.limits)
		switch {
		case c.want == "" && (err != nil || len(out.Text) != 10_000):
			t.Errorf("%+v: %d bytes, %v", c.limits, len(out.Text), err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%+v: error %v, want %q", c.limits, err, c.want)
		}
	}
	p, err = Parse("t", "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(nil, goldenNow, Limits{}); err == nil || !strings.Contains(err.Error(), "does too much work") {
		t.Errorf("without limits: %v", err)
	}
}

// TestDeepValue checks that a value deeper than what is written does no harm.
func TestDeepValue(t *testing.T) {
	p, err := Parse("t", "{% set ns = namespace(s=[], t=[]) %}{% for a in range(50000) %}{% set ns.s = [ns.s] %}{% set ns.t = [ns.t] %}{% endfor %}{{ ns.s == ns.t }}{{ (ns.s | string | length) > 100 }}")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := p.Run(nil, goldenNow, Limits{}); err != nil || out.Text != "FalseTrue" {
		t.Errorf("%q, %v", out.Text, err)
	}
}
