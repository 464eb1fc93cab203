package quantize

import (
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/tensor"
)

// TestSeeing: of a model that sees the decoder is quantized as it would be alone,
// and the tower stays as it is in bf16.
func TestSeeing(t *testing.T) {
	blind := tiny(t, model.Qwen3MoE, 64)
	cfg := *blind.Config()
	v := vision.Default()
	v.ImageSize, v.PatchSize, v.HiddenSize, v.IntermediateSize = 24, 8, 36, 40
	v.NumLayers, v.NumHeads, v.ImageTokenID = 2, 3, 95
	cfg.Vision = &v
	seeing, err := model.New(&cfg, 7)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range blind.Params() {
		copy(seeing.Params()[i].Master, p.Master)
	}
	seeing.Sync()
	calibration := texts(2, 60)
	for _, text := range calibration {
		for i := range text {
			text[i] %= 95 // no image token
		}
	}
	o := Options{Method: AWQGPTQ, Precision: Uniform(tensor.DTypeQ4_0), Texts: calibration}
	got, want := mustQuantize(t, seeing, o), mustQuantize(t, blind, o)
	source, err := seeing.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range got.Weights.Tensors() {
		a, err := got.Weights.Tensor(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Role != model.RoleVision {
			b, err := want.Weights.Tensor(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			if a.DType != b.DType || !slices.Equal(a.Data, b.Data) {
				t.Errorf("%s is not what it is in the decoder alone", info.Name)
			}
			continue
		}
		b, err := source.Tensor(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		same := a.DType == tensor.DTypeBF16 && slices.Equal(a.Shape, b.Shape)
		for i, x := range b.F32() {
			same = same && a.BF16()[i] == tensor.FromFloat32(x)
		}
		if !same {
			t.Errorf("%s is not the source's in bf16", info.Name)
		}
	}
	calibration[0][7] = 95
	if _, err := quantizeTiny(t, t.Context(), seeing, o); err == nil || !strings.Contains(err.Error(), "image tokens") {
		t.Errorf("a text with an image token: %v", err)
	}
}
