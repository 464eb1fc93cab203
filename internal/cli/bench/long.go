package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// longLengths are those of the windows that Long fills, in tokens.
func longLengths(quick bool) []int {
	if quick {
		return []int{1 << 9, 1 << 10, 1 << 11, 1 << 12}
	}
	return []int{1 << 10, 8 << 10, 32 << 10, 128 << 10}
}

// The ends of what is measured, in tokens: a question at the end of a prompt, and
// its answer, which fills the window.
const (
	longQuestion = 32
	longAnswer   = 33
)

// longShape is a mixture of 16 experts of which 2 work on a token, and in which
// every fourth layer sees all of the window and the others 1024 tokens: 35 million
// parameters, and with quick a fraction.
func longShape(quick bool) *model.Config {
	cfg := defaultConfig(model.Mellum)
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = 8192, 256, 8
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 4, 2, 64
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 16, 2, 320
	cfg.SlidingWindow, cfg.MaxPositions = 1<<10, 128<<10
	if quick {
		cfg.VocabSize, cfg.NumLayers, cfg.MoEIntermediateSize = 1024, 4, 64
		cfg.SlidingWindow, cfg.MaxPositions = 1<<8, 1<<12
	}
	for l := range cfg.NumLayers {
		kind := model.SlidingAttention
		if l%4 == 3 {
			kind = model.FullAttention
		}
		cfg.LayerTypes = append(cfg.LayerTypes, kind)
	}
	return cfg
}

// Long measures prompts up to the end of the window, with keys and values in bf16
// and in 8 bits: how fast they are read, beside the product loop, attention by
// context counted; how fast the answer comes, beside the speed at which the machine
// reads the bytes that a token needs; the memory, beside what is planned; and the
// first token of a second question about the same text, beside the first one's.
// path is a model, a GGUF file or a directory; without one, a model of random weights is
// made in memory. Lengths beyond its window are left out.
func Long(ctx context.Context, o Options, path string) error {
	m, name, err := longModel(path, o.Quick)
	if err != nil {
		return err
	}
	defer m.Close()
	lengths := longLengths(o.Quick)
	for len(lengths) > 0 && lengths[len(lengths)-1] > m.Config().MaxPositions {
		lengths = lengths[:len(lengths)-1]
	}
	if len(lengths) == 0 {
		return fmt.Errorf("%s: a window of %d tokens is too short to measure; %d are needed", name, m.Config().MaxPositions, longLengths(o.Quick)[0])
	}
	buffer := readBuffer(o.Quick)
	for _, int8 := range []bool{false, true} {
		l := long{options: o, model: m, name: name + " bf16", int8: int8, buffer: buffer}
		if int8 {
			l.name = name + " int8"
		}
		for _, n := range lengths {
			if err := l.measure(ctx, n); err != nil {
				return err
			}
		}
		l.compare()
	}
	return nil
}

// longModel loads the model at path, or makes one.
func longModel(path string, quick bool) (*model.Model, string, error) {
	if path == "" {
		cfg := longShape(quick)
		m, err := model.NewFixed(cfg, 1)
		total, _ := cfg.Params()
		return m, fmt.Sprintf("experts %dM", total/1e6), err
	}
	m, err := model.Load(path, false)
	return m, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)), err
}

// long measures one model with one kind of cache.
type long struct {
	options Options
	model   *model.Model
	name    string
	int8    bool
	buffer  []tensor.BF16 // to read
	done    []longResult
}

// longResult is what prompts of one length came to.
type longResult struct {
	length       int
	rate         float64 // FLOP/s of reading
	perCPU       float64 // the same by processor time, which others on the machine change less
	measured     int64   // bytes, beyond the weights
	cache, work  int64   // bytes as planned
	first, again []float64
}

// longPrompts is how many prompts of n tokens are read.
func (o Options) longPrompts(n int) int {
	if o.Quick || n > 16<<10 {
		return 1
	}
	return 3
}

