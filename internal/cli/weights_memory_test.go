package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
)

// TestShrink: where memory is a little short, the weights take less; where that
// does not help, nothing changes and the plan is refused as before.
func TestShrink(t *testing.T) {
	par.SetThreads(1) // each has a buffer, and the model is small
	defer par.SetThreads(0)
	cfg, err := model.Default(model.Qwen3MoE)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = 64, 32, 6
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim, cfg.MaxPositions = 4, 2, 16, 128
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 8, 2, 32
	weights, err := model.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := weights.Save(dir, model.Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	e := &engineFlags{batch: 2}
	p, err := planServe([]string{dir, "other=" + dir}, e)
	if err != nil {
		t.Fatal(err)
	}
	whole, all := p.total(), p.models[0].all
	if p.models[0].limit != 0 || p.models[0].weights != all || all == 0 {
		t.Fatalf("%+v", p.models[0])
	}
	p.available = whole - 10<<20
	if err := p.shrink(); err != nil || p.models[0].limit != 0 || p.fits() == nil {
		t.Errorf("10 MiB short: %v, %+v", err, p.models[0])
	}
	p.available = whole - 2*(all-p.models[0].least)/2
	if err := p.shrink(); err != nil {
		t.Fatal(err)
	}
	for _, m := range p.models {
		if m.limit == 0 || m.limit >= all || m.weights > m.limit {
			t.Errorf("%+v", m)
		}
	}
	if err := p.fits(); err != nil {
		t.Error(err)
	}
	var out strings.Builder
	p.print(&out)
	if !strings.Contains(out.String(), "the others are read when they are needed") {
		t.Errorf("%s", out.String())
	}
	e.weights = byteSize(p.models[0].least)
	if p, err = planServe([]string{dir}, e); err != nil || p.models[0].limit != int64(e.weights) || p.models[0].weights > p.models[0].limit {
		t.Errorf("%v", err)
	}
}
