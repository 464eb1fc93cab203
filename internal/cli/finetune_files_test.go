package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/train"
)

// TestDrawnFiles: the files of drawn pictures are found in a directory whose name looks
// like a pattern.
func TestDrawnFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "drawn[1]")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "train-00000.jsonl")
	for _, path := range []string{filepath.Join(dir, draw.ManifestName), file} {
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := (train.Files{drawnFiles(dir)}).Expand(); err != nil || !slices.Equal(got, []string{file}) {
		t.Errorf("%q, %v", got, err)
	}
	if got := drawnFiles(filepath.Dir(file) + "/none"); got != dir+"/none" {
		t.Errorf("%s: what is no such directory is taken as it is", got)
	}
}
