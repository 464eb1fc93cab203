package cli

import (
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/model"
)

// TestEvalCache: keys and values take what the engine would, unless there is not so much
// memory beside the weights; too little for a window is told with the numbers.
func TestEvalCache(t *testing.T) {
	cfg, err := model.Default(model.Qwen3)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 1000, 1024, 16, 8, 8, 128
	cfg.MaxPositions = 131072 // 64 KiB a token: 8 GiB a window
	usual := infer.FootprintOf(cfg, infer.Options{})
	for _, c := range []struct {
		weights, available, least, most int64
		said                            string
	}{
		{1 << 30, 0, 0, 0, ""}, // not known
		{1 << 30, 1 << 40, 0, 0, ""},
		{1 << 30, 24 << 30, 18 << 30, 21 << 30, ""},
		{1 << 30, 6 << 30, 4 << 30, 9 << 29, "window of 131072 tokens take 8.0 GiB"},
		{8 << 30, 6 << 30, usual.BlockBytes, usual.BlockBytes, "of more than 64 tokens"},
	} {
		got := evalCache(cfg, false, c.weights, c.available)
		if got < c.least || got > c.most {
			t.Errorf("%+v: %d", c, got)
		}
		if half := evalCache(cfg, true, c.weights, c.available); half > got {
			t.Errorf("%+v: %d in 8 bits", c, half)
		}
		var out strings.Builder
		if tellCache(&out, cfg, false, got); !strings.Contains(out.String(), c.said) || (c.said == "") != (out.Len() == 0) {
			t.Errorf("%+v: %s", c, &out)
		}
	}
}
