package model

import (
	"math"
	"testing"

	"github.com/polymath-lm/polymath/internal/par"
)

// TestInit: the weights have the deviations that the names ask for, do not
// depend on threads, and differ between seeds and tensors.
func TestInit(t *testing.T) {
	defer par.SetThreads(0)
	c := target()
	c.NumLayers, c.VocabSize, c.NumExperts = 2, 512, 4
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	par.SetThreads(3)
	again, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	other, err := New(c, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range m.Params() {
		mustEqual(t, p.Name, again.Params()[i].Master, p.Master)
		if p.InitStd == 0 {
			for _, v := range p.Master {
				if v != 1 {
					t.Fatalf("%s holds %v", p.Name, v)
				}
			}
			continue
		}
		mean, square := 0.0, 0.0
		for _, v := range p.Master {
			mean += float64(v)
			square += float64(v) * float64(v)
		}
		n := float64(p.Len())
		std := math.Sqrt(square / n)
		if math.Abs(mean/n) > 5*p.InitStd/math.Sqrt(n) || math.Abs(std/p.InitStd-1) > 5/math.Sqrt(2*n) {
			t.Errorf("%s: mean %.3g, deviation %.5g, want 0 and %.5g", p.Name, mean/n, std, p.InitStd)
		}
		if o := other.Params()[i].Master; o[0] == p.Master[0] && o[1] == p.Master[1] {
			t.Errorf("%s is the same for another seed", p.Name)
		}
	}
	first, second := m.layers[0].moe.GateUp.Master, m.layers[1].moe.GateUp.Master
	if first[0] == second[0] && first[1] == second[1] {
		t.Error("two layers have the same weights")
	}
	if got, want := m.layers[0].moe.Down.InitStd, 0.02/2; got != want {
		t.Errorf("deviation of an output product is %v, want %v", got, want)
	}
}

// TestNewFixed: the weights are those of New, and nothing else is there.
func TestNewFixed(t *testing.T) {
	c := small(t, Qwen3MoE)
	trained, err := New(c, 5)
	if err != nil {
		t.Fatal(err)
	}
	fixed, err := NewFixed(c, 5)
	if err != nil {
		t.Fatal(err)
	}
	batch := documents(c.VocabSize, 30)
	want := allLogits(t, trained, NewWorkspace(trained, 30, false), batch)
	mustEqual(t, "logits", allLogits(t, fixed, NewWorkspace(fixed, 30, false), batch), want)
	for _, p := range fixed.Params() {
		if p.Master != nil || p.Grad != nil || p.WT != nil {
			t.Errorf("%s holds what only training needs", p.Name)
		}
	}
	c.NumHeads = -1
	if _, err := NewFixed(c, 5); err == nil {
		t.Error("an impossible shape was taken")
	}
}
