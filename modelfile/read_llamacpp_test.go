package modelfile

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// TestReadsLlamaCpp: files that llama.cpp quantizes from ours, mixtures of
// formats among them, have the same numbers here: our logits are to the bit
// those of the same file decoded to F32 by llama.cpp.
func TestReadsLlamaCpp(t *testing.T) {
	o := startOracle(t)
	for i, kind := range []string{model.Llama, model.Mixtral, model.Qwen2, model.Qwen3, model.Qwen3MoE, model.OLMoE} {
		rng := rand.New(rand.NewPCG(uint64(i), 77))
		dir, cfg := ourModel(t, kind, true, rng)
		plain := filepath.Join(dir, "plain.gguf")
		writeAs(t, dir, dir, plain, tensor.DTypeF32)
		tokens := make([]int32, 20)
		for j := range tokens {
			tokens[j] = int32(rng.IntN(cfg.VocabSize))
		}
		for _, format := range []string{"F16", "BF16", "Q8_0", "Q4_0", "Q4_K_S", "Q4_K_M", "Q5_K_S", "Q5_K_M", "Q6_K", "MXFP4_MOE"} {
			t.Run(fmt.Sprint(kind, " ", format), func(t *testing.T) {
				p := *o
				p.t = t
				file, decoded := filepath.Join(dir, format+".gguf"), filepath.Join(dir, format+"-decoded.gguf")
				p.quantize(plain, file, format)
				p.quantize(file, decoded, "F32")
				got, want := runOn(t, file, tokens), runOn(t, decoded, tokens)
				if !slices.Equal(got, want) {
					e, norm := apart(t, got, want)
					t.Errorf("%g of %g away from the decoded file", e, norm)
				}
			})
		}
	}
}
