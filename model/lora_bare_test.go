package model

import (
	"errors"
	"slices"
	"testing"
)

// TestBare: between passes of a model with an adapter, those of its base have the bits
// that they had without one, after an error and a panic too.
func TestBare(t *testing.T) {
	m := newModel(t, small(t, Qwen3MoE))
	b := documents(m.cfg.VocabSize, 60, 1, 42)
	targets := shifted(b)
	measure := func(train bool) []float32 {
		ws := NewWorkspace(m, len(targets), train)
		if err := m.Forward(ws, b); err != nil {
			t.Fatal(err)
		}
		dst := make([]float32, len(targets))
		m.LogProbs(ws, targets, dst)
		return dst
	}
	base := measure(false)
	m = adapted(t, m, everyTarget)
	with := measure(true)
	if slices.Equal(base, with) {
		t.Fatal("the adapter does nothing")
	}
	broken := errors.New("broken")
	for _, fails := range []bool{false, true} {
		err := m.Bare(func() error {
			if !slices.Equal(measure(true), base) {
				t.Error("the bare model is not its base")
			}
			if fails {
				return broken
			}
			return nil
		})
		if fails != (err == broken) {
			t.Errorf("error %v", err)
		}
	}
	func() {
		defer func() { _ = recover() }()
		_ = m.Bare(func() error { panic("a bug") })
	}()
	if !slices.Equal(measure(true), with) {
		t.Error("the adapter is gone")
	}
}
