package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// The lengths of what Weights measures, in tokens.
const (
	weightsPrefill = 512
	weightsPrompt  = 16
	weightsDecode  = 64
)

// Weights measures models whose weights are stored in blocks: reading a prompt,
// beside the product loop, and generation at batch 1, beside the speed at which
// the machine reads the bytes that a token needs. paths are models, a GGUF file
// or a directory each; without any, models of random weights are made in memory.
func Weights(ctx context.Context, o Options, paths []string) error {
	if len(paths) == 0 {
		for _, shape := range storedShapes(o.Quick) {
			w, err := shape.random()
			if err != nil {
				return err
			}
			if err := measureWeights(ctx, o, shape.name, w); err != nil {
				return err
			}
		}
		return nil
	}
	for _, path := range paths {
		w, err := model.OpenWeights(path)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		if err := measureWeights(ctx, o, name, w); err != nil {
			return err
		}
	}
	return nil
}

// measureWeights reports one model, which it closes.
func measureWeights(ctx context.Context, o Options, name string, w *model.Weights) error {
	perToken, size := bytesOfToken(w), float64(w.SizeBytes())
	fromFile := w.Dir() != "" || w.GGUF() != nil
	if least := 2 * (weightsPrompt + weightsDecode); w.Config().MaxPositions < least {
		_ = w.Close() // the other error matters
		return fmt.Errorf("%s: a window of %d tokens is too short to measure; %d are needed", name, w.Config().MaxPositions, least)
	}
	start := time.Now()
	m, err := model.LoadWeights(w, model.LoadOptions{})
	if err != nil {
		return err
	}
	defer m.Close()
	detail := map[string]float64{"stored bytes": size, "bytes in memory": float64(m.SizeBytes())}
	if fromFile {
		detail["load, bytes per second"] = size / time.Since(start).Seconds()
	}
	engine := infer.NewEngine(m, infer.Options{MaxBatch: weightsPrefill})
	defer engine.Close()
	s := &stored{engine: engine, config: m.Config(), draw: rand.New(rand.NewPCG(1, 0)), bytesPerToken: perToken}
	if err := s.prefill(ctx, o, name, detail); err != nil {
		return err
	}
	return s.decode(ctx, o, name)
}

// stored is a model that is being measured.
type stored struct {
	engine        *infer.Engine
	config        *model.Config
	draw          *rand.Rand
	bytesPerToken float64
}

// run generates n tokens after a prompt that nobody has read before, and returns
// the seconds up to the first and from the first to the last.
func (s *stored) run(ctx context.Context, prompt, n int) (first, rest float64, err error) {
	tokens := make([]int32, prompt)
	for i := range tokens {
		tokens[i] = s.draw.Int32N(int32(s.config.VocabSize))
	}
	start := time.Now()
	var begun time.Time
	_, err = s.engine.Generate(ctx, infer.Request{Prompt: tokens, MaxTokens: n}, func(infer.Token) bool {
		if begun.IsZero() {
			begun = time.Now()
		}
		return false
	})
	return begun.Sub(start).Seconds(), time.Since(begun).Seconds(), err
}

func (s *stored) prefill(ctx context.Context, o Options, name string, detail map[string]float64) error {
	prompt := min(weightsPrefill, s.config.MaxPositions/2)
	if prompt < weightsPrefill {
		detail["tokens of the prompt"] = float64(prompt)
	}
	flops := s.config.FLOPs(prompt)
	var values, limits []float64
	for range o.weightsRepeats() + 1 {
		before := o.peak()
		seconds, _, err := s.run(ctx, prompt, 1)
		if err != nil {
			return err
		}
		values = append(values, float64(prompt)/seconds)
		limits = append(limits, (before+o.peak())/2/flops)
	}
	o.emit(Result{Name: "prefill " + name, Unit: "tokens/s", LimitOf: limitCompute, Detail: detail}, values[1:], limits[1:])
	return nil
}

func (s *stored) decode(ctx context.Context, o Options, name string) error {
	cache := float64(model.CacheBytes(s.config, model.CacheBF16, weightsPrompt+weightsDecode/2))
	buffer := readBuffer(o.Quick)
	var values, limits []float64
	for range o.weightsRepeats() + 1 { // the first repeat warms up
		before := kernel.ReadBandwidth(buffer)
		_, seconds, err := s.run(ctx, weightsPrompt, weightsDecode+1)
		if err != nil {
			return err
		}
		values = append(values, weightsDecode/seconds)
		limits = append(limits, (before+kernel.ReadBandwidth(buffer))/2/(s.bytesPerToken+cache))
	}
	o.emit(Result{
		Name: "decode " + name, Unit: "tokens/s", LimitOf: limitRead,
		Detail: map[string]float64{"bytes per token": s.bytesPerToken + cache},
	}, values[1:], limits[1:])
	return nil
}

func (o Options) weightsRepeats() int {
	if o.Quick {
		return 1
	}
	return 3
}

// bytesOfToken returns how many bytes of w, in its own formats, a token needs:
// of the experts its share, of the embedding table one row unless it is the
// head too.
func bytesOfToken(w *model.Weights) float64 {
	cfg := w.Config()
	total := 0.0
	for _, t := range w.Tensors() {
		bytes, err := tensor.SizeBytes(t.DType, t.Shape)
		if err != nil {
			panic(err) // checked when the model was opened
		}
		size := float64(bytes)
		switch {
		case t.Role == model.RoleExpert:
			size *= float64(cfg.NumExpertsPerTok) / float64(cfg.NumExperts)
		case t.Role == model.RoleEmbedding && !cfg.TieEmbeddings:
			size /= float64(cfg.VocabSize)
		}
		total += size
	}
	return total
}

// storedName says what is measured.
func storedName(kind string, cfg *model.Config, format string) string {
	total, _ := cfg.Params()
	return fmt.Sprintf("%s %dM %s", kind, total/1e6, format)
}
