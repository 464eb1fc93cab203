package jinja

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzJinja runs any program: it must end, without a fault of the interpreter,
// and say of its output where it came from.
func FuzzJinja(f *testing.F) {
	paths, _ := filepath.Glob("../testdata/templates/*.jinja")
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
	variables := goldenVariables(f)
	f.Fuzz(func(t *testing.T, source string) {
		p, err := Parse("t", source)
		if err != nil {
			return
		}
		out, err := p.Run(variables, goldenNow, Limits{})
		if err != nil && strings.Contains(err.Error(), "internal error") {
			t.Error(err)
		}
		end := 0
		for _, m := range out.Marks {
			if m.From < end || m.To <= m.From || m.To > len(out.Text) || m.Source != 0 {
				t.Errorf("marks %v of %d bytes", out.Marks, len(out.Text))
			}
			end = m.To
		}
		for _, g := range out.Generated {
			if g[0] > g[1] || g[1] > len(out.Text) {
				t.Errorf("generated %v of %d bytes", out.Generated, len(out.Text))
			}
		}
	})
}
