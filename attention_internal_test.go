package polymath

import (
	"errors"
	"math"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
)

// TestGazeIsBounded: a prompt whose pass would take more memory than is planned is
// refused, and what is planned is what a pass can take.
func TestGazeIsBounded(t *testing.T) {
	cfg, err := model.Default(model.Qwen3)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize = 600, 64, 1, 8192
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 2, 2, 32
	v := vision.Default()
	v.ImageSize, v.PatchSize, v.HiddenSize, v.IntermediateSize, v.NumLayers, v.NumHeads = 8, 4, 16, 16, 1, 1
	cfg.Vision = &v
	planned := func(positions int) int64 {
		cfg.MaxPositions = positions
		held := roomBytes(1, heldBytes(positions, cfg.HiddenSize))
		return ImageBytes(cfg, 1) - 1 - held - maxSeers*model.VisionWorkspaceBytes(cfg, seerViews)
	}
	m := &Model{config: cfg, window: math.MaxInt}
	refused := false
	for n := 1 << 10; n <= 1<<17; n *= 2 {
		err := m.checkGaze(n)
		taken := model.WorkspaceBytes(cfg, n, false)
		if (err != nil) != (taken > maxGazeBytes) || err != nil && !errors.Is(err, ErrContextWindow) {
			t.Errorf("%d tokens, %d bytes: %v", n, taken, err)
		}
		if want := min(taken, maxGazeBytes); planned(n) != want {
			t.Errorf("%d tokens: %d bytes are planned of %d", n, planned(n), want)
		}
		refused = refused || err != nil
	}
	if !refused {
		t.Error("no length is refused")
	}
}
