package quickstart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/corpus"
)

// ErrNoSources is wrapped by the error that the Go toolchain's sources are not
// on this machine.
var ErrNoSources = errors.New("the Go toolchain's sources are not here")

// FindGoRoot returns the root of a Go toolchain with its sources: what the go
// command says, or one of the usual places.
func FindGoRoot(ctx context.Context) (string, error) {
	candidates := []string{os.Getenv("GOROOT"), askGo(ctx)}
	if runtime.GOOS == "windows" {
		candidates = append(candidates, `C:\Program Files\Go`)
	} else {
		candidates = append(candidates, "/usr/local/go", "/usr/lib/go", "/usr/lib/golang", "/opt/homebrew/opt/go/libexec")
	}
	for _, root := range candidates {
		if root == "" {
			continue
		}
		if info, err := os.Stat(filepath.Join(root, "src", "fmt", "print.go")); err == nil && info.Mode().IsRegular() {
			return root, nil
		}
	}
	return "", fmt.Errorf("%w (tried %s); install Go from https://go.dev/dl, or name a directory with your own text with --text DIR",
		ErrNoSources, strings.Join(slices.DeleteFunc(candidates, func(s string) bool { return s == "" }), ", "))
}

// askGo asks the go command for its root; empty where there is none.
func askGo(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// GoSource is the text of the Go toolchain: its own sources, with their doc
// comments, and its documents.
func GoSource(ctx context.Context) (*corpus.Source, error) {
	root, err := FindGoRoot(ctx)
	if err != nil {
		return nil, err
	}
	return goSource(root), nil
}

func goSource(root string) *corpus.Source {
	root = strings.TrimSuffix(filepath.ToSlash(root), "/")
	return &corpus.Source{
		Paths: []string{root + "/**/*.go", root + "/**/*.md", root + "/**/*.html"},
		// Test data is no text to learn from: broken programs, tables, foreign formats.
		Exclude: []string{"**/testdata", "api", "lib", "misc", "pkg", "test"},
	}
}
