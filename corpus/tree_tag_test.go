package corpus

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTreeTag: a source tree that was touched between a stop and the next build
// is another one; what Git does in it is nothing.
func TestTreeTag(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tag := func() string {
		t.Helper()
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(root, link); err != nil {
			t.Skip("no links here")
		}
		direct, err := treeTag(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		if linked, err := treeTag(t.Context(), link); err != nil || linked != direct {
			t.Errorf("through a link: %s, %v; want %s", linked, err, direct)
		}
		return direct
	}
	write("a/main.go", "package main\n")
	first := tag()
	write(".git/index", "new")
	if got := tag(); got != first {
		t.Error("what Git keeps for itself changed the tag")
	}
	write("a/main.go", "package other\n")
	second := tag()
	if second == first {
		t.Error("another size, the same tag")
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(root, "a/main.go"), later, later); err != nil {
		t.Fatal(err)
	}
	if tag() == second {
		t.Error("another time, the same tag")
	}
	if _, err := treeTag(t.Context(), filepath.Join(root, "none")); err == nil {
		t.Error("a tree that is not there: no error")
	}
}
