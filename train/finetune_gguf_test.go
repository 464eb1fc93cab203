package train

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/tensor"
)

// TestFinetuneGGUF: a quantized GGUF file is a base like another. With an adapter
// it gives the bits of the directory that it decodes to, and in full too: what is
// trained is the decoded model, and what is written a directory of bf16.
func TestFinetuneGGUF(t *testing.T) {
	f, err := makeFixture()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	shape := DefaultRecipe().Model
	shape.VocabSize, shape.HiddenSize, shape.Layers, shape.Heads = 320, 64, 2, 2
	shape.Experts, shape.ExpertsPerToken, shape.ExpertSize, shape.Context = 4, 2, 32, 512
	cfg, err := shape.config()
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	start, quantized, decoded := filepath.Join(dir, "start"), filepath.Join(dir, "q8.gguf"), filepath.Join(dir, "decoded")
	if err := m.Save(start, model.Provenance{}, map[string][]byte{"tokenizer.json": mustRead(t, f.tokenizer)}); err != nil {
		t.Fatal(err)
	}
	if _, err := modelfile.Convert(t.Context(), start, quantized, modelfile.Options{DType: tensor.DTypeQ8_0}); err != nil {
		t.Fatal(err)
	}
	if _, err := modelfile.Convert(t.Context(), quantized, decoded, modelfile.Options{DType: tensor.DTypeBF16}); err != nil {
		t.Fatal(err)
	}
	for _, lora := range []bool{true, false} {
		var curves []string
		for _, from := range []string{quantized, decoded} {
			r := talkRun(t, lora)
			r.Model.From, r.Epochs, r.Steps = from, 0, 3
			run := t.TempDir()
			result := mustRun(t, r, Options{RunDir: run})
			curves = append(curves, mustCurve(t, run))
			if lora {
				continue
			}
			if _, err := os.Stat(filepath.Join(result.ModelDir, "tokenizer.json")); err != nil {
				t.Error(err)
			}
			done, err := model.Load(result.ModelDir, false)
			if err != nil {
				t.Fatal(err)
			}
			done.Close()
		}
		if lora && curves[0] != curves[1] {
			t.Errorf("an adapter on the quantized model and on the decoded one differ:\n%s\n%s", curves[0], curves[1])
		}
	}
}
