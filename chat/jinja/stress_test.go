package jinja

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// filterChains are n filters and a test, m times: each list of them is short.
func filterChains(n, m int) string { return strings.Repeat(strings.Repeat("|e", n)+" is none", m) }

// TestNesting checks that no expression fills the stack, which would end the
// process: what nests is counted over all kinds of links, and over calls.
func TestNesting(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(64 << 20))
	macro := func(body string) string {
		return "{% macro m(x) %}{{ " + body + " }}{% endmacro %}{{ m(1) }}"
	}
	parens := "m(x)"
	for range 50 {
		parens = "(" + parens + filterChains(10, 2) + ")"
	}
	for want, sources := range map[string]map[string]string{
		"an expression is too long": {
			"filters and tests":     macro("m(x)" + filterChains(1000, 450)),
			"filters of one kind":   "{{ x" + filterChains(100, 11) + " }}",
			"in parentheses":        macro(parens),
			"operators and filters": "{{ x" + strings.Repeat("|e ~ x", 501) + " }}",
			"operators of all":      "{{ x" + strings.Repeat(" + x ~ x * x or x", 251) + " }}",
			"subscripts":            "{{ x" + strings.Repeat(".a[0]()", 334) + " }}",
			"an argument":           "{{ x|d(x" + strings.Repeat("|e", 999) + ")|e }}",
			"an index":              "{{ x[x" + strings.Repeat("|e", 999) + "]|e }}",
		},
		"expressions nested deeper than 10000": {
			"macros":        macro("m(x)" + strings.Repeat("|e", 990)),
			"nested map":    "{% set ns = namespace(s=[1]) %}{% for i in range(20000) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s | map('map'" + strings.Repeat(", 'map'", 20000) + ") }}",
			"caller":        "{% macro m(x) %}{% call m(x) %}{% endcall %}{{ (m(x)" + strings.Repeat("|d", 990) + ") }}{% endmacro %}{% macro n() %}{{ n()" + strings.Repeat("|d", 990) + " }}{% endmacro %}{{ n() }}",
			"deep defaults": "{% macro m(x=m()" + strings.Repeat("|d", 990) + ") %}{% endmacro %}{{ m() }}",
		},
	} {
		for name, source := range sources {
			checkLimit(t, name, source, want)
		}
	}
}

// TestLongExpressions checks that links beside one another are not added up.
func TestLongExpressions(t *testing.T) {
	for _, source := range []string{
		"{{ [" + strings.Repeat("x|e|e, ", 2000) + "]|length }}",
		"{{ {'a': [" + strings.Repeat("x.a|d, ", 2000) + "]}|length }}",
		strings.Repeat("{{ x|e|e }}", 2000),
		"{{ x" + strings.Repeat("|e", 1000) + " }}",
		"{{ x" + strings.Repeat("|d(x|d)", 999) + " }}",
		"{% macro m(n) %}{% if n %}{{ m(n - 1)" + strings.Repeat("|d", 150) + " }}{% endif %}{% endmacro %}{{ m(49) }}",
	} {
		p, err := Parse("t", source)
		if err == nil {
			_, err = p.Run(map[string]Value{"x": String("")}, goldenNow, Limits{})
		}
		if err != nil {
			t.Errorf("%.60s…: %v", source, err)
		}
	}
}

