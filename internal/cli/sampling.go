package cli

import (
	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath"
)

// addSampling adds the flags that say how tokens are chosen, with the command's
// own defaults of length and temperature.
func addSampling(f *pflag.FlagSet, o *polymath.GenerateOptions, maxTokens int, temperature float32) {
	f.IntVar(&o.MaxTokens, "max-tokens", maxTokens, "length at most; 0 fills the context window")
	f.Float32Var(&o.Temperature, "temperature", temperature, "0 takes the most probable token; 1 draws as the model believes")
	f.Float32Var(&o.TopP, "top-p", 0, "draw from the most probable tokens that reach this probability together; 0 is off")
	f.IntVar(&o.TopK, "top-k", 0, "draw from this many most probable tokens; 0 is off")
	f.Float32Var(&o.MinP, "min-p", 0, "draw from tokens at least this probable relative to the best; 0 is off")
	f.Float32Var(&o.RepetitionPenalty, "repetition-penalty", 0, "above 1 makes tokens that were there less likely; 0 and 1 are off")
	f.Float32Var(&o.PresencePenalty, "presence-penalty", 0, "subtract from the logits of what the completion holds already")
	f.Float32Var(&o.FrequencyPenalty, "frequency-penalty", 0, "subtract from them once for each time")
	f.Uint64Var(&o.Seed, "seed", 0, "seed of the random choices")
}
