package quickstart

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/internal/goroot"
)

// GoSource is the text of the Go toolchain: its own sources, with their doc
// comments, and its documents.
func GoSource(ctx context.Context) (*corpus.Source, error) {
	root, err := findGo(ctx)
	if err != nil {
		return nil, err
	}
	return goSource(root), nil
}

func findGo(ctx context.Context) (string, error) {
	root, err := goroot.Find(ctx)
	if err != nil {
		return "", fmt.Errorf("%w, or name a directory with your own text with --text DIR", err)
	}
	return root, nil
}

func goSource(root string) *corpus.Source {
	root = strings.TrimSuffix(filepath.ToSlash(root), "/")
	return &corpus.Source{
		Paths: []string{root + "/**/*.go", root + "/**/*.md", root + "/**/*.html"},
		// Test data is no text to learn from: broken programs, tables, foreign formats.
		Exclude: []string{"**/testdata", "api", "lib", "misc", "pkg", "test"},
	}
}
