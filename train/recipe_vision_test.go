package train

import (
	"strings"
	"testing"
)

// TestColors: what is taken from colors may be nothing, which is not the same as left out.
func TestColors(t *testing.T) {
	const tower = "model:\n  vision: {image_size: 16, patch_size: 8, hidden_size: 32, num_hidden_layers: 1, num_attention_heads: 2"
	for keys, want := range map[string][2]float32{
		"":                              {0.5, 0.5},
		", image_mean: 0":               {0, 0.5},
		", image_mean: 0, image_std: 1": {0, 1},
	} {
		r, err := ParseRecipe("r.yaml", []byte(strings.Replace(tinyRecipe, "model:", tower+keys+"}", 1)))
		if err != nil {
			t.Fatal(err)
		}
		text, err := r.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseRecipe("r.yaml", text)
		if err != nil || again.Hash() != r.Hash() {
			t.Errorf("%s\nis another recipe than the one with %q, %v", text, keys, err)
		}
		if c, err := r.Model.Vision.config(); err != nil || c.Mean[1] != want[0] || c.Std[1] != want[1] {
			t.Errorf("%q: %+v, %v", keys, c, err)
		}
	}
	for keys, want := range map[string]string{
		tower + ", image_std: 0}":                       "model.vision.image_std",
		tower + ", image_mean: 1.5}":                    "model.vision.image_mean",
		"model:\n  vision: {from: dir, image_mean: 0}":  "brings its own shape",
		"model:\n  vision: {from: dir, image_box: 512}": "",
	} {
		_, err := ParseRecipe("r.yaml", []byte(strings.Replace(tinyRecipe, "model:", keys, 1)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", keys, err, want)
		}
	}
}
