package infer

import (
	"errors"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// A draft model that is the model itself guesses all tokens right, and reads
// each once.
func TestDraftOfItself(t *testing.T) {
	m := testModel(t)
	e := NewEngine(m, Options{Draft: m, Chunk: 1})
	for _, temperature := range []float32{0, 1} {
		r := Request{Prompt: tokens(90), MaxTokens: 57, Sampling: Sampling{Temperature: temperature, Seed: 4}}
		want, _, err := ask(t.Context(), NewEngine(m, Options{}), r)
		if err != nil {
			t.Fatal(err)
		}
		r.Mask = &hook{call: func(n int) {
			if d := e.drafter; n > 20 && d.workspace.MaxTokens()-d.left > 2 {
				t.Errorf("after %d tokens the draft model read %d again", n, d.workspace.MaxTokens()-d.left)
			}
		}}
		before := e.Stats().Steps
		got, _, err := ask(t.Context(), e, r)
		if err != nil || !got.equal(want) {
			t.Errorf("%v, %v", got, err)
		}
		// The draft model reads the prompt in 4 of the steps, a token in each.
		if s := idleStats(t, e); s.Drafted == 0 || s.Accepted != s.Drafted || s.Steps-before > 90+4+60/(guessLength+1)+2 {
			t.Errorf("temperature %v: %d steps, %+v", temperature, s.Steps-before, s)
		}
	}
}

// surprise is a Mask that allows one token only, at one place.
type surprise struct{ n, at int }

func (s *surprise) Accept(int32) { s.n++ }

func (s *surprise) Restrict(logits []float32) {
	for id := range logits {
		if s.n == s.at && id != 50 {
			logits[id] = negativeInfinity
		}
	}
}

// After a wrong guess the draft model goes on from what is right.
func TestDraftAfterWrongGuess(t *testing.T) {
	m := testModel(t)
	for at := range 2 * guessLength {
		e := NewEngine(m, Options{Draft: m})
		if _, _, err := ask(t.Context(), e, Request{Prompt: tokens(20), MaxTokens: 80, Mask: &surprise{at: at}}); err != nil {
			t.Fatal(err)
		}
		if s := idleStats(t, e); s.Accepted == 0 || s.Drafted-s.Accepted > guessLength {
			t.Errorf("%d of %d guesses were right", s.Accepted, s.Drafted)
		}
	}
}

// deadEnd is a Mask that allows nothing from one place on.
type deadEnd struct{ n, at int }

func (d *deadEnd) Accept(int32) { d.n++ }

func (d *deadEnd) Restrict(logits []float32) {
	if d.n >= d.at {
		forbid{}.Restrict(logits)
	}
}

// What was chosen before an error is there, also of the same step.
func TestDraftBeforeError(t *testing.T) {
	m := testModel(t)
	e := NewEngine(m, Options{Draft: m})
	for at := range 2 * guessLength {
		got, result, err := ask(t.Context(), e, Request{Prompt: tokens(20), MaxTokens: 80, Mask: &deadEnd{at: at}})
		if !errors.Is(err, ErrNoToken) || len(got.tokens) != at || result.CompletionTokens != at {
			t.Errorf("%d tokens of %d, %+v, %v", len(got.tokens), at, result, err)
		}
	}
}

// The draft model reads a long prompt a chunk in a step: nobody waits for it.
func TestDraftReadsInChunks(t *testing.T) {
	m := testModel(t)
	e := NewEngine(m, Options{Draft: m, Chunk: 30})
	mask := &hook{}
	mask.call = func(n int) {
		if n < 1 || n > 5 {
			return
		}
		s := e.running[0]
		if got, want := s.draft.Len(), min(30*n, 120+n); got != want && n < 5 || len(s.guessed) > 0 && n < 5 {
			t.Errorf("after %d tokens the draft model has read %d, not %d", n, got, want)
		}
	}
	if _, _, err := ask(t.Context(), e, Request{Prompt: tokens(120), MaxTokens: 20, Mask: mask}); err != nil {
		t.Fatal(err)
	}
	if s := idleStats(t, e); s.Drafted == 0 {
		t.Errorf("%+v", s)
	}
}

// A draft model that knows less, or fails, is no harm, and its memory goes.
func TestDraftFails(t *testing.T) {
	m := testModel(t)
	cfg := *m.Config()
	cfg.MaxPositions = 60
	small, err := model.New(&cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{Prompt: tokens(40), MaxTokens: 100, Sampling: Sampling{Temperature: 1}}
	want, _, err := ask(t.Context(), NewEngine(m, Options{}), r)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		draft    *model.Model
		sabotage func(*Engine)
		drafts   bool
	}{
		"window":    {small, func(*Engine) {}, true},
		"panic":     {m, func(e *Engine) { e.drafter.workspace = model.NewWorkspace(small, 50, false) }, false},
		"no number": {m, func(e *Engine) { e.drafter.vocabulary = 0 }, false},
	} {
		e := NewEngine(m, Options{Draft: c.draft})
		c.sabotage(e)
		q := r
		q.Mask = &hook{call: func(n int) {
			if s := e.running[0]; n > 50 && name != "no number" && s.draft != nil {
				t.Errorf("%s: a cache that is of no use is kept", name)
			}
		}}
		if got, _, err := ask(t.Context(), e, q); err != nil || !got.equal(want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if s := idleStats(t, e); (s.Drafted > 0) != c.drafts {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestLookUp(t *testing.T) {
	for _, c := range []struct{ tokens, want []int32 }{
		{[]int32{1, 2, 3, 1, 2}, []int32{3, 1, 2}},
		{[]int32{1, 2, 3, 9, 2, 4, 1, 2}, []int32{3, 9, 2, 4}},
		{[]int32{5, 2, 7, 8, 2, 9, 5, 2, 7, 3, 2, 7}, []int32{3, 2, 7}},       // the last time
		{[]int32{4, 5, 6, 7, 1, 5, 6, 7, 2, 4, 5, 6, 7}, []int32{1, 5, 6, 7}}, // the longest run
		{[]int32{1, 1, 1}, []int32{1}},                                        // runs may overlap
		{[]int32{1, 2}, nil},
		{[]int32{1}, nil},
		{nil, nil},
		{[]int32{1, 2, 1}, nil}, // too short
	} {
		if got := lookUp(c.tokens, 4); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.tokens, got, c.want)
		}
	}
	far := append([]int32{1, 2}, make([]int32, lookBack)...)
	if got := lookUp(append(far, 1, 2), 4); got != nil {
		t.Errorf("beyond the bound: %v", got)
	}
}
