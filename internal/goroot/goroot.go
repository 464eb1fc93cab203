// Package goroot finds the sources of the Go toolchain, the text that everybody
// with Go has: the quick start learns from them, and an examination asks about them.
package goroot

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
)

// ErrNoSources is wrapped by the error that the Go toolchain's sources are not
// on this machine.
var ErrNoSources = errors.New("the Go toolchain's sources are not here")

// Find returns the root of a Go toolchain with its sources: what GOROOT says, what
// the go command says, or one of the usual places. The error names what was tried.
func Find(ctx context.Context) (string, error) {
	candidates := []string{os.Getenv("GOROOT"), ask(ctx)}
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
	return "", fmt.Errorf("%w (tried %s); install Go from https://go.dev/dl",
		ErrNoSources, strings.Join(slices.DeleteFunc(candidates, func(s string) bool { return s == "" }), ", "))
}

// ask asks the go command for its root; empty where there is none.
func ask(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
