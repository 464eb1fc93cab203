package corpus

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func verify(dir string) (*Verified, error) {
	return Verify(context.Background(), dir, func(float64) {})
}

// TestVerify damages every file of the chain, one after the other, and wants it
// named.
func TestVerify(t *testing.T) {
	f := newSmallFixture(t, t.TempDir())
	out := filepath.Join(f.dir, "out")
	text := strings.Replace(f.recipe(out), "  lines: {min_length: 30}\n", "  lines: {min_length: 30}\n  substrings: {min_words: 20}\n", 1)
	m := mustBuild(t, parse(t, text))
	v, err := verify(out)
	if err != nil {
		t.Fatal(err)
	}
	if v.Segments != m.Segments || v.Shards == 0 || v.Files < 4*m.Segments+5 {
		t.Errorf("%+v", v)
	}
	files := 0
	err = filepath.WalkDir(out, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || unchained(path) {
			return err
		}
		old, err := os.ReadFile(path)
		if err != nil || len(old) == 0 {
			return err
		}
		files++
		for _, change := range [][]byte{damaged(old), old[:len(old)/2]} {
			if err := os.WriteFile(path, change, 0o666); err != nil {
				return err
			}
			if _, err := verify(out); err == nil || !namesFile(err.Error(), path) {
				t.Errorf("%s is damaged: %v", path, err)
			}
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		if _, err := verify(out); err == nil {
			t.Errorf("%s is gone, and nobody says so", path)
		}
		return os.WriteFile(path, old, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 4*m.Segments {
		t.Errorf("only %d files were damaged", files)
	}
	if _, err := verify(out); err != nil {
		t.Errorf("with every file put back: %v", err)
	}
}

// unchained are files on which nothing is built.
func unchained(path string) bool {
	switch name := filepath.Base(path); {
	case strings.HasPrefix(name, "."), name == clustersPath("")[1:], name == censusFile, name == resultFile, strings.HasPrefix(name, "files-"):
		return true
	}
	dir := filepath.Base(filepath.Dir(path))
	return dir == censusStage || dir == tokenizerStage
}

// namesFile reports whether an error names the file, or one that tells of it.
func namesFile(text, path string) bool {
	return strings.Contains(text, path) || strings.Contains(text, filepath.Dir(path)) || filepath.Base(path) == ManifestName
}

// damaged changes a byte in the middle.
func damaged(data []byte) []byte {
	out := append([]byte{}, data...)
	out[len(out)/2] ^= 4
	return out
}
