package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/model"
)

// SoakOptions say how long and how hard to use a server.
type SoakOptions struct {
	Duration time.Duration
	Clients  int
	Seed     uint64
	// Progress, if not nil, is told each second how things stand.
	Progress func(SoakSample)
}

// SoakSample is the state of the process at one time.
type SoakSample struct {
	Seconds    float64
	Goroutines int
	HeapBytes  uint64 // that is in use after a collection
	Requests   uint64
}

// SoakReport is what a soak found.
type SoakReport struct {
	Samples []SoakSample
	// Answers counts complete answers, each held against the same request
	// alone; Canceled those that the client left, Refused wrong requests that
	// were refused as they should be, Busy those that were asked to come back.
	Answers, Canceled, Refused, Busy uint64
	// Faults are what must not happen, the first few of NumFaults.
	Faults    []string
	NumFaults uint64
}

// soakShape is a small mixture of experts, so that most of the time goes to
// the server and not to products.
func soakShape() *model.Config {
	cfg := decodeShape(true)
	cfg.VocabSize, cfg.HiddenSize, cfg.MoEIntermediateSize = 2048, 128, 128
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 4, 2, 32
	cfg.MaxPositions = 1024
	return cfg
}

// Soak uses a server of a small random model with many clients at a time:
// requests of all kinds, of which some are left in the middle, some are wrong,
// and some huge. Every complete answer must equal the same request's alone.
func Soak(ctx context.Context, o SoakOptions, texts [][]byte) (*SoakReport, error) {
	cfg := soakShape()
	// Memory for a few windows, so that sequences are preempted too.
	s, err := serveRandom(cfg, texts, o.Clients, polymath.WithCacheBytes(6*model.CacheBytes(cfg, model.CacheBF16, cfg.MaxPositions)))
	if err != nil {
		return nil, err
	}
	k := &soak{options: o, client: s.client, requests: soakRequests()}
	if err := k.learn(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	k.run(ctx)
	s.client.close()
	k.report.Samples = append(k.report.Samples, k.sample())
	err = s.close()
	k.checkEnd()
	return &k.report, err
}

// soak is one run.
type soak struct {
	options  SoakOptions
	client   *client
	requests []soakRequest
	start    time.Time
	sent     atomic.Uint64

	mu     sync.Mutex
	report SoakReport
}

// soakRequest is a right request and its answer alone.
type soakRequest struct {
	path  string
	body  map[string]any
	alone string
}

// soakRequests are of all kinds that give the same answer each time.
func soakRequests() []soakRequest {
	var all []soakRequest
	random := rand.New(rand.NewPCG(1, 1))
	const words = "the model reads a long text and writes what comes next while others wait for their turn in the queue "
	schema := map[string]any{
		"type": "object", "additionalProperties": false, "required": []string{"ok", "n"},
		"properties": map[string]any{"ok": map[string]any{"type": "boolean"}, "n": map[string]any{"type": "integer"}},
	}
	for i := range 40 {
		text := strings.Repeat(words, random.IntN(4)) + words[:5+random.IntN(80)]
		body := map[string]any{
			"model": "bench", "seed": i, "temperature": float64(i%3) / 2, "max_tokens": 1 + random.IntN(60),
			"stream": i%2 == 0,
		}
		path := "/v1/chat/completions"
		switch i % 8 {
		case 0, 1:
			path = "/v1/completions"
			body["prompt"] = text
		case 2:
			body["logprobs"], body["top_logprobs"] = true, 3
		case 3:
			body["n"] = 2
		case 4:
			body["response_format"] = map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": "s", "strict": true, "schema": schema}}
		case 5:
			body["tools"] = []any{map[string]any{"type": "function", "function": map[string]any{"name": "f", "parameters": schema}}}
			body["tool_choice"] = "required"
		case 6:
			body["stop"] = []string{"e", "the"}
			body["frequency_penalty"] = 0.5
		}
		if path == "/v1/chat/completions" {
			body["messages"] = []any{map[string]any{"role": "user", "content": text}}
		}
		all = append(all, soakRequest{path: path, body: body})
	}
	return all
}

// learn asks each request alone.
func (k *soak) learn(ctx context.Context) error {
	for i := range k.requests {
		r := &k.requests[i]
		var err error
		if r.alone, err = k.ask(ctx, r, -1); err != nil {
			return fmt.Errorf("request %d alone: %w", i, err)
		}
	}
	return nil
}

// run lets the clients work until the time is over.
func (k *soak) run(ctx context.Context) {
	k.start = time.Now()
	ctx, cancel := context.WithTimeout(ctx, k.options.Duration)
	defer cancel()
	var group sync.WaitGroup
	for i := range k.options.Clients {
		group.Go(func() {
			random := rand.New(rand.NewPCG(k.options.Seed, uint64(i)))
			for ctx.Err() == nil {
				k.act(ctx, random)
				k.sent.Add(1)
			}
		})
	}
	group.Go(func() { k.watch(ctx) })
	group.Wait()
}

// act does one thing that clients do.
func (k *soak) act(ctx context.Context, random *rand.Rand) {
	r := &k.requests[random.IntN(len(k.requests))]
	switch random.IntN(10) {
	case 0, 1:
		k.leave(ctx, r, random)
	case 2:
		k.wrong(ctx, r, random)
	default:
		answer, err := k.ask(ctx, r, -1)
		var status *statusError
		switch {
		case ctx.Err() != nil:
		case errors.As(err, &status) && status.status == http.StatusServiceUnavailable && status.retryAfter != "":
			k.count(&k.report.Busy)
		case err != nil:
			k.fault("%s: %v", r.path, err)
		case answer != r.alone:
			k.fault("%s %v: the answer is not the one alone:\n%s\n%s", r.path, r.body, answer, r.alone)
		default:
			k.count(&k.report.Answers)
		}
	}
}

// leave goes away while the answer comes, or before.
func (k *soak) leave(ctx context.Context, r *soakRequest, random *rand.Rand) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(random.IntN(40))*time.Millisecond)
	defer cancel()
	_, _ = k.ask(ctx, r, random.IntN(5)) // whatever came until then
	k.count(&k.report.Canceled)
}

