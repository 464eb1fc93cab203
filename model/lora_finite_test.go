package model

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// TestAdapterNotFinite: an adapter with a number that is not finite, or that
// makes one of the weights, is an error that names the tensor.
func TestAdapterNotFinite(t *testing.T) {
	full := newModel(t, small(t, Llama))
	base, err := full.Weights()
	if err != nil {
		t.Fatal(err)
	}
	const module = "model.layers.0.self_attn.q_proj"
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		value  float32
		merged string // what is not finite
		loads  bool
	}{{inf, "lora_A", false}, {-inf, "lora_A", false}, {inf - inf, "lora_A", false}, {3e38, module, true}, {1, "", true}} {
		a, b := make([]float32, 4*40), make([]float32, 48*4)
		for i := range b {
			b[i] = 1
		}
		a[7], a[47] = c.value, c.value
		dir := t.TempDir()
		write(t, filepath.Join(dir, adapterConfigName), `{"peft_type": "LORA", "r": 4, "lora_alpha": 8}`)
		if _, err := safetensors.Write(filepath.Join(dir, adapterWeightsName), []*tensor.Tensor{
			tensor.FromF32(adapterPrefix+module+".lora_A.weight", a, 4, 40), tensor.FromF32(adapterPrefix+module+".lora_B.weight", b, 48, 4),
		}, nil); err != nil {
			t.Fatal(err)
		}
		if err := fixed(full).LoadAdapter(dir, false); (err == nil) != c.loads || err != nil && !strings.Contains(err.Error(), "lora_A.weight: number 7 is ") {
			t.Errorf("%v: %v", c.value, err)
		}
		w, err := MergeAdapter(t.Context(), base, dir)
		if err == nil {
			_, err = w.Tensor(module + ".weight")
		}
		if (err == nil) != (c.merged == "") || err != nil && (!strings.Contains(err.Error(), c.merged) || !strings.Contains(err.Error(), "finite")) {
			t.Errorf("%v merged: %v", c.value, err)
		}
	}
}
