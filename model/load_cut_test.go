//go:build unix

package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLoadCut: a file that somebody cuts while it is loaded is an error of the
// load, and not the end of the program.
func TestLoadCut(t *testing.T) {
	for _, trainable := range []bool{false, true} {
		c := small(t, Qwen3MoE)
		c.VocabSize = 4096 // some pages, so that the cut leaves whole ones out
		dir := t.TempDir()
		if err := newModel(t, c).Save(dir, Provenance{}, nil); err != nil {
			t.Fatal(err)
		}
		w, err := OpenWeights(dir)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, weightsName)
		if err := os.Truncate(path, 8192); err != nil {
			t.Fatal(err)
		}
		_, err = LoadWeights(w, LoadOptions{Trainable: trainable})
		if err == nil || !strings.Contains(err.Error(), "was cut") || !strings.Contains(err.Error(), dir) {
			t.Errorf("trainable %v: %v", trainable, err)
		}
	}
}
