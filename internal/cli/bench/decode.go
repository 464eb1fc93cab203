package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// decodeShape is a mixture of experts whose weights exceed the caches: 121
// million parameters, and with Quick a fifth of that.
func decodeShape(quick bool) *model.Config {
	cfg := defaultConfig(model.Qwen3MoE)
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = 16384, 512, 4
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 8, 8, 64
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 16, 2, 1024
	cfg.NormTopKProb = true
	cfg.MaxPositions = 2048
	if quick {
		cfg.VocabSize, cfg.NumLayers, cfg.MoEIntermediateSize = 4096, 2, 512
	}
	return cfg
}

// Decode measures generation at batch 1, token by token, beside the speed at
// which the machine reads memory: all weights that work on a token have to be
// read for it.
func Decode(ctx context.Context, o Options) error {
	cfg := decodeShape(o.Quick)
	m, err := model.New(cfg, 1)
	if err != nil {
		return err
	}
	numTokens := 16
	var values, limits, rates []float64
	buffer := readBuffer(o.Quick)
	engine := infer.NewEngine(m, infer.Options{})
	defer engine.Close()
	prompt := make([]int32, 32)
	for range o.repeats() + 1 {
		before := kernel.ReadBandwidth(buffer)
		seconds, err := decodeTime(ctx, engine, prompt, numTokens)
		if err != nil {
			return err
		}
		values = append(values, bytesPerToken(cfg, len(prompt)+numTokens/2)/seconds)
		rates = append(rates, 1/seconds)
		limits = append(limits, (before+kernel.ReadBandwidth(buffer))/2)
	}
	total, active := cfg.Params()
	o.emit(Result{
		Name: fmt.Sprintf("decode %dM, batch 1", total/1e6), Unit: "B/s", LimitOf: limitRead,
		Detail: map[string]float64{
			"tokens per second": median(rates[1:]), "active parameters": float64(active), "parameters": float64(total),
		},
	}, values[1:], limits[1:]) // the first repeat warms up
	return nil
}

// decodeTime returns the seconds that a token takes after the first.
func decodeTime(ctx context.Context, e *infer.Engine, prompt []int32, numTokens int) (float64, error) {
	var start time.Time
	_, err := e.Generate(ctx, infer.Request{Prompt: prompt, MaxTokens: numTokens + 1}, func(infer.Token) bool {
		if start.IsZero() {
			start = time.Now()
		}
		return false
	})
	return time.Since(start).Seconds() / float64(numTokens), err
}

// bytesPerToken is what one decoding step reads: the bf16 weights on the
// token's path and the cached keys and values.
func bytesPerToken(cfg *model.Config, position int) float64 {
	_, active := cfg.Params()
	return 2*float64(active) + float64(model.CacheBytes(cfg, model.CacheBF16, position))
}

// readBuffer is memory beyond the caches, to measure the streaming read on.
func readBuffer(quick bool) []tensor.BF16 {
	buffer := normals(1 << 20)
	for len(buffer) < 1<<27 && !quick || len(buffer) < 1<<25 {
		buffer = append(buffer, buffer...)
	}
	return buffer
}
