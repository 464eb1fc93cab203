package corpus

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/source"
)

// TestUnreadableGoesOn: a file that was read in part and can no longer be read was not
// changed, as far as anybody knows.
func TestUnreadableGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(path, []byte("a text"), 0o666); err != nil {
		t.Fatal(err)
	}
	src := &openSource{spec: &Source{Name: "text"}, files: []source.File{{Path: path, Name: "a.txt", Size: 6}}}
	old, err := src.newInput(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	read := func() error {
		f := &feeder{sources: []*openSource{src}, segment: 1 << 20, emit: func(*batch) error { return nil }}
		return f.feed(t.Context(), 0, Place{}, old)
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("a test"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := read(); err == nil || !strings.Contains(err.Error(), "was changed since") {
		t.Errorf("another text: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := read(); !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "was changed since") {
		t.Errorf("no file: %v", err)
	}
}
