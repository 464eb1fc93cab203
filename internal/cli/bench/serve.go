package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"time"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/serve"
)

// limitServe is the least time that the machine needs for what was asked: the
// longer of reading the weights in each step and of the products.
const limitServe = "the longer of streaming the weights once a step and of the product loop"

// served is a model of random weights behind a server on the loopback
// interface.
type served struct {
	model  *polymath.Model
	config *model.Config
	client *client
	stop   context.CancelFunc
	done   chan error
}

// serveRandom starts a server. The model's end tokens are left out, so that
// completions have the length that was asked for.
func serveRandom(cfg *model.Config, texts [][]byte, clients int, options ...polymath.Option) (*served, error) {
	t, err := trainVocab(texts, cfg.VocabSize)
	if err != nil {
		return nil, err
	}
	weights, err := model.NewFixed(cfg, 1)
	if err != nil {
		return nil, err
	}
	m, err := polymath.New(weights, t, chat.Default(), options...)
	if err != nil {
		return nil, err
	}
	server, err := serve.New([]serve.Named{{Name: "bench", Model: m}}, serve.Options{})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &served{model: m, config: cfg, stop: stop, done: make(chan error, 1), client: newClient("http://"+listener.Addr().String(), clients)}
	go func() { s.done <- server.Serve(ctx, listener) }()
	return s, nil
}

// close ends the server and lets go of the model.
func (s *served) close() error {
	s.client.close()
	s.stop()
	return errors.Join(<-s.done, s.model.Close())
}

// denseShape is a dense model of 0.4 billion parameters; with Quick, 8 million.
func denseShape(quick bool) *model.Config {
	cfg := defaultConfig(model.Qwen3)
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = 16384, 1024, 24
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim, cfg.IntermediateSize = 16, 4, 64, 3584
	cfg.MaxPositions = 2048
	if quick {
		cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = 2048, 256, 4
		cfg.NumHeads, cfg.NumKVHeads, cfg.IntermediateSize = 4, 2, 1024
	}
	return cfg
}

// sparseShape is the mixture of experts that training is measured on.
func sparseShape(quick bool) *model.Config {
	cfg := decodeShape(quick)
	if !quick {
		cfg.NumLayers = 8
	}
	return cfg
}

// Serve measures completions over HTTP at 1, 8 and 32 streams, beside what the
// machine could do, and one stream that must keep to a schema beside one that
// is free. texts train the tokenizer.
func Serve(ctx context.Context, o Options, texts [][]byte) error {
	for _, subject := range []struct {
		name string
		cfg  *model.Config
	}{{"dense", denseShape(o.Quick)}, {"experts", sparseShape(o.Quick)}} {
		s, err := serveRandom(subject.cfg, texts, 32)
		if err != nil {
			return err
		}
		total, _ := subject.cfg.Params()
		name := fmt.Sprintf("serve %s %dM", subject.name, total/1e6)
		err = s.measure(ctx, o, name)
		if err == nil {
			err = s.measureSchema(ctx, o, name)
		}
		if err = errors.Join(err, s.close()); err != nil {
			return err
		}
	}
	return nil
}

// servePrompt and serveCompletion are the lengths of requests, in tokens.
const servePrompt, serveCompletion = 32, 32

// serveRounds is how many requests each of n streams makes in a repeat: few
// streams make more, so that percentiles are of something.
func serveRounds(n int) int { return max(1, 16/n) }

