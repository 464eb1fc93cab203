package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// timing is what the streams of one measurement took.
type timing struct {
	seconds float64 // all of it
	tokens  int     // completion tokens of all streams
	first   []time.Duration
	between []time.Duration // from token to token
}

// streams lets so many clients ask at the same time, each for one completion
// of random tokens after the other.
type streams struct {
	client             *client
	model              string
	vocabulary         int
	numClients, rounds int
	prompt, completion int // tokens
	seed               uint64
}

func (s *streams) run(ctx context.Context) (timing, error) {
	var (
		mu     sync.Mutex
		all    timing
		failed error
		group  sync.WaitGroup
	)
	start := time.Now()
	for i := range s.numClients {
		group.Go(func() {
			random := rand.New(rand.NewPCG(s.seed, uint64(i)))
			for range s.rounds {
				one, err := s.ask(ctx, random)
				mu.Lock()
				all.add(one)
				if err != nil && failed == nil {
					failed = err
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	group.Wait()
	all.seconds = time.Since(start).Seconds()
	return all, failed
}

func (t *timing) add(one timing) {
	t.tokens += one.tokens
	t.first = append(t.first, one.first...)
	t.between = append(t.between, one.between...)
}

// ask streams one completion.
func (s *streams) ask(ctx context.Context, random *rand.Rand) (timing, error) {
	prompt := make([]int, s.prompt)
	for i := range prompt {
		prompt[i] = random.IntN(s.vocabulary)
	}
	var t timing
	start := time.Now()
	last := start
	usage := 0
	err := s.client.stream(ctx, "/v1/completions", map[string]any{
		"model": s.model, "prompt": prompt, "max_tokens": s.completion, "temperature": 0,
		"stream": true, "stream_options": map[string]any{"include_usage": true},
	}, func(data []byte, at time.Time) bool {
		var event struct {
			Choices []struct {
				Text string `json:"text"`
			} `json:"choices"`
			Usage *struct {
				CompletionTokens int `json:"completion_tokens"`
			} `json:"usage"`
		}
		if json.Unmarshal(data, &event) == nil && event.Usage != nil {
			usage = event.Usage.CompletionTokens
			return true
		}
		if last == start {
			t.first = append(t.first, at.Sub(start))
		} else {
			t.between = append(t.between, at.Sub(last))
		}
		last = at
		return true
	})
	t.tokens = usage
	if err == nil && usage != s.completion {
		err = fmt.Errorf("a completion of %d tokens has %d", s.completion, usage)
	}
	return t, err
}

// percentile returns the value that p of 100 are at most.
func percentile(times []time.Duration, p float64) float64 {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(len(sorted)-1, int(p/100*float64(len(sorted))))].Seconds()
}
