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
		work := e.pass.workspace.Bytes() + int64(4*len(e.pass.logits))
		if s.NumBlocks != p.NumBlocks || s.BlockBytes != p.BlockBytes || e.Window() != p.Window || work != p.WorkBytes {
			t.Errorf("%+v: the engine has %+v, a window of %d and %d bytes of work; planned %+v", c.options, s, e.Window(), work, p)
		}
	}
}
