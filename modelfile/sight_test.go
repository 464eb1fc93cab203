package modelfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/tensor"
)

// seeingConfig is smallConfig with a tower.
func seeingConfig(t testing.TB, kind string) *model.Config {
	cfg := smallConfig(t, kind)
	v := vision.Default()
	v.ImageSize, v.PatchSize, v.HiddenSize, v.IntermediateSize = 24, 8, 36, 40
	v.NumLayers, v.NumHeads, v.ImageTokenID = 2, 3, 5
	cfg.Vision = &v
	return cfg
}

// TestConvertSeeing: directories of models that see are converted, described and
// verified with all that they see with; a GGUF file of one is refused by name.
func TestConvertSeeing(t *testing.T) {
	cfg := seeingConfig(t, model.Qwen3MoE)
	src, base := saveSmall(t, cfg), t.TempDir()
	total, _ := cfg.Params()
	for name, o := range map[string]Options{
		"same": {}, "half": {DType: tensor.DTypeF16}, "full": {DType: tensor.DTypeF32}, "shards": {MaxShardBytes: 300_000},
	} {
		dst := filepath.Join(base, name)
		result := convert(t, src, dst, o)
		if result.Compare == nil || !result.Compare.Exact && name != "half" || result.Compare.Tokens == 0 {
			t.Errorf("%s: %+v", name, result.Compare)
		}
		for _, file := range []string{"preprocessor_config.json", "processor_config.json"} {
			if string(mustRead(t, filepath.Join(src, file))) != string(mustRead(t, filepath.Join(dst, file))) {
				t.Errorf("%s: another %s", name, file)
			}
		}
		checked, err := Verify(t.Context(), dst, nil)
		if err != nil || checked.Weights != total {
			t.Errorf("%s: %+v, %v; there are %d weights", name, checked, err, total)
		}
		d, err := Inspect(dst)
		if err != nil {
			t.Fatal(err)
		}
		last := d.Parts[len(d.Parts)-1]
		tower, projector := cfg.Vision.Params(cfg.HiddenSize)
		if last.Role != "vision" || last.Weights != tower+projector || d.Parameters != total || d.Memory.Weights == 0 {
			t.Errorf("%s: %+v of %d parameters", name, last, d.Parameters)
		}
	}
	_, err := NewConversion(src, filepath.Join(base, "m.gguf"), Options{})
	if err == nil || !strings.Contains(err.Error(), "vision_config") || !strings.Contains(err.Error(), src) {
		t.Errorf("as GGUF: %v", err)
	}
	damaged := filepath.Join(base, "half", "preprocessor_config.json")
	if err := os.WriteFile(damaged, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), filepath.Join(base, "half"), nil); err == nil || !strings.Contains(err.Error(), damaged) {
		t.Errorf("a file that was changed: %v", err)
	}
}
