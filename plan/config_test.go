package plan

import (
	"encoding/json"
	"math"
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
		Tokens     int    // of a text whose Operations were counted
		Operations float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	seen, counted := map[string]bool{}, 0
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
		if c.Tokens > 0 {
			sameOperations(t, m, kind.ModelType, c.Tokens, c.Operations)
			counted++
		}
		if c.Name != "" {
			sameShape(t, c.Name, m)
		}
		if got := m.Params().Total; got != c.Parameters {
			t.Errorf("%s: %d parameters, transformers has %d (%+d)", c.Config, got, c.Parameters, got-c.Parameters)
		}
	}
	if counted < 15 {
		t.Errorf("operations of %d models were compared", counted)
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

// sameOperations: torch counts what a text costs where every token sees every other:
// products with weights, and attention. Norms and biases, which it leaves out, are
// taken away; what is left must be equal but for the odd product with positions.
func sameOperations(t *testing.T, m *Model, kind string, tokens int, want float64) {
	t.Helper()
	f := m.FLOPsPerToken(2*tokens-1, false) // as many keys on average as there are tokens
	noise := 0.0
	plain := *m
	plain.Attention.Bias, plain.Attention.OutputBias, plain.Attention.QKNorm = false, false, ""
	plain.FeedForward.Bias, plain.OutputBias, plain.NormsPerLayer = false, false, 0
	noise = float64(m.Params().Active - plain.Params().Active)
	got := float64(tokens) * (f.Total - 2*noise)
	if math.Abs(got-want) > 1e-3*want {
		t.Errorf("%s: %g operations, torch counts %g (%+.2f%%)", kind, got, want, 100*(got/want-1))
	}
}