// measure fills windows of n tokens and reports.
func (l *long) measure(ctx context.Context, n int) error {
	cfg := l.model.Config()
	options := infer.Options{Window: n, CacheBytes: model.CacheBytes(cfg, l.kind(), n), Int8: l.int8, MaxBatch: 1}
	footprint := infer.FootprintOf(cfg, options)
	r := longResult{length: n, cache: footprint.CacheBytes(), work: footprint.WorkBytes}
	forgetPeak()
	before := residentMemory()
	engine := infer.NewEngine(l.model, options)
	defer engine.Close()
	var reading, answering, peaks, bandwidths []float64
	flops, attention := prefillFLOPs(cfg, n-longAnswer)
	bytes := answerBytes(cfg, n-longAnswer/2, l.int8)
	for repeat := range l.options.longPrompts(n) {
		prompt := longPrompt(cfg.VocabSize, n-longAnswer, repeat)
		peak := l.options.peak()
		used := cpuSeconds()
		first, _, err := l.ask(ctx, engine, prompt, 1)
		if err != nil {
			return err
		}
		r.perCPU = flops / (cpuSeconds() - used)
		peaks = append(peaks, (peak+l.options.peak())/2)
		reading, r.first = append(reading, flops/first), append(r.first, first)
		for i := range longQuestion { // another question about the same text
			prompt[len(prompt)-1-i] = int32((i*7 + 3) % cfg.VocabSize)
		}
		bandwidth := kernel.ReadBandwidth(l.buffer)
		again, rest, err := l.ask(ctx, engine, prompt, longAnswer)
		if err != nil {
			return err
		}
		bandwidths = append(bandwidths, (bandwidth+kernel.ReadBandwidth(l.buffer))/2)
		r.again, answering = append(r.again, again), append(answering, bytes*(longAnswer-1)/rest)
	}
	r.measured = peakMemory() - before
	r.rate = median(reading)
	l.done = append(l.done, r)
	l.report(&r, reading, peaks, answering, bandwidths, flops, attention, bytes)
	return nil
}

// ask returns the seconds to the first token of an answer of so many tokens, and
// from there to the last. Tokens may arrive in one go, so the engine says when the
// first one was known.
func (l *long) ask(ctx context.Context, e *infer.Engine, prompt []int32, answer int) (first, rest float64, err error) {
	start := time.Now()
	result, err := e.Generate(ctx, infer.Request{Prompt: prompt, MaxTokens: answer}, nil)
	return result.FirstTokenTime.Seconds(), (time.Since(start) - result.FirstTokenTime).Seconds(), err
}

func (l *long) kind() model.CacheKind {
	if l.int8 {
		return model.CacheInt8
	}
	return model.CacheBF16
}

// longPrompt returns n tokens, others for each seed from the first on.
func longPrompt(vocabulary, n, seed int) []int32 {
	tokens := make([]int32, n)
	for i := range tokens {
		tokens[i] = int32((i*i*7 + i*3 + (i+1)*seed*11 + seed) % vocabulary)
	}
	return tokens
}

// prefillFLOPs counts the operations to read n tokens and choose the next, and
// those of them that are attention's: the head works for the last token alone.
func prefillFLOPs(cfg *model.Config, n int) (all, attention float64) {
	_, active := cfg.Params()
	head := 2 * float64(cfg.VocabSize) * float64(cfg.HiddenSize)
	all = float64(n)*(cfg.FLOPs(n)-head) + head
	return all, float64(n) * (cfg.FLOPs(n) - 2*float64(active))
}

// answerBytes is what a token at a position reads: the weights on its path, in the
// bf16 that they are multiplied in, and the keys and values that it sees.
func answerBytes(cfg *model.Config, position int, int8 bool) float64 {
	_, active := cfg.Params()
	rows := 0
	for l := range cfg.NumLayers {
		if w := cfg.Window(l); w > 0 {
			rows += min(w, position)
		} else {
			rows += position
		}
	}
	kind := model.CacheBF16
	if int8 {
		kind = model.CacheInt8
	}
	row := float64(model.CacheBytes(cfg, kind, model.BlockTokens)) / float64(model.BlockTokens*cfg.NumLayers)
	return 2*float64(active) + row*float64(rows)
}
