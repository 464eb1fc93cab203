package plan

import (
	"math"
	"strings"
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

// TestUnknownName: the error says which name may have been meant.
func TestUnknownName(t *testing.T) {
	for name, want := range map[string]string{
		"mixtral": "did you mean mixtral-8x22b or mixtral-8x7b?", "gpt4": "did you mean gpt-4?", "unheard-of-model": "plan list",
	} {
		if _, err := Builtin(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// TestReportOfAll: a report of each model has every part, and its windows grow.
func TestReportOfAll(t *testing.T) {
	for _, name := range Names() {
		m := builtin(t, name)
		r := m.Report(Options{})
		if (r.Dense() != nil) != (m.Experts != nil) || (r.Params.MixtureText(m) != "") != (m.Experts != nil) {
			t.Errorf("%s: a comparison with a dense model is for mixtures", name)
		}
		for i := 1; i < len(r.Windows); i++ {
			a, b := r.Windows[i-1], r.Windows[i]
			if a.Tokens >= b.Tokens || a.Last.Total > b.Last.Total || a.KV[0].Bytes > b.KV[0].Bytes {
				t.Errorf("%s: windows of %d and %d tokens cost %g and %g", name, a.Tokens, b.Tokens, a.Last.Total, b.Last.Total)
			}
		}
		for _, d := range r.Decode {
			if d.Total() <= 0 || d.Intensity <= 0 {
				t.Errorf("%s: decoding reads %g", name, d.Total())
			}
		}
	}
}

// TestMixtureText is the sum that is told of GPT-4.
func TestMixtureText(t *testing.T) {
	m := builtin(t, "gpt-4")
	const want = "16 experts x 111B + 55.49B of attention = 1831B; a token passes 2 x 111B + 55.49B = 277.5B"
	if got := m.Params().MixtureText(m); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
