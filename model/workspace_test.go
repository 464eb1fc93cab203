package model

import (
	"runtime"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
)

// TestWorkspaceBytes: the size known before is what the allocation takes.
func TestWorkspaceBytes(t *testing.T) {
	for _, train := range []bool{false, true} {
		c := small(t, Qwen3MoE)
		c.SharedExpertSize, c.MLPOnlyLayers = 8, []int{1}
		m := newModel(t, c)
		const tokens = 3000
		want := WorkspaceBytes(c, tokens, train)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ws := NewWorkspace(m, tokens, train)
		runtime.ReadMemStats(&after)
		got := int64(after.TotalAlloc - before.TotalAlloc)
		// The headers of slices come on top, some bytes for each block.
		if ws.Bytes() != want || got < want || got > want+want/100+1<<16 {
			t.Errorf("train %v: allocated %d, Bytes() %d, WorkspaceBytes %d", train, got, ws.Bytes(), want)
		}
	}
}

// TestWorkspaceOfGeneration: without a loss no chunk of logits is allocated.
func TestWorkspaceOfGeneration(t *testing.T) {
	c := small(t, Qwen3)
	before := WorkspaceBytes(c, 64, false)
	c.VocabSize *= 100
	if after := WorkspaceBytes(c, 64, false); after != before {
		t.Errorf("%d bytes for a small vocabulary, %d for a large one", before, after)
	}
	c.VocabSize /= 100
	m := newModel(t, c)
	b := documents(c.VocabSize, 40, 24)
	ws, training := NewWorkspace(m, 64, false), NewWorkspace(m, 64, true)
	got, err := m.Loss(ws, b, shifted(b))
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Loss(training, b, shifted(b))
	if err != nil || got.Loss != want.Loss {
		t.Errorf("loss %v, with a workspace for training %v (%v)", got.Loss, want.Loss, err)
	}
	if ws.Bytes() <= before {
		t.Errorf("Bytes() = %d after a loss, %d before", ws.Bytes(), before)
	}
}

func TestModelBytes(t *testing.T) {
	for _, train := range []bool{false, true} {
		c := target()
		c.NumLayers = 1
		want := ModelBytes(c, train)
		m := build(c)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m.alloc(train)
		runtime.ReadMemStats(&after)
		if got := int64(after.TotalAlloc - before.TotalAlloc); got < want || got > want+want/100 {
			t.Errorf("train %v: allocated %d, ModelBytes %d", train, got, want)
		}
	}
}

// TestNoAllocation: passes allocate nothing once they have run.
func TestNoAllocation(t *testing.T) {
	defer par.SetThreads(0)
	par.SetThreads(2)
	c := small(t, Qwen3MoE)
	c.SharedExpertSize = 8
	m := newModel(t, c)
	b := documents(c.VocabSize, 150, 33)
	ws := NewWorkspace(m, len(b.Tokens), true)
	targets := shifted(b)
	check := func(name string, pass func()) {
		t.Helper()
		pass()
		if n := testing.AllocsPerRun(5, pass); n > 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
	check("LossBackward", func() {
		if _, err := m.LossBackward(ws, b, targets, nil, 1); err != nil {
			t.Fatal(err)
		}
	})
	check("Loss", func() {
		if _, err := m.Loss(ws, b, targets); err != nil {
			t.Fatal(err)
		}
	})
	cache := m.NewCache(CacheBF16, 64)
	logits, rows := make([]float32, c.VocabSize), []int32{0}
	token := &Batch{Tokens: []int32{3}, Spans: []Span{{Len: 1, Cache: cache}}}
	check("decode", func() {
		token.Spans[0].Pos = cache.Len()
		if err := m.Forward(ws, token); err != nil {
			t.Fatal(err)
		}
		m.Logits(ws, rows, logits)
	})
}
