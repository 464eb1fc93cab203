package plan

import (
	"encoding/json"
	"os"
	"testing"
)

// TestConfigCounts: a model read from its config.json has as many parameters as
// transformers gives it; testdata/count_parameters.py says which version.
func TestConfigCounts(t *testing.T) {
	data, err := os.ReadFile("testdata/parameters.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Config     json.RawMessage
		Parameters int64
		Name       string // of one that is built in
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range cases {
		var kind struct {
			ModelType string `json:"model_type"`
		}
		if err := json.Unmarshal(c.Config, &kind); err != nil {
			t.Fatal(err)
		}
		seen[kind.ModelType] = true
		r := &reader{}
		if err := json.Unmarshal(c.Config, &r.fields); err != nil {
			t.Fatal(err)
		}
		m := r.model()
		if r.err != nil {
			t.Errorf("%s: %v", c.Config, r.err)
			continue
		}
		if err := m.Validate(); err != nil {
			t.Errorf("%s: %v", c.Config, err)
			continue
		}
		if c.Name != "" {
			sameShape(t, c.Name, m)
		}
		if got := m.Params().Total; got != c.Parameters {
			t.Errorf("%s: %d parameters, transformers has %d (%+d)", c.Config, got, c.Parameters, got-c.Parameters)
		}
	}
	for kind := range families {
		if !seen[kind] && kind != "gemma3" && kind != "kimi_k2" && kind != "ministral3" {
			t.Errorf("no case of %s", kind)
		}
	}
}

// sameShape: the model that is built in and the one of a config.json differ in
// nothing that is counted.
func sameShape(t *testing.T, name string, read *Model) {
	t.Helper()
	own := builtin(t, name)
	p, q := own.Params(), read.Params()
	if p.Total != q.Total || p.Active != q.Active || own.KVBytes(100000, BF16) != read.KVBytes(100000, BF16) ||
		own.FLOPsAt(100000).Total != read.FLOPsAt(100000).Total {
		t.Errorf("%s: built in %d total, %d active, %g of cache; its config.json gives %d, %d, %g", name,
			p.Total, p.Active, own.KVBytes(100000, BF16), q.Total, q.Active, read.KVBytes(100000, BF16))
	}
}
