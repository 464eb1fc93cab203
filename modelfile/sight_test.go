package modelfile

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tokenizer"
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

// TestConvertWithoutWords: numbers that stand for a text have no image token, and a
// picture is compared where it fits.
func TestConvertWithoutWords(t *testing.T) {
	for _, tt := range []struct{ vocab, image, positions, tokens int }{{324, 13, 256, 31}, {324, 300, 40, 32}, {7919, 13, 256, 1}} {
		cfg := seeingConfig(t, model.Qwen3)
		cfg.VocabSize, cfg.Vision.ImageTokenID, cfg.MaxPositions = tt.vocab, tt.image, tt.positions
		m, err := model.New(cfg, 7)
		if err != nil {
			t.Fatal(err)
		}
		base := t.TempDir()
		src := filepath.Join(base, "src")
		if err := m.Save(src, model.Provenance{}, nil); err != nil {
			t.Fatal(err)
		}
		result := convert(t, src, filepath.Join(base, "dst"), Options{})
		if result.Compare == nil || !result.Compare.Exact || result.Compare.Tokens != tt.tokens {
			t.Errorf("%+v: %+v", tt, result.Compare)
		}
		text := probeTokens(src, cfg)
		batch, ids := probeBatch(cfg, text)
		if want := tt.positions > 40; len(ids) != tt.tokens || (len(batch.Patches) > 0) != want || len(batch.Tokens) > cfg.MaxPositions {
			t.Errorf("%+v: %d tokens of text, %d in all, %d numbers of patches", tt, len(ids), len(batch.Tokens), len(batch.Patches))
		}
	}
}

// TestTransformersSees: a directory of ours opens with AutoProcessor, which puts
// as many image tokens into a text as we do and makes the numbers of a picture that
// we make.
func TestTransformersSees(t *testing.T) {
	python := os.Getenv("POLYMATH_PYTHON")
	if python == "" {
		t.Skip("needs transformers: set POLYMATH_PYTHON to a Python that has it")
	}
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import transformers, torch, PIL").CombinedOutput(); err != nil {
		t.Skipf("POLYMATH_PYTHON has no transformers or no Pillow: %s", out)
	}
	tok, err := tokenizer.Train(slices.Values([][]byte{[]byte(strings.Repeat("what is this? ", 9))}), tokenizer.TrainOptions{
		VocabSize: 264, Special: []string{tokenizer.EndOfText, "<image>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := seeingConfig(t, model.Qwen3MoE)
	cfg.Vision.ImageTokenID = int(tok.EncodeSpecial("<image>")[0])
	m, err := model.New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	text, err := tok.JSON()
	if err != nil {
		t.Fatal(err)
	}
	settings, err := NewTokenizerConfig(tokenizer.EndOfText)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := m.Save(dir, model.Provenance{}, map[string][]byte{tokenizerName: text, tokenizerConfigName: settings}); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), python, "testdata/open_seeing.py", dir, "what <image> is this?").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderrOf(err))
	}
	var got struct {
		IDs     []int32
		Patches []float32
		Finite  bool
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	want := tok.Encode("what ")
	want = append(want, slices.Repeat([]int32{int32(cfg.Vision.ImageTokenID)}, cfg.Vision.Patches())...)
	want = append(want, tok.Encode(" is this?")...)
	if !slices.Equal(got.IDs, want) || !got.Finite {
		t.Errorf("tokens %v, want %v; finite: %v", got.IDs, want, got.Finite)
	}
	size := cfg.Vision.ImageSize
	p := &picture.Picture{Width: size, Height: size, Pix: make([]byte, 3*size*size)}
	for i := range p.Pix {
		p.Pix[i] = byte(7 * i)
	}
	ours := picture.NewScale(cfg.Vision.Mean, cfg.Vision.Std, func(x float32) float32 { return x }).Patches(nil, p, cfg.Vision.PatchSize)
	for i, x := range ours {
		if len(got.Patches) != len(ours) || math.Abs(float64(x-got.Patches[i])) > 1e-6 {
			t.Fatalf("number %d of %d is %v; transformers has %d", i, len(ours), x, len(got.Patches))
		}
	}
}
