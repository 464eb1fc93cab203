package infer

import (
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// stripes is a Mask with a state: after token a, it allows those that are
// a+1 or a+2 modulo 5, and 96.
type stripes struct{ last int32 }

func (s *stripes) Accept(id int32) { s.last = id }

func (s *stripes) Restrict(logits []float32) {
	for id := range logits {
		if d := (int32(id) - s.last + 100) % 5; d != 1 && d != 2 && id != 96 {
			logits[id] = negativeInfinity
		}
	}
}

// oracle writes r's answer with the training pass over all tokens so far, for
// each token anew.
func oracle(t *testing.T, m *model.Model, r Request, window int) answer {
	t.Helper()
	sampler, err := NewSampler(r.Sampling)
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	text := slices.Clone(r.Prompt)
	for len(text) < window && (r.MaxTokens == 0 || len(a.tokens) < r.MaxTokens) {
		all := forwardLogits(t, m, text)
		raw := all[len(all)-1]
		logits := slices.Clone(raw)
		if r.Mask != nil {
			r.Mask.Restrict(logits)
		}
		id := sampler.Sample(logits, r.Choice, len(text))
		if r.Mask != nil {
			r.Mask.Accept(id)
		}
		if slices.Contains(r.End, id) {
			a.finish = FinishEnd
			return a
		}
		own, top := Logprobs(raw, id, r.TopLogprobs)
		a.tokens = append(a.tokens, Token{ID: id, Position: len(text), Logprob: own.Logprob, Top: top, Greedy: Greedy(raw) == id})
		text = append(text, id)
	}
	a.finish = FinishLength
	return a
}

// TestEdges holds answers at the edges against the training pass: one token, a
// full window, an end token first, masks and log-probabilities with guesses.
func TestEdges(t *testing.T) {
	m := testModel(t)
	const window = 130
	begin := []int32{1, 2, 3, 4, 5, 6, 2, 3, 4, 5, 6, 2, 3}
	first := oracle(t, m, Request{Prompt: begin, MaxTokens: 1}, window).tokens[0].ID
	cold := Sampling{Temperature: 0.3, Seed: 2}
	requests := map[string]struct {
		r    Request
		mask bool
	}{
		"one token":          {Request{Prompt: begin, MaxTokens: 1}, false},
		"one token, masked":  {Request{Prompt: begin, MaxTokens: 1, Sampling: cold}, true},
		"one place":          {Request{Prompt: tokens(window - 1)}, false},
		"two places":         {Request{Prompt: tokens(window - 2)}, false},
		"a block's end":      {Request{Prompt: tokens(64), MaxTokens: 64}, false},
		"before a block":     {Request{Prompt: tokens(63), MaxTokens: 2}, false},
		"the window":         {Request{Prompt: tokens(90)}, false},
		"the window, masked": {Request{Prompt: tokens(90)}, true},
		"end first":          {Request{Prompt: begin, End: []int32{first}}, false},
		"any end":            {Request{Prompt: begin, End: []int32{96}, Sampling: cold}, true},
		"masked":             {Request{Prompt: begin, MaxTokens: 60}, true},
		"masked, sampled":    {Request{Prompt: begin, MaxTokens: 60, Sampling: cold}, true},
		"log-probabilities":  {Request{Prompt: begin, MaxTokens: 60, TopLogprobs: 5}, false},
	}
	accepted := uint64(0)
	for name, c := range requests {
		c.r.Logprobs = true
		fresh := func() Request {
			if r := c.r; c.mask {
				r.Mask = &stripes{}
				return r
			}
			return c.r
		}
		want := oracle(t, m, fresh(), window)
		for i, o := range []Options{{}, {Lookup: true}, {Draft: m}, {Draft: m, Lookup: true, Chunk: 64, CacheBytes: 3 * model.BlockBytes(m.Config(), model.CacheBF16)}} {
			o.Window = window
			e := NewEngine(m, o)
			for range 2 {
				got, result, err := ask(t.Context(), e, fresh())
				if err != nil || !got.equal(want) {
					t.Errorf("%s, options %d: %v\n got %v\nwant %v", name, i, err, got, want)
				}
				if (result.FirstTokenTime > 0) != (len(want.tokens) > 0) {
					t.Errorf("%s: %+v", name, result)
				}
			}
			s := idleStats(t, e)
			accepted += s.Accepted
			if i == 1 && name == "masked" && s.Accepted == 0 {
				t.Errorf("%s: no guess was right: %+v", name, s)
			}
			if s.UsedBlocks != 0 || s.Accepted > s.Drafted {
				t.Errorf("%s, options %d: %+v", name, i, s)
			}
			e.Close()
		}
	}
	if accepted == 0 {
		t.Error("no guess was right")
	}
}

// TestEndAtBlock: a completion may end where a block would have been whole with
// the end token, which was guessed and read.
func TestEndAtBlock(t *testing.T) {
	m := testModel(t)
	for seed := range uint64(8) {
		r := Request{Prompt: tokens(45), MaxTokens: 30, Logprobs: true, Sampling: Sampling{Temperature: 1, Seed: seed}}
		whole := oracle(t, m, r, testWindow)
		r.End = []int32{whole.tokens[model.BlockTokens-1-len(r.Prompt)].ID}
		want := answer{tokens: whole.tokens[:slices.Index(ids(whole.tokens), r.End[0])], finish: FinishEnd}
		e := NewEngine(m, Options{Draft: m})
		for range 2 {
			if got, _, err := ask(t.Context(), e, r); err != nil || !got.equal(want) {
				t.Errorf("%v\n got %v\nwant %v", err, got, want)
			}
		}
		idleStats(t, e)
		for kept := e.pool.tree.kept.Front(); kept != nil; kept = kept.Next() {
			if n := kept.Value.(*node); len(n.keys) != len(r.Prompt)+len(want.tokens) {
				t.Errorf("a block of %d tokens is kept", len(n.keys))
			}
		}
	}
}