// wrong sends what must be refused.
func (k *soak) wrong(ctx context.Context, r *soakRequest, random *rand.Rand) {
	var response *http.Response
	var err error
	want := http.StatusBadRequest
	switch random.IntN(4) {
	case 0:
		response, err = k.client.postBytes(ctx, r.path, []byte(`{"model":"bench",`))
	case 1:
		response, err = k.client.post(ctx, r.path, map[string]any{"model": "bench", "temprature": 1})
	case 2:
		want = http.StatusNotFound
		response, err = k.client.post(ctx, r.path, map[string]any{"model": "nobody", "prompt": "x", "messages": []any{map[string]any{"role": "user", "content": "x"}}})
	default:
		want = http.StatusRequestEntityTooLarge
		response, err = k.client.postFrom(ctx, r.path, hugeBody())
	}
	if err != nil {
		// A server may hang up on a body that it will not read.
		if ctx.Err() == nil && want != http.StatusRequestEntityTooLarge {
			k.fault("a wrong request: %v", err)
		} else {
			k.count(&k.report.Refused)
		}
		return
	}
	var answer struct {
		Error struct{ Message, Type string }
	}
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	response.Body.Close()
	if ctx.Err() != nil {
		return
	}
	// /v1/chat/completions and /v1/completions take different fields, so what
	// names no such model may be refused for its fields first.
	known := response.StatusCode == want || want == http.StatusNotFound && response.StatusCode == http.StatusBadRequest
	if err := json.Unmarshal(body, &answer); !known || err != nil || answer.Error.Message == "" {
		k.fault("a wrong request got status %d, not %d: %s", response.StatusCode, want, body)
		return
	}
	k.count(&k.report.Refused)
}

// hugeBody is a request of 64 MiB, which the client does not keep.
func hugeBody() io.Reader {
	return io.MultiReader(strings.NewReader(`{"model":"bench","user":"`), io.LimitReader(letters{}, 64<<20), strings.NewReader(`"}`))
}

// letters is text without an end.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// ask returns the part of the answer that is a function of the request. With
// most at least 0 it leaves after so many events.
func (k *soak) ask(ctx context.Context, r *soakRequest, most int) (string, error) {
	var parts []string
	take := func(data []byte) error {
		part, err := stable(data)
		parts = append(parts, part)
		return err
	}
	if r.body["stream"] == true {
		var failed error
		err := k.client.stream(ctx, r.path, r.body, func(data []byte, _ time.Time) bool {
			failed = errors.Join(failed, take(data))
			return len(parts) != most
		})
		return joinEvents(parts), errors.Join(err, failed)
	}
	response, err := k.client.post(ctx, r.path, r.body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", readError(response)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return "", err
	}
	err = take(body)
	return joinEvents(parts), err
}

func (k *soak) count(n *uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	*n++
}

// maxFaults is how many faults a report spells out.
const maxFaults = 10

func (k *soak) fault(format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.report.NumFaults++; len(k.report.Faults) < maxFaults {
		k.report.Faults = append(k.report.Faults, fmt.Sprintf(format, args...))
	}
}

// watch takes a sample each second.
func (k *soak) watch(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s := k.sample()
		k.mu.Lock()
		k.report.Samples = append(k.report.Samples, s)
		k.mu.Unlock()
		if k.options.Progress != nil {
			k.options.Progress(s)
		}
	}
}

func (k *soak) sample() SoakSample {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return SoakSample{Seconds: time.Since(k.start).Seconds(), Goroutines: runtime.NumGoroutine(), HeapBytes: m.HeapAlloc, Requests: k.sent.Load()}
}

// checkEnd looks for growth: the mean of the last quarter of the samples beside
// that of the second.
func (k *soak) checkEnd() {
	samples := k.report.Samples[:len(k.report.Samples)-1]
	n := len(samples) / 4
	if n < 5 {
		return // too short to tell
	}
	mean := func(part []SoakSample) (goroutines, heap float64) {
		for _, s := range part {
			goroutines += float64(s.Goroutines) / float64(len(part))
			heap += float64(s.HeapBytes) / float64(len(part))
		}
		return goroutines, heap
	}
	g1, h1 := mean(samples[n : 2*n])
	g2, h2 := mean(samples[len(samples)-n:])
	if g2 > 1.2*g1+10 {
		k.fault("goroutines grew from %.0f to %.0f", g1, g2)
	}
	if h2 > 1.2*h1+8<<20 {
		k.fault("the heap grew from %.1f MB to %.1f MB", h1/1e6, h2/1e6)
	}
}
