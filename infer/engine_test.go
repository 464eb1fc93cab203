package infer

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
)

const testWindow = 150

// testModel is a small mixture of experts with random weights.
func testModel(t testing.TB) *model.Model {
	t.Helper()
	cfg, err := model.Default(model.Qwen3MoE)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = 97, 32, 2
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 4, 2, 16
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 4, 2, 32
	cfg.NormTopKProb = true
	cfg.MaxPositions = testWindow
	cfg.InitStd = 0.2 // so that logits differ from token to token
	m, err := model.New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func tokens(n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32((i*i*7 + 3*i) % 97)
	}
	return ids
}

// forwardLogits is the training forward pass over a whole document.
func forwardLogits(t *testing.T, m *model.Model, ids []int32) [][]float32 {
	t.Helper()
	ws := model.NewWorkspace(m, len(ids), true)
	batch := model.Batch{Tokens: ids, Spans: []model.Span{{Len: len(ids)}}}
	if err := m.Forward(ws, &batch); err != nil {
		t.Fatal(err)
	}
	all := make([][]float32, len(ids))
	for i := range all {
		all[i] = make([]float32, m.Config().VocabSize)
		if err := m.Logits(ws, []int32{int32(i)}, all[i]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// recorder is a Mask that forces a text and keeps the logits it saw.
type recorder struct {
	text []int32
	seen [][]float32
}

func (r *recorder) Restrict(logits []float32) {
	r.seen = append(r.seen, slices.Clone(logits))
	for id := range logits {
		if int32(id) != r.text[0] {
			logits[id] = negativeInfinity
		}
	}
}

func (r *recorder) Accept(token int32) {
	if token != r.text[0] {
		panic("the mask was not obeyed")
	}
	r.text = r.text[1:]
}

// Prefill in chunks of any size and decode give the training pass's logits to
// the bit, on any number of threads.
func TestDecodeEqualsTraining(t *testing.T) {
	m := testModel(t)
	ids := tokens(testWindow)
	want := forwardLogits(t, m, ids)
	defer par.SetThreads(par.Threads())
	for _, threads := range []int{1, 3} {
		par.SetThreads(threads)
		for _, chunk := range []int{1, 7, 64, 128} {
			const prompt = 70
			mask := &recorder{text: ids[prompt:]}
			e := NewEngine(m, Options{Chunk: chunk})
			result, err := e.Generate(t.Context(), Request{Prompt: ids[:prompt], Mask: mask}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if result.CompletionTokens != testWindow-prompt || result.Finish != FinishLength {
				t.Fatalf("chunk %d: %+v", chunk, result)
			}
			for i, got := range mask.seen {
				if !slices.Equal(got, want[prompt-1+i]) {
					t.Fatalf("chunk %d, %d threads: the logits after token %d differ from training's", chunk, threads, prompt-1+i)
				}
			}
		}
	}
}

func collect(t *testing.T, e *Engine, r Request) ([]Token, Result) {
	t.Helper()
	var all []Token
	result, err := e.Generate(t.Context(), r, func(token Token) bool { all = append(all, token); return false })
	if err != nil {
		t.Fatal(err)
	}
	return all, result
}

func ids(all []Token) []int32 {
	var list []int32
	for _, token := range all {
		list = append(list, token.ID)
	}
	return list
}

// A completion can be taken up at any token: random numbers go with positions.
func TestCompletionIsAFunctionOfItsPrefix(t *testing.T) {
	e := NewEngine(testModel(t), Options{Chunk: 16})
	r := Request{Prompt: tokens(9), MaxTokens: 30, Sampling: Sampling{Temperature: 1, Seed: 5}}
	whole, _ := collect(t, e, r)
	again, _ := collect(t, e, r)
	if !slices.Equal(ids(whole), ids(again)) {
		t.Error("the same request gave another completion")
	}
	rest := r
	rest.Prompt = append(slices.Clone(r.Prompt), ids(whole[:11])...)
	rest.MaxTokens = 19
	if got, _ := collect(t, e, rest); !slices.Equal(ids(got), ids(whole[11:])) {
		t.Error("a completion taken up in the middle went on differently")
	}
	r.Choice = 1
	if other, _ := collect(t, e, r); slices.Equal(ids(whole), ids(other)) {
		t.Error("another choice gave the same completion")
	}
}

func TestGenerateReportsLogprobs(t *testing.T) {
	m := testModel(t)
	prompt := tokens(20)
	want := forwardLogits(t, m, prompt)[len(prompt)-1]
	all, _ := collect(t, NewEngine(m, Options{}), Request{Prompt: prompt, MaxTokens: 1, Logprobs: true, TopLogprobs: 3})
	sum := 0.0
	for _, l := range want {
		sum += math.Exp(float64(l))
	}
	token := all[0]
	if token.ID != Greedy(want) || token.Position != len(prompt) || len(token.Top) != 3 || token.Top[0].ID != token.ID {
		t.Fatalf("%+v", token)
	}
	if got := float64(token.Logprob); math.Abs(got-(float64(want[token.ID])-math.Log(sum))) > 1e-5 {
		t.Errorf("log-probability %v", got)
	}
}

func TestGenerateEnds(t *testing.T) {
	e := NewEngine(testModel(t), Options{})
	all, _ := collect(t, e, Request{Prompt: tokens(9), MaxTokens: 10})
	stop := all[4].ID
	first := slices.Index(ids(all), stop)
	got, result := collect(t, e, Request{Prompt: tokens(9), MaxTokens: 10, End: []int32{stop}})
	if len(got) != first || result.Finish != FinishEnd || result.CompletionTokens != first {
		t.Errorf("with an end token: %d tokens, %+v", len(got), result)
	}
	n := 0
	result, err := e.Generate(t.Context(), Request{Prompt: tokens(9)}, func(Token) bool { n++; return n == 3 })
	if err != nil || n != 3 || result.Finish != FinishEnd {
		t.Errorf("receiver complete after 3: %d tokens, %+v, %v", n, result, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n = 0
	result, err = e.Generate(ctx, Request{Prompt: tokens(9)}, func(Token) bool {
		if n++; n == 4 {
			cancel()
		}
		return false
	})
	if !errors.Is(err, context.Canceled) || n != 4 || result.CompletionTokens != 4 {
		t.Errorf("canceled after 4: %d tokens, %+v, %v", n, result, err)
	}
}

// A request that waits for another one ends with its context.
func TestWaitingEndsWithItsContext(t *testing.T) {
	e := NewEngine(testModel(t), Options{})
	began, release := make(chan bool), make(chan bool)
	var group sync.WaitGroup
	group.Go(func() {
		_, err := e.Generate(t.Context(), Request{Prompt: tokens(3), MaxTokens: 1}, func(Token) bool {
			close(began)
			<-release
			return true
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done := make(chan error, 1)
	go func() {
		_, err := e.Generate(ctx, Request{Prompt: tokens(3)}, nil)
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("canceled while waiting: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("a canceled request still waits for the other one")
	}
	close(release)
	group.Wait()
}

// Goroutines that share an engine or a model get what each gets alone.
func TestConcurrentRequests(t *testing.T) {
	m := testModel(t)
	shared := NewEngine(m, Options{Chunk: 16})
	var group sync.WaitGroup
	for i := range 4 {
		r := Request{Prompt: tokens(20 + i), MaxTokens: 12, Sampling: Sampling{Temperature: 1, Seed: uint64(i)}}
		all, _ := collect(t, NewEngine(m, Options{}), r)
		want := ids(all)
		e := shared
		if i%2 == 0 {
			e = NewEngine(m, Options{Chunk: 7})
		}
		group.Go(func() {
			var got []int32
			_, err := e.Generate(t.Context(), r, func(token Token) bool { got = append(got, token.ID); return false })
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("request %d: %v, alone %v (%v)", i, got, want, err)
			}
		})
	}
	group.Wait()
}

// Damaged weights show in the logits, and are no reason to choose a token.
func TestNonFiniteLogits(t *testing.T) {
	e := NewEngine(testModel(t), Options{Vocabulary: 90})
	for _, temperature := range []float32{0, 1} {
		for _, c := range []struct {
			id    int
			value float64
			fails bool
		}{
			{5, math.NaN(), true}, {5, math.Inf(1), true}, {5, math.Inf(-1), false}, {89, math.NaN(), true},
		} {
			seq, err := e.newSequence(&Request{Prompt: tokens(4), Sampling: Sampling{Temperature: temperature}})
			if err != nil {
				t.Fatal(err)
			}
			logits := make([]float32, 90)
			logits[c.id] = float32(c.value)
			_, err = seq.choose(logits, make([]float32, 90), -1)
			if errors.Is(err, model.ErrNonFinite) != c.fails || !c.fails && err != nil {
				t.Errorf("temperature %v, %v for token %d: %v", temperature, c.value, c.id, err)
			}
		}
	}
}

// Rows of the head that are no tokens are neither chosen nor reported, and have
// no probability.
func TestVocabulary(t *testing.T) {
	const n = 30
	e := NewEngine(testModel(t), Options{Vocabulary: n})
	if _, err := e.Generate(t.Context(), Request{Prompt: []int32{n}}, nil); !errors.Is(err, ErrPrompt) {
		t.Errorf("a prompt of what is no token: %v", err)
	}
	prompt := slices.DeleteFunc(tokens(60), func(id int32) bool { return id >= n })
	all, _ := collect(t, e, Request{Prompt: prompt, MaxTokens: 20, TopLogprobs: 97, Sampling: Sampling{Temperature: 3}})
	for _, token := range all {
		sum := 0.0
		for _, l := range token.Top {
			sum += math.Exp(float64(l.Logprob))
		}
		if token.ID >= n || len(token.Top) != n || math.Abs(sum-1) > 1e-5 {
			t.Errorf("token %d of %d, %d alternatives with a probability of %v", token.ID, n, len(token.Top), sum)
		}
	}
}
