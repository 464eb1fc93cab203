package polymath_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/model"
)

// TestWithAdapter: an adapter changes the text and what identifies the model,
// and one that is missing or made for another shape is an error that names it.
func TestWithAdapter(t *testing.T) {
	dir := random(t, nil)
	m, err := model.Load(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.AddAdapter(model.AdapterConfig{Rank: 4, Alpha: 64, Targets: model.AdapterTargets()}, 1); err != nil {
		t.Fatal(err)
	}
	for _, p := range m.AdapterParams() {
		for i := range p.Master {
			p.Master[i] += float32(i%7-3) / 20
		}
	}
	adapter := filepath.Join(t.TempDir(), "adapter")
	if err := m.SaveAdapter(adapter, dir, model.Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	write := func(options ...polymath.Option) (string, polymath.Info) {
		m, err := polymath.Open(dir, options...)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		r, err := m.Generate(t.Context(), "hello", polymath.GenerateOptions{MaxTokens: 20})
		if err != nil {
			t.Fatal(err)
		}
		return r.Text, m.Info()
	}
	plain, before := write()
	changed, after := write(polymath.WithAdapter(adapter))
	again, _ := write(polymath.WithAdapter(adapter), polymath.WithPrefillChunk(2))
	if plain == changed || changed != again {
		t.Errorf("%q, with the adapter %q and %q", plain, changed, again)
	}
	if before.Fingerprint == after.Fingerprint || len(after.Fingerprint) != 64 || after.Adapter != adapter {
		t.Errorf("%+v and %+v", before, after)
	}
	for _, wrong := range []string{dir, filepath.Join(dir, "nothing")} {
		if _, err := polymath.Open(dir, polymath.WithAdapter(wrong)); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
