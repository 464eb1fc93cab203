package code

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTreeTag: a source tree that was touched between a stop and the next build
// is another one; what Git does in it is nothing, nor is what lies in a directory
// that is left out.
func TestTreeTag(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := TreeOptions{Without: []string{filepath.Join(root, "a", "out")}}
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
		direct, err := TreeTag(t.Context(), root, o)
		if err != nil {
			t.Fatal(err)
		}
		if linked, err := TreeTag(t.Context(), link, o); err != nil || linked != direct {
			t.Errorf("through a link: %s, %v; want %s", linked, err, direct)
		}
		return direct
	}
	write("a/main.go", "package main\n")
	write(".gitignore", "*.pyc\ncache/\n")
	write("cache/a", "1")
	first := tag()
	write(".git/index", "new")
	if got := tag(); got != first {
		t.Error("what Git keeps for itself changed the tag")
	}
	write("cache/a", "12")
	write("cache/b", "1")
	write("a/out/made", "1")
	if got := tag(); got != first {
		t.Error("what is ignored or left out changed the tag")
	}
	write("a/b.pyc", "1") // takes a place among the results
	if got := tag(); got == first {
		t.Error("another file that is left out, the same tag")
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
	if _, err := TreeTag(t.Context(), filepath.Join(root, "none"), o); err == nil {
		t.Error("a tree that is not there: no error")
	}
}
