package model

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
)

// small returns a config of the given type whose sizes fit no tile.
func small(t testing.TB, modelType string) *Config {
	t.Helper()
	c, err := Default(modelType)
	if err != nil {
		t.Fatal(err)
	}
	c.VocabSize, c.HiddenSize, c.NumLayers, c.IntermediateSize = 97, 40, 2, 36
	c.NumHeads, c.NumKVHeads, c.HeadDim = 4, 2, 12
	c.InitStd = 0.2 // so that attention and the router have something to say
	if c.NumExperts > 0 {
		c.NumExperts, c.NumExpertsPerTok, c.MoEIntermediateSize, c.NormTopKProb = 6, 2, 24, true
	}
	if modelType == Mixtral || modelType == OLMoE {
		c.IntermediateSize = c.MoEIntermediateSize
	}
	if modelType == Mistral {
		c.SlidingWindow = 70
	}
	if modelType == Mellum {
		c.SlidingWindow, c.LayerTypes, c.SlidingRopeTheta = 70, []string{SlidingAttention, FullAttention}, 1e3
	}
	return c
}

func newModel(t testing.TB, c *Config) *Model {
	t.Helper()
	m, err := New(c, 7)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params() { // norms and biases that do something
		if p.InitStd == 0 {
			q := *p
			q.InitStd = 0.2
			q.Init(3)
			for i := range p.Master {
				p.Master[i] += p.Fill
			}
		}
	}
	m.Sync()
	return m
}

// someTokens returns n tokens that do not repeat soon.
func someTokens(n, vocab, seed int) []int32 {
	tokens := make([]int32, n)
	for i := range tokens {
		tokens[i] = int32((i*i*31 + i*17 + seed*13) % vocab)
	}
	return tokens
}

// documents makes a batch of whole documents.
func documents(vocab int, lengths ...int) *Batch {
	b := &Batch{}
	for i, n := range lengths {
		b.Spans = append(b.Spans, Span{Start: len(b.Tokens), Len: n})
		b.Tokens = append(b.Tokens, someTokens(n, vocab, i)...)
	}
	return b
}

// allLogits runs the batch and returns the logits of every row.
func allLogits(t testing.TB, m *Model, ws *Workspace, b *Batch) []float32 {
	t.Helper()
	if err := m.Forward(ws, b); err != nil {
		t.Fatal(err)
	}
	rows := make([]int32, len(b.Tokens))
	for i := range rows {
		rows[i] = int32(i)
	}
	dst := make([]float32, len(rows)*m.Config().VocabSize)
	if err := m.Logits(ws, rows, dst); err != nil {
		t.Fatal(err)
	}
	return dst
}

func mustEqual(t testing.TB, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %v, want %v to the bit", what, i, got[i], want[i])
		}
	}
}

// TestOneForward: training forward, prefill in pieces, decode token by token
// and a batch of several sequences give the same logits to the bit.
func TestOneForward(t *testing.T) {
	for _, kind := range modelTypes {
		t.Run(kind, func(t *testing.T) {
			c := small(t, kind)
			m := newModel(t, c)
			const a, b = 131, 70
			docs := documents(c.VocabSize, a, b)
			whole := allLogits(t, m, NewWorkspace(m, a+b, true), docs)
			mustEqual(t, "inference workspace", allLogits(t, m, NewWorkspace(m, a+b, false), docs), whole)
			first, second := docs.Tokens[:a], docs.Tokens[a:]
			for _, pieces := range [][]int{{1}, {64}, {63, 2, 100}, {131}} {
				got := generate(t, m, NewWorkspace(m, 150, false), first, pieces)
				mustEqual(t, fmt.Sprint("prefill by ", pieces), got, whole[:a*c.VocabSize])
			}
			testTogether(t, CacheBF16, m, first, second, whole)
		})
	}
}

// generate feeds tokens in pieces whose lengths cycle, and returns all logits.
func generate(t testing.TB, m *Model, ws *Workspace, tokens []int32, pieces []int) []float32 {
	return generateIn(t, CacheBF16, m, ws, tokens, pieces)
}

// generateIn is generate with a cache of any kind.
func generateIn(t testing.TB, kind CacheKind, m *Model, ws *Workspace, tokens []int32, pieces []int) (logits []float32) {
	cache := m.NewCache(kind, len(tokens))
	for i := 0; cache.Len() < len(tokens); i++ {
		pos := cache.Len()
		n := min(pieces[i%len(pieces)], len(tokens)-pos)
		b := &Batch{Tokens: tokens[pos : pos+n], Spans: []Span{{Len: n, Pos: pos, Cache: cache}}}
		logits = append(logits, allLogits(t, m, ws, b)...)
	}
	return logits
}

// testTogether decodes two sequences in one batch, at different positions.
func testTogether(t *testing.T, kind CacheKind, m *Model, a, b []int32, whole []float32) {
	v := m.Config().VocabSize
	ws := NewWorkspace(m, 80, false)
	ca, cb := m.NewCache(kind, len(a)), m.NewCache(kind, len(b))
	lead := len(a) - len(b)
	allLogits(t, m, ws, &Batch{Tokens: a[:lead], Spans: []Span{{Len: lead, Cache: ca}}})
	for i := range b {
		batch := &Batch{
			Tokens: []int32{b[i], a[lead+i]},
			Spans:  []Span{{Len: 1, Pos: i, Cache: cb}, {Start: 1, Len: 1, Pos: lead + i, Cache: ca}},
		}
		got := allLogits(t, m, ws, batch)
		mustEqual(t, "second sequence", got[:v], whole[(len(a)+i)*v:][:v])
		mustEqual(t, "first sequence", got[v:], whole[(lead+i)*v:][:v])
	}
}

