package goroot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "src", "fmt", "print.go")
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("package fmt\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOROOT", root)
	got, err := Find(t.Context())
	if err != nil || got != root {
		t.Errorf("Find() = %q, %v, want %q", got, err, root)
	}
}

func TestFindSaysWhatToDo(t *testing.T) {
	empty := t.TempDir()
	t.Setenv("GOROOT", empty)
	t.Setenv("PATH", empty)
	_, err := Find(t.Context())
	if err == nil {
		t.Skip("Go is in one of the usual places")
	}
	if !errors.Is(err, ErrNoSources) || !strings.Contains(err.Error(), empty) || !strings.Contains(err.Error(), "go.dev/dl") {
		t.Errorf("the error is %q", err)
	}
}
