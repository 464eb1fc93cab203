package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestLookupCut: a file that is cut under its model is an error of the pass, for
// embeddings in bf16 and in blocks.
func TestLookupCut(t *testing.T) {
	for _, d := range []tensor.DType{tensor.DTypeBF16, tensor.DTypeQ8_0} {
		c := llamas(t)[Qwen3+" wide"]
		src, err := newModel(t, c).Weights()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "m.gguf")
		mustWriteGGUF(t, path, src, always(d))
		m := mustLoad(t, path, LoadOptions{})
		batch := documents(c.VocabSize, 30)
		ws := NewWorkspace(m, 30, false)
		if err := m.Forward(ws, batch); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 100); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := m.Forward(ws, batch); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), embedName) {
				t.Errorf("%s: %v", d, err)
			}
		}
	}
}
