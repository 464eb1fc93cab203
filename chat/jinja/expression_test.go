package jinja

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

// goldenNow is the time of testdata/expressions.py.
var goldenNow = time.Date(2025, 3, 9, 14, 5, 7, 0, time.UTC)

func readJSONFile(t testing.TB, path string, v any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// goldenVariables are what the expressions of testdata see; all their strings
// have the source 0.
func goldenVariables(t testing.TB) map[string]Value {
	t.Helper()
	var in struct{ Variables map[string]json.RawMessage }
	readJSONFile(t, "testdata/expressions.json", &in)
	variables := map[string]Value{}
	for name, data := range in.Variables {
		v, err := ParseJSON(data, 0)
		if err != nil {
			t.Fatal(err)
		}
		variables[name] = v
	}
	return variables
}

// TestExpressions compares the interpreter with jinja2 itself, expression by
// expression: the same text, or an error where jinja2 has one.
func TestExpressions(t *testing.T) {
	variables := goldenVariables(t)
	var golden []struct{ Source, Text, Error string }
	readJSONFile(t, "testdata/expressions_golden.json", &golden)
	if len(golden) < 150 {
		t.Fatalf("only %d expressions", len(golden))
	}
	for _, g := range golden {
		var out Output
		p, err := Parse("t", g.Source)
		if err == nil {
			out, err = p.Run(variables, goldenNow, Limits{})
		}
		switch {
		case g.Error != "" && err == nil:
			t.Errorf("%q gives %q; jinja2: %s", g.Source, out.Text, g.Error)
		case g.Error == "" && err != nil:
			t.Errorf("%q: %v; jinja2 gives %q", g.Source, err, g.Text)
		case g.Error == "" && out.Text != g.Text:
			t.Errorf("%q gives\n%q; jinja2 gives\n%q", g.Source, out.Text, g.Text)
		}
	}
}
