package infer

import (
	"slices"
	"sync"
	"testing"
)

// faulty is a Mask with a bug.
type faulty struct{}

func (faulty) Restrict([]float32) { panic("a bug") }
func (faulty) Accept(int32)       {}

// TestFaultIsolation: what goes wrong with one request is its own.
func TestFaultIsolation(t *testing.T) {
	m := testModel(t)
	const poison = 96
	d := m.Config().HiddenSize
	for i := range d {
		m.Params()[0].Master[poison*d+i] = 0 // a token whose embedding is not finite
	}
	m.Params()[0].Master[poison*d] = float32(negativeInfinity)
	m.Sync()
	e := NewEngine(m, Options{})
	r := Request{Prompt: tokens(40), MaxTokens: 30, Sampling: Sampling{Bias: map[int32]float32{poison: -1000}}}
	r.Prompt = slices.DeleteFunc(r.Prompt, func(id int32) bool { return id == poison })
	want, _, err := ask(t.Context(), e, r)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			q := r
			switch i % 3 {
			case 0:
				q.Mask = faulty{}
			case 1:
				q.Prompt = append(slices.Clone(r.Prompt), poison)
			}
			got, _, err := ask(t.Context(), e, q)
			if i%3 == 2 && (err != nil || !got.equal(want)) || i%3 != 2 && err == nil {
				t.Errorf("request %d: %v, %v", i, got, err)
			}
		})
	}
	group.Wait()
}
