package quickstart

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/internal/cli/source"
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

// isGoText accepts the toolchain's sources and its documents. Test data is no
// text to learn from: broken programs, tables, foreign formats.
func isGoText(name string) bool {
	if strings.Contains("/"+name, "/testdata/") {
		return false
	}
	switch path.Ext(name) {
	case ".go":
		return strings.HasPrefix(name, "src/")
	case ".md", ".html":
		return strings.HasPrefix(name, "doc/") || strings.HasPrefix(name, "src/") || !strings.Contains(name, "/")
	}
	return false
}

// ReadGo reads up to limit bytes of the Go toolchain's own sources, with their
// doc comments, and its documents.
func ReadGo(ctx context.Context, limit int64) (*source.Source, error) {
	root, err := FindGoRoot(ctx)
	if err != nil {
		return nil, err
	}
	return source.Read(ctx, root, limit, isGoText)
}
