package infer

import (
	"slices"
	"sync"
	"testing"
)

// TestShortPromptBehindLongOne: a short prompt that comes while a long one is
// read is not kept waiting, and the long one gets on.
func TestShortPromptBehindLongOne(t *testing.T) {
	e := NewEngine(testModel(t), Options{Chunk: 4})
	var group sync.WaitGroup
	var order []string
	send := func(name string, prompt []int32) {
		mask := &hook{call: func(n int) {
			if n == 0 {
				order = append(order, name)
			}
		}}
		group.Go(func() {
			if _, err := e.Generate(t.Context(), Request{Prompt: prompt, MaxTokens: 2, Mask: mask}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	control := &hook{call: func(n int) {
		switch {
		case n == 1:
			send("long", tokens(140))
			awaitWaiting(e, 1)
			send("longer", tokens(141)[1:])
			awaitWaiting(e, 2)
		case n >= 3 && n%5 == 0 && n < 60: // more and more short ones
			send("short", []int32{int32(n), 1, 2, 3, 4, 5})
			awaitWaiting(e, 1)
		}
		if n == 20 && !slices.Equal(order, []string{"short", "short", "short"}) {
			t.Errorf("after 20 steps %v", order)
		}
		if n == 75 && !slices.Contains(order, "long") {
			t.Errorf("after 75 steps %v", order)
		}
	}}
	if _, err := e.Generate(t.Context(), Request{Prompt: []int32{1}, MaxTokens: 140, Mask: control}, nil); err != nil {
		t.Error(err)
	}
	group.Wait()
}

// The chunk is used up as long as there is something to read.
func TestShare(t *testing.T) {
	e := NewEngine(testModel(t), Options{Chunk: 10})
	for _, c := range []struct{ pending, want []int }{
		{[]int{100}, []int{10}},
		{[]int{1, 100, 1}, []int{1, 10, 1}},
		{[]int{100, 100}, []int{10, 0}},
		{[]int{100, 90}, []int{5, 5}},
		{[]int{100, 90, 3}, []int{7, 0, 3}},
		{[]int{3, 90, 100}, []int{3, 7, 0}},
		{[]int{4, 2, 2, 2, 2}, []int{4, 2, 2, 2, 0}},
		{[]int{1, 1}, []int{1, 1}},
	} {
		e.running = nil
		for _, n := range c.pending {
			e.running = append(e.running, &sequence{tokens: tokens(n), cache: e.model.NewCache(e.pool.kind, n)})
		}
		e.share()
		for i, s := range e.running {
			if s.take != c.want[i] {
				t.Errorf("%v: sequence %d takes %d, not %d", c.pending, i, s.take, c.want[i])
			}
		}
	}
	e.running = nil
}
