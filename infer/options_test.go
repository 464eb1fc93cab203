package infer

import (
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// TestFootprint: what is planned is what the engine takes, and the default has room
// for a batch of full windows, within bounds.
func TestFootprint(t *testing.T) {
	m := testModel(t)
	cfg := m.Config()
	window := model.CacheBytes(cfg, model.CacheBF16, testWindow)
	for _, c := range []struct {
		options Options
		bytes   int64
		window  int
	}{
		{Options{}, 32 * window, testWindow},
		{Options{MaxBatch: 2}, 4 * window, testWindow},
		{Options{MaxBatch: 1 << 14}, 1 << 30 / (window / 3) * (window / 3), testWindow},
		{Options{CacheBytes: 1}, window / 3, 64},
		{Options{CacheBytes: window, Window: 70}, window, 70},
	} {
		p := FootprintOf(cfg, c.options)
		if p.CacheBytes() != c.bytes || p.Window != c.window {
			t.Errorf("%+v: %d bytes and a window of %d, want %d and %d", c.options, p.CacheBytes(), p.Window, c.bytes, c.window)
		}
		if c.options.MaxBatch > 1000 {
			continue
		}
		e := NewEngine(m, c.options)
		s := e.Stats()
		work := e.pass.workspace.Bytes() + int64(4*len(e.pass.logits)) + model.RopeBytes(cfg, p.Window)
		if s.NumBlocks != p.NumBlocks || s.BlockBytes != p.BlockBytes || e.Window() != p.Window || work != p.WorkBytes {
			t.Errorf("%+v: the engine has %+v, a window of %d and %d bytes of work; planned %+v", c.options, s, e.Window(), work, p)
		}
	}
}

// TestLongWindow: the default for a window of 131,072 tokens in the shape of an 8
// billion parameter Llama, of which a token's keys and values take 128 KiB.
func TestLongWindow(t *testing.T) {
	cfg, err := model.Default(model.Llama)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize = 128256, 4096, 32, 14336
	cfg.NumHeads, cfg.NumKVHeads, cfg.MaxPositions = 32, 8, 131072
	const window = 16 << 30
	f := FootprintOf(cfg, Options{})
	if f.Window != 131072 || f.WindowBytes() != window || f.CacheBytes() != 4*window || f.WorkBytes > 1<<30 {
		t.Errorf("%+v", f)
	}
	int8s := FootprintOf(cfg, Options{Int8: true}).WindowBytes()
	for _, c := range []struct {
		options Options
		room    int64
		want    int64
	}{
		{Options{}, 4 * window, 0},
		{Options{}, 4*window - 1, 3 * window},
		{Options{}, 2*window - 1, window},
		{Options{}, 0, window},
		{Options{}, -1, window},
		{Options{Int8: true}, window, window / int8s * int8s},
		{Options{Window: 1000}, 0, 16 * 64 * 128 << 10},
		{Options{CacheBytes: 5}, 0, 5},
	} {
		if got := CacheWithin(cfg, c.options, c.room); got != c.want {
			t.Errorf("%+v in %d bytes: %d, want %d", c.options, c.room, got, c.want)
		}
	}
	if int8s > window*6/10 {
		t.Errorf("a window in 8 bits takes %d bytes", int8s)
	}
}
