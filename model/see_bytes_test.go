package model

import (
	"runtime"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
)

// TestSightBytes: what is said before of memory and parameters is what they are.
func TestSightBytes(t *testing.T) {
	c := withTower(small(t, Qwen3MoE))
	m := newModel(t, c)
	n := int64(0)
	for _, p := range m.Params() {
		n += int64(p.Len())
	}
	total, active := c.Params()
	blind := *c
	blind.Vision = nil
	if _, want := blind.Params(); total != n || active != want {
		t.Errorf("Params() = %d, %d; there are %d, and the decoder has %d active", total, active, n, want)
	}
	if got, want := c.FLOPs(100), blind.FLOPs(100); got != want || c.ViewFLOPs() != c.Vision.FLOPs(c.HiddenSize) || blind.ViewFLOPs() != 0 {
		t.Errorf("%g operations a token and %g a view, of a decoder %g and %g", got, c.ViewFLOPs(), want, blind.ViewFLOPs())
	}
	allocated := func(do func()) int64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		do()
		runtime.ReadMemStats(&after)
		return int64(after.TotalAlloc - before.TotalAlloc)
	}
	const tokens = 3000
	for _, train := range []bool{false, true} {
		var ws *Workspace
		got := allocated(func() { ws = NewWorkspace(m, tokens, train) })
		if want := WorkspaceBytes(c, tokens, train); ws.Bytes() != want || got < want || got > want+want/50+1<<16 {
			t.Errorf("train %v: allocated %d, Bytes() %d, WorkspaceBytes %d", train, got, ws.Bytes(), want)
		}
		want := ModelBytes(c, train)
		shapes := build(c.clone())
		if got := allocated(func() { shapes.alloc(train) }); got < want || got > want+want/50+1<<16 {
			t.Errorf("train %v: allocated %d, ModelBytes %d", train, got, want)
		}
	}
	want := VisionWorkspaceBytes(c, 40)
	if got := allocated(func() { m.NewVisionWorkspace(40) }); got < want || got > want+want/20+1<<16 {
		t.Errorf("allocated %d to see, VisionWorkspaceBytes %d", got, want)
	}
	// Without train what the tower takes waits for the first picture.
	b := illustrated(c, pictures...)
	ws := NewWorkspace(m, len(b.Tokens), false)
	before := ws.Bytes()
	allLogits(t, m, ws, b)
	if got, want := ws.Bytes()-before, VisionWorkspaceBytes(c, 6); got < want {
		t.Errorf("%d bytes more after a picture; the tower takes %d", got, want)
	}
	before = ws.Bytes()
	if allLogits(t, m, ws, b); ws.Bytes() != before {
		t.Errorf("%d bytes more after the same pictures", ws.Bytes()-before)
	}
}

// TestSightNoAllocation: passes with pictures allocate nothing once they have run.
func TestSightNoAllocation(t *testing.T) {
	defer par.SetThreads(0)
	par.SetThreads(2)
	m := seeing(t, Qwen3MoE)
	b := illustrated(m.Config(), pictures...)
	targets := shifted(b)
	ws, fixed := NewWorkspace(m, len(b.Tokens), true), NewWorkspace(m, len(b.Tokens), false)
	seen := &Batch{Tokens: b.Tokens, Spans: b.Spans, Features: sees(t, m, b)}
	eyes := m.NewVisionWorkspace(6)
	for name, pass := range map[string]func() error{
		"LossBackward": func() error { _, err := m.LossBackward(ws, b, targets, nil, 1); return err },
		"patches":      func() error { return m.Forward(fixed, b) },
		"features":     func() error { return m.Forward(fixed, seen) },
		"See":          func() error { return m.See(eyes, seen.Features, b.Patches) },
	} {
		run := func() {
			if err := pass(); err != nil {
				t.Fatal(name, err)
			}
		}
		run()
		if n := testing.AllocsPerRun(5, run); n > 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

// TestSightWithin: a plan counts the tower, all of which is in memory.
func TestSightWithin(t *testing.T) {
	c := withTower(small(t, Qwen3MoE))
	least := func(c *Config) (least, all int64) {
		t.Helper()
		dir := t.TempDir()
		if err := newModel(t, c).Save(dir, Provenance{}, nil); err != nil {
			t.Fatal(err)
		}
		plan, err := PlanWeights(dir, 1<<40)
		if err != nil {
			t.Fatal(err)
		}
		return plan.Least, plan.All
	}
	least1, all1 := least(c)
	blind := *c
	blind.Vision = nil
	least2, all2 := least(&blind)
	want := int64(0)
	m := build(c.clone())
	for _, p := range m.params[m.decoder:] {
		want += p.SizeBytes(false)
	}
	if least1-least2 != want || all1-all2 != want {
		t.Errorf("a tower of %d bytes takes %d of the least budget and %d of all", want, least1-least2, all1-all2)
	}
}

// TestConfigIsCopied: what a caller does to a Config later is nothing to the model.
func TestConfigIsCopied(t *testing.T) {
	c := withTower(small(t, Qwen3MoE))
	m := newModel(t, c)
	c.Vision.ImageTokenID, c.NumLayers = 9, 1
	if got := m.Config(); got.Vision.ImageTokenID != 5 || got.NumLayers != 2 {
		t.Errorf("%+v", got)
	}
}