// TestThreadsAndPaths: logits and gradients are the same bits for any number of
// threads and on every CPU path.
func TestThreadsAndPaths(t *testing.T) {
	defer par.SetThreads(0)
	defer setPath(t, kernel.CPU())
	for _, kind := range []string{Qwen3MoE, Qwen2, OLMoE} {
		c := small(t, kind)
		c.RouterZLossCoef, c.OutputZLossCoef, c.SharedExpertSize = 0.01, 0.001, 8
		if kind == Qwen2 {
			c.RouterZLossCoef, c.SharedExpertSize = 0, 0
		}
		m := newModel(t, c)
		var want []float32
		for _, path := range kernel.Paths() {
			setPath(t, path)
			for _, threads := range []int{1, 2, 5} {
				par.SetThreads(threads)
				got := trainOnce(t, m, 150, 33, 1, 64)
				if want == nil {
					want = got
				}
				mustEqual(t, fmt.Sprintf("%s, %s, %d threads", kind, path, threads), got, want)
			}
		}
	}
}

func setPath(t testing.TB, name string) {
	if err := kernel.SetPath(name); err != nil {
		t.Fatal(err)
	}
}

// trainOnce returns logits and then all gradients of documents of the lengths.
func trainOnce(t testing.TB, m *Model, lengths ...int) []float32 {
	t.Helper()
	b := documents(m.Config().VocabSize, lengths...)
	ws := NewWorkspace(m, len(b.Tokens), true)
	m.ZeroGrad()
	if _, err := m.LossBackward(ws, b, shifted(b), nil, 1/float32(len(b.Tokens))); err != nil {
		t.Fatal(err)
	}
	var out []float32
	for _, p := range m.Params() {
		out = append(out, p.Grad...)
	}
	return append(out, allLogits(t, m, ws, b)...)
}

// shifted returns the next token of each token, and -1 at a document's end.
func shifted(b *Batch) []int32 {
	targets := make([]int32, len(b.Tokens))
	for _, s := range b.Spans {
		copy(targets[s.Start:], b.Tokens[s.Start+1:s.Start+s.Len])
		targets[s.Start+s.Len-1] = -1
	}
	return targets
}

// TestManyShortDocuments: more spans than the workspace has blocks for run in
// groups, each as if alone.
func TestManyShortDocuments(t *testing.T) {
	c := small(t, Qwen3MoE)
	m := newModel(t, c)
	lengths := make([]int, 40)
	for i := range lengths {
		lengths[i] = 1 + i%3
	}
	b := documents(c.VocabSize, lengths...)
	ws := NewWorkspace(m, len(b.Tokens), false)
	got := allLogits(t, m, ws, b)
	for _, s := range b.Spans {
		alone := &Batch{Tokens: b.Tokens[s.Start : s.Start+s.Len], Spans: []Span{{Len: s.Len}}}
		want := allLogits(t, m, ws, alone)
		mustEqual(t, fmt.Sprint("document at ", s.Start), got[s.Start*c.VocabSize:][:len(want)], want)
	}
}

func TestForwardErrors(t *testing.T) {
	c := small(t, Mixtral)
	m := newModel(t, c)
	ws := NewWorkspace(m, 16, true)
	b := documents(c.VocabSize, 16)
	b.Tokens[5] = 97
	if err := m.Forward(ws, b); err == nil || !strings.Contains(err.Error(), "token 5 is 97") {
		t.Errorf("token outside of the vocabulary: %v", err)
	}
	b.Tokens[5] = 0
	targets := shifted(b)
	targets[3] = -2
	if _, err := m.Loss(ws, b, targets); err == nil || !strings.Contains(err.Error(), "target 3 is -2") {
		t.Errorf("target outside of the vocabulary: %v", err)
	}
	cache := m.NewCache(CacheBF16, 10)
	full := &Batch{Tokens: b.Tokens[:11], Spans: []Span{{Len: 11, Cache: cache}}}
	if err := m.Forward(ws, full); err == nil || cache.Len() != 0 {
		t.Errorf("full cache: %v, length %d", err, cache.Len())
	}
}

// TestNonFiniteWeights: a NaN is reported where it first shows, and a cache is
// as before.
func TestNonFiniteWeights(t *testing.T) {
	for _, value := range []float64{math.NaN(), math.Inf(1)} {
		c := small(t, Qwen3MoE)
		m := newModel(t, c)
		for _, p := range m.Params() {
			if p.Name == "model.layers.1.mlp.gate.weight" {
				p.Master[0] = float32(value)
			}
		}
		m.Sync()
		cache := m.NewCache(CacheBF16, 20)
		b := &Batch{Tokens: someTokens(20, c.VocabSize, 0), Spans: []Span{{Len: 20, Cache: cache}}}
		err := m.Forward(NewWorkspace(m, 20, false), b)
		if !errors.Is(err, ErrNonFinite) || !strings.Contains(err.Error(), "layer 1, token 0") || cache.Len() != 0 {
			t.Errorf("%v in a router: error %v, cache of %d", value, err, cache.Len())
		}
	}
	c := small(t, Llama)
	m := newModel(t, c)
	b := documents(c.VocabSize, 20)
	m.Params()[0].Master[int(b.Tokens[7])*c.HiddenSize] = float32(math.NaN())
	m.Sync()
	_, err := m.LossBackward(NewWorkspace(m, 20, true), b, shifted(b), nil, 1)
	if !errors.Is(err, ErrNonFinite) || !strings.Contains(err.Error(), "the loss of token") {
		t.Errorf("NaN in an embedding: %v", err)
	}
}