// measure reports the streams of one model.
func (s *served) measure(ctx context.Context, o Options, name string) error {
	repeats := 3
	if o.Quick {
		repeats = 1
	}
	single := 0.0
	buffer := readBuffer(o.Quick)
	for _, n := range []int{1, 8, 32} {
		var values, limits, overhead []float64
		var all timing
		for repeat := range repeats + 1 { // the first warms up
			read, peak := kernel.ReadBandwidth(buffer), o.peak()
			before := s.model.Stats()
			one, err := (&streams{
				client: s.client, model: "bench", vocabulary: s.model.Info().VocabularySize,
				numClients: n, rounds: serveRounds(n), prompt: servePrompt, completion: serveCompletion, seed: uint64(repeat),
			}).run(ctx)
			if err != nil {
				return err
			}
			if repeat == 0 {
				continue
			}
			after := s.model.Stats()
			read, peak = (read+kernel.ReadBandwidth(buffer))/2, (peak+o.peak())/2
			all.add(one)
			values = append(values, float64(one.tokens)/one.seconds)
			limits = append(limits, float64(one.tokens)/(float64(serveRounds(n))*s.leastTime(n, read, peak)))
			overhead = append(overhead, 100*(1-(after.PassTime-before.PassTime).Seconds()/one.seconds))
		}
		detail := map[string]float64{
			"first token p50, ms": 1e3 * percentile(all.first, 50), "first token p99, ms": 1e3 * percentile(all.first, 99),
			"between tokens p50, ms": 1e3 * percentile(all.between, 50), "between tokens p99, ms": 1e3 * percentile(all.between, 99),
			"time outside of passes, %": median(overhead), "requests": float64(len(all.first)),
		}
		if n == 1 {
			single = median(values)
		} else {
			detail["times one stream"] = median(values) / single
		}
		o.emit(Result{Name: fmt.Sprintf("%s, %d streams", name, n), Unit: "tokens/s", LimitOf: limitServe, Detail: detail}, values, limits)
	}
	return nil
}

// leastTime is what n streams must take for a request each: each step reads the weights that any
// of its tokens needs, and every token is multiplied with those on its path.
// Keys and values are left out.
func (s *served) leastTime(n int, read, peak float64) float64 {
	cfg := s.config
	total, active := cfg.Params()
	path, touched := float64(active), float64(active)
	if cfg.NumExperts > 0 { // a step of n tokens reaches an expert with this chance, were they chosen blindly
		one := float64(cfg.NumExpertsPerTok) / float64(cfg.NumExperts)
		any := 1 - math.Pow(1-one, float64(n))
		embedding := int64(cfg.VocabSize) * int64(cfg.HiddenSize)
		touched += float64(total-active-embedding) / (1 - one) * (any - one)
	}
	reading := serveCompletion * 2 * touched / read
	products := float64(n) * (servePrompt + serveCompletion) * 2 * path / peak
	return max(reading, products)
}

// measureSchema reports what it costs one stream to keep to a JSON Schema.
func (s *served) measureSchema(ctx context.Context, o Options, name string) error {
	const schema = `{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"},"tags":{"type":"array","items":{"type":"string"}}},"required":["name","age","tags"],"additionalProperties":false},"minItems":100}`
	rate := func(format polymath.Format) (float64, error) {
		start := time.Time{}
		n := 0
		for chunk, err := range s.model.Stream(ctx, "A list of people:\n", polymath.GenerateOptions{
			MaxTokens: 2*serveCompletion + 1, Temperature: 1, Seed: 3, Format: format,
		}) {
			if err != nil {
				return 0, err
			}
			if chunk.Token == nil {
				continue
			}
			if start.IsZero() {
				start = time.Now()
			} else {
				n++
			}
		}
		return float64(n) / time.Since(start).Seconds(), nil
	}
	var values, limits []float64
	for repeat := range o.repeats() + 1 {
		free, err := rate(polymath.Format{})
		if err != nil {
			return err
		}
		bound, err := rate(polymath.Format{Kind: polymath.FormatSchema, Text: schema})
		if err != nil {
			return err
		}
		if repeat > 0 { // the first compiles the schema
			values, limits = append(values, bound), append(limits, free)
		}
	}
	o.emit(Result{Name: name + ", JSON Schema", Unit: "tokens/s", LimitOf: "the same without a schema"}, values, limits)
	return nil
}
