package plan

import (
	"math"
	"testing"
)

// TestReported: each model gives the figures that were published of it, within
// the digits of the publication.
func TestReported(t *testing.T) {
	for _, name := range Names() {
		m, err := Builtin(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if m.Title == "" || m.Source == "" {
			t.Errorf("%s has no title or source", name)
		}
		for _, r := range m.Reported {
			got, what, ok := m.Of(r)
			if !ok {
				t.Errorf("%s: no figure %s", name, r.What)
				continue
			}
			t.Logf("%-18s %-26s reported %-14.6g computed %-14.6g", name, r.What, r.Value, got)
			if math.Abs(got-r.Value) > r.Within || r.Source == "" {
				t.Errorf("%s: %s (%s): reported %g within %g (%s), computed %g", name, r.What, what, r.Value, r.Within, r.Source, got)
			}
		}
	}
}
