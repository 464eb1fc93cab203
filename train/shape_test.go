package train

import (
	"strings"
	"testing"
)

// TestShape: the shape of a recipe is known without its data.
func TestShape(t *testing.T) {
	for path, want := range map[string]int64{"../recipes/moe-226m.yaml": 226_567_680, "../recipes/vision.yaml": 17_416_960} {
		r, err := ReadRecipe(path)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := r.Shape()
		if err != nil {
			t.Fatal(err)
		}
		if total, _ := cfg.Params(); total != want {
			t.Errorf("%s: %d parameters, want %d", path, total, want)
		}
		if cfg.MaxPositions != max(r.Model.Context, r.Batch.Sequence) {
			t.Errorf("%s: %d positions", path, cfg.MaxPositions)
		}
		if (cfg.Vision != nil) != strings.Contains(path, "vision") {
			t.Errorf("%s: tower %v", path, cfg.Vision)
		}
	}
	r := DefaultRecipe()
	r.Model.From = "missing"
	if _, err := r.Shape(); err == nil || !strings.Contains(err.Error(), "model.from") {
		t.Errorf("a model that is missing: %v", err)
	}
}