// tooMuch has templates that want too much work or memory, by an operation or by
// cheap ones in a loop. The text c is a character that came from a message.
var tooMuch = map[string]string{
	"max":                "{{ (['A' * 10000000] * 10000) | max }}",
	"min":                "{{ (['A' * 10000000] * 10000) | min }}",
	"list as key":        "{% set l = ['a' * 16000000] %}{% for i in range(100000) %}{% for j in range(100) %}{% set y = l[l] %}{% endfor %}{% endfor %}",
	"is lower":           "{% set a = 'a' * 10000000 %}{% for i in range(100000) %}{% set y = a is lower %}{% endfor %}",
	"is upper":           "{% set a = 'a' * 10000000 %}{% for i in range(100000) %}{% set y = a is upper %}{% endfor %}",
	"is upper of a list": "{% set a = ['a' * 10000000] %}{% for i in range(100000) %}{% set y = a is upper %}{% endfor %}",
	"is filter":          "{% set a = 'a' * 60000000 %}{% for i in range(100000) %}{% set y = a is filter %}{% endfor %}",
	"repr":               "{% set l = ['a' * 16000000] %}{% for i in range(100000) %}{% set y = '%r' % l %}{% endfor %}",
	"sort":               "{{ (['A' * 1000000] * 100000) | sort | length }}",
	"sort of keys":       "{{ ([{'k': 'A' * 1000000}] * 50000) | sort(attribute='k') | length }}",
	"unique":             "{{ (['A' * 1000000] * 100000) | unique | length }}",
	"split":              "{{ (',' * 30000000).split(',') | length }}",
	"rsplit":             "{{ (',' * 30000000).rsplit(',') | length }}",
	"splitlines":         "{{ ('\\n' * 30000000).splitlines() | length }}",
	"words":              "{{ ('a ' * 15000000).split() | length }}",
	"marks":              "{{ (c ~ '-') * 30000000 }}",
	"joined marks":       "{{ ([c ~ '-'] * 250000) | join((c ~ '-') * 1000) }}",
	"replaced by marks":  "{{ ('a' * 100000) | replace('a', (c ~ '-') * 1000) }}",
	"long keys":          "{% set k = 'a' * 60000000 %}{% set d = {k: 1} %}{% for i in range(100000) %}{% set y = d[k] %}{% set z = k in d %}{% endfor %}",
	"long texts":         "{% set k = 'a' * 30000000 %}{% set l = k ~ 'b' %}{% set m = k ~ 'c' %}{% for i in range(100000) %}{% set y = l == m %}{% endfor %}",
	"ordered texts":      "{% set k = 'a' * 30000000 %}{% set l = k ~ 'b' %}{% set m = k ~ 'c' %}{% for i in range(100000) %}{% set y = l < m %}{% endfor %}",
	"long needle":        "{{ ('a' * 30000000 ~ 'b') in ('a' * 60000000) }}",
	"affixes":            "{% set k = 'a' * 30000000 %}{% set l = k ~ 'b' %}{% set m = k ~ 'c' %}{{ l.startswith(([(m, m)] * 1000) | sum(start=())) }}",
	"names":              "{% set " + names(20000) + " = range(20000) %}",
	"parameters":         "{% macro m(" + names(20000) + ") %}{% endmacro %}{{ m() }}",
	"reversed":           "{% set l = range(100000) | list %}{% set l = l + l + l + l %}{% for i in range(10000) %}{% set y = l | reverse %}{% endfor %}",
	"empty macros":       "{% for i in range(100000) %}" + strings.Repeat("{% macro m() %}{% endmacro %}", 5000) + "{% endfor %}",
	"strftime":           "{{ strftime_now('%c' * 30000000) | length }}",
	"joining":            "{% set ns = namespace(s='xxxxxxxx') %}{% for a in range(24) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
}

func names(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%d,", i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// linear has templates whose work is within the limits if an operation's is linear
// in its texts.
var linear = map[string]string{
	"strip":           "{{ ('a' * 5000000).strip('b' * 5000000 ~ 'a') }}",
	"trim":            "{{ ('a' * 5000000) | trim('b' * 5000000 ~ 'a') }}",
	"split at marks":  "{{ ((c ~ ',') * 1000000).split(',') | length }}",
	"rsplit at marks": "{{ ((c ~ ',') * 1000000).rsplit(',') | length }}",
	"marked lines":    "{{ ((c ~ '\\n') * 1000000).splitlines() | length }}",
	"words at marks":  "{{ ((c ~ ' ') * 1000000).split() | length }}",
	"attribute":       "{{ [{}] | map(attribute='.' * 60000000) | list }}",
}

// TestWork runs templates without the help of the clock: each must end soon, and
// before it takes much memory.
func TestWork(t *testing.T) {
	for name, source := range tooMuch {
		t.Run(name, func(t *testing.T) {
			if err := checkWork(t, source, maxSteps/2, 1<<30); err == nil || !strings.Contains(err.Error(), "does too much work") {
				t.Errorf("error %v", err)
			}
		})
	}
	for name, source := range linear {
		t.Run(name, func(t *testing.T) {
			if err := checkWork(t, source, maxSteps, 1<<30); err != nil && name != "attribute" {
				t.Error(err)
			}
		})
	}
}

func checkWork(t *testing.T, source string, steps int, memory uint64) error {
	t.Helper()
	p, err := Parse("t", source)
	if err != nil {
		t.Fatal(err)
	}
	start, before := time.Now(), allocated()
	_, err = p.Run(map[string]Value{"c": Marked("c", 0)}, goldenNow, Limits{Steps: steps, Time: time.Hour})
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
	if bytes := allocated() - before; bytes > memory {
		t.Errorf("allocates %d MB", bytes>>20)
	}
	return err
}

// allocated is the bytes that were ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
