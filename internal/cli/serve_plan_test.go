package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// TestShrinkCaches: where four long windows have no room, fewer do; where one has
// none, the error says which window has.
func TestShrinkCaches(t *testing.T) {
	cfg, err := model.Default(model.Qwen3)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize = 64, 32, 2, 32
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim, cfg.MaxPositions = 16, 16, 128, 131072
	weights, err := model.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := weights.Save(dir, model.Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	const window = 131072 * 2 * 2 * 16 * 128 * 2
	plan := func(args ...string) *servePlan {
		p := &servePlan{}
		for i := range args {
			m, err := planModel(fmt.Sprint(i), args[i], &engineFlags{batch: 8})
			if err != nil {
				t.Fatal(err)
			}
			p.models = append(p.models, m)
		}
		return p
	}
	p := plan(dir)
	if p.models[0].cache != 4*window || p.models[0].conversations != 4 {
		t.Fatalf("%+v", p.models[0])
	}
	rest := p.total() - 4*window
	for _, c := range []struct{ windows, want int64 }{{5, 4}, {4, 4}, {3, 3}, {1, 1}, {0, 1}} {
		p := plan(dir)
		p.available = rest + c.windows*window + 1000
		p.shrinkCaches()
		m := p.models[0]
		if m.cache != c.want*window || m.conversations != c.want {
			t.Errorf("room for %d windows: %d of them in %d bytes", c.windows, m.conversations, m.cache)
		}
		if err := p.fits(); (err == nil) != (c.windows > 0) {
			t.Errorf("room for %d windows: %v", c.windows, err)
		}
	}
	p = plan(dir)
	p.available = rest + window/2 + 1000
	p.shrinkCaches()
	err = p.fits()
	if err == nil || !strings.Contains(err.Error(), "keys and values 2.0 GiB (1 x 131072 tokens x 16.0 KiB)") || !strings.HasSuffix(err.Error(), "; --window 65536 has room") {
		t.Error(err)
	}
	// Two models give way together, and what --cache says stays.
	p = plan(dir, dir)
	p.available = p.total() - 3*window
	p.shrinkCaches()
	if p.models[0].conversations != 2 || p.models[1].conversations != 2 || p.fits() != nil {
		t.Errorf("%+v", p.models)
	}
	e := &engineFlags{batch: 8, cache: 3 * window}
	m, err := planModel("x", dir, e)
	if err != nil {
		t.Fatal(err)
	}
	p = &servePlan{models: []plannedModel{m}, available: 1}
	if p.shrinkCaches(); p.models[0].cache != 3*window {
		t.Errorf("%+v", p.models[0])
	}
}
