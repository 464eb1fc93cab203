package infer

import (
	"slices"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

func TestEmbed(t *testing.T) {
	m := testModel(t)
	text := tokens(150)
	ws := model.NewWorkspace(m, len(text), false)
	if err := m.Forward(ws, &model.Batch{Tokens: text, Spans: []model.Span{{Len: len(text)}}}); err != nil {
		t.Fatal(err)
	}
	d := m.Config().HiddenSize
	want := make([]float64, d)
	norm := 0.0
	for i, h := range m.Hidden(ws) {
		want[i%d] += float64(h.Float32())
	}
	for _, v := range want {
		norm += v * v
	}
	var first []float32
	for _, chunk := range []int{7, 64, 256} {
		e := NewEngine(m, Options{Chunk: chunk})
		if _, _, err := ask(t.Context(), e, Request{Prompt: text[:100], MaxTokens: 3}); err != nil {
			t.Fatal(err)
		}
		got, err := e.Embed(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got {
			if d := float64(v)*float64(v)*norm - want[i]*want[i]; d > 1e-3*norm || d < -1e-3*norm {
				t.Errorf("chunk %d, dimension %d: %v", chunk, i, v)
			}
		}
		if first == nil {
			first = got
		}
		if !slices.Equal(got, first) {
			t.Errorf("chunk %d gives other bits", chunk)
		}
	}
}

// An embedding that gives up its memory in the middle begins again.
func TestEmbedPreempted(t *testing.T) {
	m := testModel(t)
	text := tokens(100)
	want, err := NewEngine(m, Options{}).Embed(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	e := NewEngine(m, Options{Chunk: 1, CacheBytes: 4 * model.BlockBytes(m.Config(), model.CacheBF16)})
	var got []float32
	var group sync.WaitGroup
	mask := &hook{call: func(n int) {
		if n != 1 {
			return
		}
		group.Go(func() {
			var err error
			if got, err = e.Embed(t.Context(), text); err != nil {
				t.Error(err)
			}
		})
		awaitWaiting(e, 1)
	}}
	_, err = e.Generate(t.Context(), Request{Prompt: tokens(60), MaxTokens: 90, Mask: mask}, nil)
	group.Wait()
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n got %v\nwant %v", err, got, want)
	}
	if s := e.Stats(); s.Preemptions == 0 {
		t.Errorf("nothing was preempted: %+v", s)
	}
}
